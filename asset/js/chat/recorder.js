// Recording a voice message: MediaRecorder, with 48 peaks taken while it runs.
export { primed, refused } from './microphone.js';

const TYPES = ['audio/mp4;codecs=mp4a.40.2', 'audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
export const LONGEST = 60;
export const WARN_AT = 50;
const PEAKS = 48;
const SHORTEST = 700;
const EXTENSIONS = { 'audio/mp4': 'm4a', 'audio/webm': 'webm', 'audio/ogg': 'ogg' };

/** Why recording cannot work here: '' if it can, else 'insecure' or 'unsupported'. */
export function obstacle() {
  if (!globalThis.isSecureContext) return 'insecure';
  return navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder ? '' : 'unsupported';
}

/** 48 heights from 0 to 31 out of however many levels were taken. */
export function peaksOf(levels, count = PEAKS) {
  if (levels.length === 0) return new Array(count).fill(0);
  const top = Math.max(0.05, ...levels);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * levels.length) / count));
    return Math.round((Math.max(...levels.slice(from, to)) / top) * 31);
  });
}

export class Recorder {
  /** @param {{onlevel:(level:number, seconds:number)=>void, onlimit:()=>void}} handlers */
  constructor({ onlevel, onlimit }) {
    this.onlevel = onlevel;
    this.onlimit = onlimit;
    this.levels = [];
    this.chunks = [];
  }

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    if (this.cancelled) {
      this.release();
      return false;
    }
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.stream, mimeType ? { mimeType, audioBitsPerSecond: 32000 } : undefined);
    this.recorder.ondataavailable = (event) => event.data.size > 0 && this.chunks.push(event.data);
    // A microphone that is pulled out ends the message, not the page.
    this.stream.getAudioTracks()[0]?.addEventListener('ended', () => this.onlimit(), { once: true });
    this.recorder.start();
    this.startedAt = performance.now();
    this.listen();
    return true;
  }

  listen() {
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples);
      let peak = 0;
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample - 128) / 128);
      this.levels.push(peak);
      const seconds = (performance.now() - this.startedAt) / 1000;
      this.onlevel(peak, seconds);
      if (seconds >= LONGEST) this.onlimit();
    }, 60);
  }

  release() {
    clearInterval(this.timer);
    this.context?.close();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }

  cancel() {
    this.cancelled = true;
    if (this.recorder?.state === 'recording') this.recorder.stop();
    this.release();
  }

  /** Ends the recording: {file, name, seconds, waveform}, or null if it was too short to be meant. */
  async stop() {
    const length = performance.now() - this.startedAt;
    const done = new Promise((resolve) => { this.recorder.onstop = resolve; });
    if (this.recorder.state === 'recording') this.recorder.stop();
    await done;
    this.release();
    if (length < SHORTEST || this.chunks.length === 0) return null;
    const type = (this.recorder.mimeType || 'audio/webm').split(';')[0];
    return {
      file: new Blob(this.chunks, { type }),
      name: `voice.${EXTENSIONS[type] ?? 'webm'}`,
      seconds: Math.min(LONGEST, Math.max(1, Math.round(length / 1000))),
      waveform: peaksOf(this.levels),
    };
  }
}
