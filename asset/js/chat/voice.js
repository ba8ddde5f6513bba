// The voice button. By touch it turns the field into "hold to talk" (slide up to
// cancel, right to go on without holding); by mouse and keyboard one click starts
// and the next one sends.
import { playing } from './heard.js';
import { duration, emit, helper, html, icon, nothing, t, toast, View } from './base.js';

const CANCEL_AT = 60;
const LOCK_AT = 70;

class VoiceButton extends View {
  static properties = { holding: { type: Boolean }, of: {}, mode: { state: true }, seconds: { state: true }, cancelling: { state: true }, locking: { state: true } };

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leave();
  }

  /** What is said belongs to the conversation in which it was begun: it never goes to another that was opened meanwhile. */
  willUpdate(changes) {
    super.willUpdate(changes);
    if (changes.has('of')) this.leave();
  }

  leave() {
    if (!this.recorder) return;
    this.cancel();
    toast(t('voice.left'));
  }

  render() {
    if (this.mode === 'click') return this.strip();
    return html`<button class="iconbtn mic" type="button" aria-label=${t(this.holding ? 'chat.keyboard' : 'chat.voice')} @click=${this.micClicked}>${icon(this.holding ? 'keyboard' : 'mic')}</button>
      ${this.holding ? html`<button class="hold ${this.mode === 'hold' ? 'pressed' : ''}" type="button" @pointerdown=${this.holdDown} @pointermove=${this.holdMove}
        @pointerup=${this.holdUp} @pointercancel=${this.holdUp} @contextmenu=${(event) => event.preventDefault()} @click=${this.holdClicked}>${t(this.mode === 'hold' ? 'chat.voice.release' : 'chat.voice.hold')}</button>` : nothing}
      ${this.mode === 'hold' ? this.overlay() : nothing}`;
  }

  meter() {
    const bars = Array.from({ length: 20 }, (_, i) => 3 + Math.round((this.history?.[i] ?? 0) * 21));
    return html`<span class="meter" aria-hidden="true">${bars.map((height) => html`<i .style=${`height:${height}px`}></i>`)}</span>`;
  }

  left() {
    return this.seconds >= 50 ? html`<span class="left" role="status">${t('chat.voice.left', { Count: Math.max(0, 60 - Math.floor(this.seconds)) })}</span>` : nothing;
  }

  strip() {
    return html`<div class="strip"><button class="iconbtn" type="button" aria-label=${t('chat.voice.cancel')} @click=${this.cancel}>${icon('trash-2')}</button>
      <span class="pulse" aria-hidden="true"></span><span class="time">${duration(this.seconds ?? 0)}</span>${this.left() === nothing ? this.meter() : this.left()}
      <button class="send" type="button" @click=${this.finish}>${t('act.send')}</button></div>`;
  }

  overlay() {
    const hint = this.cancelling ? 'chat.voice.release.cancel' : this.locking ? 'voice.lock' : 'voice.slide';
    return html`<div class="talk ${this.cancelling ? 'cancelling' : this.locking ? 'locking' : ''}"><div class="talk-bubble">${this.meter()}<span>${duration(this.seconds ?? 0)}</span></div>
      <p aria-live="assertive">${this.left() === nothing || this.cancelling || this.locking ? t(hint) : this.left()}</p>
      <span class="lock-here" aria-hidden="true">${icon('lock-keyhole')}</span></div>`;
  }

  async micClicked() {
    const touch = matchMedia('(pointer: coarse)').matches;
    if (this.holding || (touch && (await this.possible()) && (await this.primed(true)))) emit(this, 'hy-voice-mode', { reason: 'hold' });
    else if (!touch) this.begin('click');
  }

  /** Whether the browser may be asked for the microphone; `now` has it asked at once. */
  async primed(now) {
    try {
      return await this.tools.primed(now);
    } catch (error) {
      this.refused(error);
      return false;
    }
  }

  refused(error) {
    emit(this, 'hy-voice-mode', { reason: this.tools.refused(error) });
  }

  /** Whether recording works here; where it does not, the composer is told why. */
  async possible() {
    this.tools ??= await helper(import('./recorder.js'));
    const why = this.tools.obstacle();
    if (why) emit(this, 'hy-voice-mode', { reason: why });
    return !why;
  }

  async begin(mode) {
    const { of } = this;
    if (this.recorder || !(await this.possible()) || (mode === 'click' && !(await this.primed())) || of !== this.of) return;
    if (playing.peek()) import('./player.js').then((player) => player.pause());
    this.history = new Array(20).fill(0);
    this.seconds = 0;
    this.cancelling = this.locking = false;
    const recorder = new this.tools.Recorder({
      onlevel: (level, seconds) => {
        this.history = [...this.history.slice(1), Math.min(1, level * 1.6)];
        this.seconds = seconds;
      },
      onlimit: () => this.recorder === recorder && this.finish(), // or it was left, and another one runs
    });
    this.recorder = recorder;
    try {
      if (!(await recorder.start())) {
        if (this.recorder === recorder) this.over(); // or another was begun meanwhile
        return;
      }
    } catch (error) {
      if (this.recorder === recorder) this.over();
      this.refused(error);
      return;
    }
    this.mode = mode;
    emit(this, 'hy-voice-state', { recording: mode });
  }

  over() {
    this.recorder = null;
    this.mode = '';
    emit(this, 'hy-voice-state', { recording: '' });
  }

  cancel() {
    this.recorder?.cancel();
    this.over();
  }

  async finish() {
    const { recorder, of } = this;
    if (!recorder || !this.mode) return;
    this.over();
    const voice = await recorder.stop();
    if (voice) emit(this, 'hy-voice', { voice, of });
    else toast(t('chat.voice.short'));
  }

  holdDown(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    this.heldTop = event.currentTarget.getBoundingClientRect().top;
    this.heldAt = event.clientX;
    this.held = true;
    this.begin('hold');
  }

  holdMove(event) {
    if (this.mode !== 'hold') return;
    this.cancelling = event.clientY < this.heldTop - CANCEL_AT;
    this.locking = !this.cancelling && event.clientX > this.heldAt + Math.min(LOCK_AT, (innerWidth - this.heldAt) / 2);
  }

  holdUp(event) {
    if (!this.held) return;
    this.held = false;
    if (!this.recorder) return;
    // Let go while the browser was still asking for the microphone: nothing was said.
    if (this.mode !== 'hold' || this.cancelling || event.type === 'pointercancel') this.cancel();
    else if (this.locking) this.lock();
    else this.finish();
  }

  /** It goes on without a finger, with the buttons of the other way. */
  lock() {
    this.mode = 'click';
    emit(this, 'hy-voice-state', { recording: 'click' });
  }

  /** A click without a pointer is the keyboard's: it starts, and the next one sends. */
  holdClicked(event) {
    if (event.detail === 0) this.begin('click');
  }
}

customElements.define('hy-voice', VoiceButton);
