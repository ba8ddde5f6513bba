// The connection of two browsers, by "perfect negotiation": either side may
// change what it sends at any time, and when both do at once the polite one gives way.
const DESCRIPTION = 25;
const CANDIDATE = 26;
const FRESH = 8 * 60000; // the relay's credentials are good for 10 minutes
const PATIENCE = 2000; // a way that is lost for longer is looked for anew

export class Peer {
  /**
   * @param {{polite: boolean, config: (again: boolean) => Promise<{iceServers: RTCIceServer[], policy?: string}>,
   *   send: (cmd: number, ext: any, content: string) => void, onstate: (state: string) => void, onstream: (s: MediaStream) => void}} o
   */
  constructor(o) {
    Object.assign(this, o);
    this.tracks = { audio: null, video: null };
    this.stream = new MediaStream();
    this.making = false;
    this.ignoring = false;
    this.offered = !this.polite; // the polite side waits for the first offer and answers with what it has
    this.queue = new Promise((resolve) => { this.begin = resolve; });
  }

  /** Starts; what came in before has waited. */
  async open() {
    const { iceServers = [], policy } = await this.config(false);
    if (this.closed) return;
    this.configuredAt = Date.now();
    const pc = new RTCPeerConnection({ iceServers, iceTransportPolicy: policy === 'relay' ? 'relay' : 'all' });
    this.pc = pc;
    pc.onnegotiationneeded = () => this.offer();
    pc.onicecandidate = ({ candidate }) => candidate && this.send(CANDIDATE, {}, JSON.stringify(candidate));
    pc.onconnectionstatechange = () => {
      this.onstate(pc.connectionState);
      clearTimeout(this.timer);
      if (pc.connectionState === 'failed') this.renew();
      if (pc.connectionState === 'disconnected') this.timer = setTimeout(() => this.renew(), PATIENCE);
    };
    pc.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      this.onstream(this.stream);
    };
    if (this.offered) await this.place();
    this.begin();
  }

  /** What this side sends of a kind from now on; null for nothing. */
  async set(kind, track) {
    this.tracks[kind] = track;
    if (this.pc && this.offered) await this.place();
  }

  async place() {
    for (const [kind, track] of Object.entries(this.tracks)) {
      const line = this.pc.getTransceivers().find((x) => x.receiver.track.kind === kind && x.direction !== 'stopped');
      if (line) {
        await line.sender.replaceTrack(track);
        if (track && line.direction === 'recvonly') line.direction = 'sendrecv';
      } else if (track) this.pc.addTrack(track, new MediaStream([track]));
    }
  }

  async offer() {
    try {
      this.making = true;
      await this.pc.setLocalDescription();
      this.describe();
    } catch (error) {
      if (!this.closed) console.warn('call: no offer', error);
    } finally {
      this.making = false;
    }
  }

  describe() {
    const { type, sdp } = this.pc.localDescription;
    this.send(DESCRIPTION, { type }, sdp);
  }

  /** Frames are handled one after the other, as they came. */
  inOrder(act) {
    this.queue = this.queue.then(() => (this.closed ? null : act())).catch((error) => {
      if (!this.closed && !this.ignoring) console.warn('call:', error);
    });
  }

  description(description) {
    this.inOrder(async () => {
      const { pc } = this;
      const collision = description.type === 'offer' && (this.making || pc.signalingState !== 'stable');
      this.ignoring = !this.polite && collision;
      if (this.ignoring) return;
      await pc.setRemoteDescription(description);
      if (description.type !== 'offer') return;
      if (!this.offered) {
        this.offered = true;
        await this.place();
      }
      await pc.setLocalDescription();
      this.describe();
    });
  }

  candidate(text) {
    this.inOrder(async () => {
      await this.pc.addIceCandidate(JSON.parse(text));
    });
  }

  /**
   * Looks for a way anew, unless there is one that works; always, where the network is known to be another. An offer
   * that may be lost is made once more.
   */
  async renew(always = false) {
    const { pc } = this;
    if (!pc || this.closed || !this.offered) return;
    if (pc.signalingState === 'have-local-offer') {
      this.describe();
      return;
    }
    if (!always && pc.connectionState === 'connected') return;
    if (Date.now() - this.configuredAt > FRESH) {
      this.configuredAt = Date.now();
      const { iceServers } = await this.config(true);
      if (!this.closed && iceServers) pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
    }
    if (!this.closed) pc.restartIce();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    if (!this.pc) return;
    this.pc.onnegotiationneeded = this.pc.onicecandidate = this.pc.onconnectionstatechange = this.pc.ontrack = null;
    this.pc.close();
  }
}
