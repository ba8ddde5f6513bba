// <hy-scan>: reads a code with the camera, or from a photo where there is no camera to be had. Only what leads
// within this site is followed; everything else is shown as the text that it is.
import { html, nothing } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import { decode, leads, showCard } from './code.js';
import { goTo, head, icon, toast, View } from './kit.js';
import { pickFile } from './upload.js';
import { scanned, ticketOf, typeCode } from './signin.js';
import { style } from './style.js';

const EVERY = 160; // ms between two looks

await style('invite').catch(() => {});

class Scan extends View {
  static properties = { state: { state: true }, said: { state: true }, fault: { state: true } };

  constructor() {
    super();
    this.state = 'idle'; // idle, live, reading, text
  }

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.stop(); }, { signal: this.leaving.signal });
    addEventListener('hashchange', () => this.called(), { signal: this.leaving.signal });
    if (!this.called()) this.prepare();
  }

  /** Whether another program scanned a sign-in and came here with it. */
  called() {
    const ticket = ticketOf(location.href);
    if (ticket) {
      history.replaceState(history.state, '', location.pathname);
      scanned(ticket);
    }
    return ticket !== '';
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
    this.stop();
  }

  /** Where the camera was allowed before, it is turned on at once; else a button says what will be asked. */
  async prepare() {
    if (!isSecureContext || !navigator.mediaDevices?.getUserMedia) {
      this.fault = t('scan.insecure');
      return;
    }
    try {
      if ((await navigator.permissions.query({ name: 'camera' })).state === 'granted') this.start();
    } catch { /* then it asks when it is turned on */ }
  }

  async start() {
    this.fault = '';
    this.said = '';
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false });
    } catch (error) {
      this.fault = t(error.name === 'NotAllowedError' ? 'scan.denied' : 'scan.missing');
      return;
    }
    if (!this.isConnected || this.state === 'reading') return this.stop(); // a picture was chosen meanwhile
    this.state = 'live';
    await this.updateComplete;
    const video = this.querySelector('video');
    if (!video) return this.stop();
    video.srcObject = this.stream;
    await video.play().catch(() => {});
    this.look(video, this.stream);
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    if (this.state === 'live') this.state = 'idle';
  }

  async look(video, stream) {
    while (this.stream === stream && this.state === 'live') {
      const text = video.videoWidth ? await decode(video, video.videoWidth, video.videoHeight) : '';
      if (this.stream !== stream) return;
      if (text) {
        if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(30);
        this.stop();
        this.found(text);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
  }

  /** A picture from the device: on a phone that may be the camera. */
  async choose() {
    const file = await pickFile('image/*');
    if (file) await this.read(file);
  }

  async read(/** @type {Blob} */ file) {
    this.stop();
    this.state = 'reading';
    let text = '';
    try {
      const picture = await createImageBitmap(file);
      text = await decode(picture, picture.width, picture.height);
      picture.close();
    } catch { /* no picture: nothing found */ }
    this.state = 'idle';
    if (text) this.found(text);
    else toast(t('scan.none'));
  }

  found(text) {
    const ticket = ticketOf(text);
    if (ticket) {
      scanned(ticket);
      return;
    }
    const to = leads(text);
    if (!to) {
      this.said = text;
      this.state = 'text';
      return;
    }
    const card = /^\/u\/(\d+)$/.exec(to);
    if (card) goTo(this, `/contacts/${card[1]}`, true);
    else location.assign(to);
  }

  render() {
    return html`<div class="sub">${head(t('scan.title'), '/contacts', nothing, true)}<div class="scroll"><div class="scan">
      ${this.state === 'text' ? this.text() : this.finder()}
      <div class="scan-acts">
        <button type="button" @click=${this.choose}>${icon('image')}<span>${t('scan.photo')}</span></button>
        <button type="button" @click=${showCard}>${icon('qr-code')}<span>${t('scan.mine')}</span></button>
        <button type="button" @click=${typeCode}>${icon('keyboard')}<span>${t('signin.type')}</span></button></div></div></div></div>`;
  }

  finder() {
    return html`<div class="scan-view ${this.state}">${this.state === 'live' ? html`<video playsinline muted aria-label=${t('scan.aim')}></video><span class="frame" aria-hidden="true"></span>`
      : this.state === 'reading' ? html`<span class="spinner" role="status" aria-label=${t('scan.reading')}></span>`
        : html`${icon('scan-line')}${this.fault ? html`<p role="alert">${this.fault}</p>` : nothing}
          ${navigator.mediaDevices ? html`<button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${this.start}>${t('scan.start')}</button>` : nothing}`}</div>
      <p class="total">${t('scan.aim')}</p>`;
  }

  text() {
    return html`<div class="scan-text" role="status"><h2>${t('scan.text')}</h2><p class="words" dir="auto">${this.said}</p><p class="hint">${t('scan.text.hint')}</p>
      <div class="acts"><button type="button" class="weui-btn weui-btn_default weui-btn_mini" @click=${this.copy}>${t('scan.copy')}</button>
        <button type="button" class="weui-btn weui-btn_primary weui-btn_mini" @click=${() => { this.state = 'idle'; this.prepare(); }}>${t('scan.again')}</button></div></div>`;
  }

  async copy() {
    const { copyText } = await import('../chat/clipboard.js');
    toast(t((await copyText(this.said)) ? 'act.copied' : 'chat.copy.failed'));
  }
}

customElements.define('hy-scan', Scan);
