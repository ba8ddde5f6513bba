// <hy-call>: the call on the screen, over everything else, or as a small picture
// while one reads and writes on.
import { html, live, nothing } from '../../vendor/lit.js';
import { effect, signal } from '../../vendor/signals-core.js';
import { duration, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { avatar, icon, View } from '../ui/kit.js';
import * as call from './call.js';
import { hasScreen, manyCameras } from './devices.js';
import { draggable } from './drag.js';
import * as tracks from './tracks.js';

const second = signal(0);
const many = signal(false);
const lasting = (now) => Math.max(0, Math.floor((Date.now() - now.since) / 1000));
const TALKING = ['active', 'reconnecting'];

// A stream is set only where it is another: set anew, the picture would go black at each tick of the clock.

/** Puts the view on the page; it is there as long as the page. */
export function show() {
  if (!document.querySelector('hy-call')) document.body.append(document.createElement('hy-call'));
}

class Call extends View {
  connectedCallback() {
    super.connectedCallback();
    let timer = 0;
    effect(() => {
      const talking = TALKING.includes(call.now.value?.state);
      if (talking && !timer) timer = setInterval(() => { second.value++; }, 1000);
      else if (!talking) timer = clearInterval(timer) ?? 0;
    });
  }

  render() {
    const now = call.now.value;
    if (!now) return nothing;
    const seen = now.stream && TALKING.concat('connecting').includes(now.state) && (now.remote.camera || now.remote.screen);
    return html`<dialog class="call ${now.state} ${seen ? 'seen' : ''} ${now.mini ? 'mini' : ''} ${now.local ? 'filmed' : ''} ${now.video || seen || now.local ? 'with-video' : ''}"
        aria-label=${t('call.with', { Name: store.nameOf(now.peer) })} @cancel=${this.escape}>
      <video class="remote ${now.remote.screen ? 'whole' : ''}" autoplay playsinline .srcObject=${live(now.stream)}></video>
      ${now.mini ? this.pill(now, seen) : this.full(now, seen)}
      <p class="sr" role="status">${this.status(now)}</p></dialog>`;
  }

  updated() {
    const dialog = this.querySelector('dialog');
    if (!dialog) {
      if (document.activeElement === document.body) this.origin?.focus({ preventScroll: true }); // it went with the dialog
      this.origin = null;
      return;
    }
    this.origin ??= /** @type {HTMLElement} */ (document.activeElement);
    if (this.dragged !== dialog) draggable(this.dragged = dialog);
    const modal = !call.now.peek().mini;
    if (dialog.open && this.modal !== modal) dialog.close();
    if (!dialog.open) {
      this.modal = modal;
      if (modal) {
        dialog.showModal();
        dialog.querySelector('[data-first]')?.focus();
      } else {
        dialog.show();
      }
    }
    if (call.now.peek().camera && !this.counted) {
      this.counted = true;
      manyCameras().then((yes) => { many.value = yes; });
    }
  }

  /** Escape makes a call small, a ringing one quiet; it never ends one. */
  escape(event) {
    event.preventDefault();
    const state = call.now.peek()?.state;
    if (state === 'incoming') call.silence();
    else if (state === 'ended') call.dismiss();
    else call.minimise(true);
  }

  status(now) {
    switch (now.state) {
      case 'preparing': return t('call.preparing');
      case 'calling': return t('call.calling');
      case 'ringing': return t('call.ringing');
      case 'incoming': return t(now.video ? 'call.incoming.video' : 'call.incoming.voice');
      case 'connecting': return t('call.connecting');
      case 'reconnecting': return t('call.reconnecting');
      case 'ended': return now.text || `${t(`call.end.${now.reason || 'answered'}`)}${now.seconds ? ` ${duration(now.seconds)}` : ''}`;
    }
    return now.remote.mic ? '' : t('call.muted.other', { Name: store.nameOf(now.peer) });
  }

  time(now) {
    second.value; // counts
    return now.since && TALKING.includes(now.state) ? html`<span class="timer">${duration(lasting(now))}</span>` : nothing;
  }

  full(now, seen) {
    const user = store.userOf(now.peer);
    const name = store.nameOf(now.peer);
    const said = this.status(now);
    return html`<div class="call-head">
        ${['incoming', 'ended'].includes(now.state) ? nothing
          : html`<button class="iconbtn" type="button" aria-label=${t('call.minimise')} @click=${() => call.minimise(true)}>${icon('minimize-2')}</button>`}
        ${this.time(now)}</div>
      <div class="who">${seen ? nothing : html`${avatar({ ...user, title: name }, 'huge')}<h2>${name}</h2>`}
        <p class="said" aria-hidden="true">${said}</p></div>
      ${now.local ? html`<video class="local ${now.screen ? 'whole' : now.facing === 'user' ? 'mirror' : ''}" autoplay playsinline muted .muted=${true} .srcObject=${live(now.local)}></video>` : nothing}
      <div class="controls">${this.controls(now)}</div>`;
  }

  controls(now) {
    switch (now.state) {
      case 'ended': return nothing;
      case 'incoming': return html`${round('phone', 'call.decline', () => call.decline(), 'end')}
        ${now.video ? html`${round('phone', 'call.accept.voice', () => call.accept(false), 'plain')}${round('video', 'call.accept', () => call.accept(true), 'yes', true)}`
          : round('phone', 'call.accept', () => call.accept(false), 'yes', true)}`;
    }
    const talking = TALKING.includes(now.state);
    const ready = talking || now.local || ['calling', 'ringing', 'connecting'].includes(now.state);
    return html`
      ${ready ? round(now.mic ? 'mic' : 'mic-off', now.mic ? 'call.mic.off' : 'call.mic.on', () => tracks.toggleMic(), now.mic ? '' : 'off') : nothing}
      ${talking || now.local ? round(now.camera ? 'video' : 'video-off', now.camera ? 'call.camera.off' : 'call.camera.on', () => tracks.toggleCamera(), now.camera ? '' : 'off') : nothing}
      ${now.camera && many.value ? round('switch-camera', 'call.camera.switch', () => tracks.switchCamera()) : nothing}
      ${talking && hasScreen() ? round('monitor-up', now.screen ? 'call.screen.off' : 'call.screen.on', () => tracks.toggleScreen(), now.screen ? 'on' : '') : nothing}
      ${round('phone', talking ? 'call.hangup' : 'call.cancel', () => call.hangUp(), 'end', true)}`;
  }

  pill(now, seen) {
    return html`<button class="grow" type="button" data-first aria-label=${t('call.return')} @click=${() => call.minimise(false)}>
        ${seen ? nothing : html`${icon(now.video ? 'video' : 'phone')}<span>${TALKING.includes(now.state) && now.state === 'active' ? this.time(now) : this.status(now)}</span>`}</button>
      <button class="iconbtn end" type="button" aria-label=${t('call.hangup')} @click=${() => call.hangUp()}>${icon('phone', 'down')}</button>`;
  }
}

/** A round button with its name below. */
const round = (glyph, label, act, kind = '', first = false) => html`<button class="round ${kind}" type="button" ?data-first=${first} @click=${act}>
  <span class="disc">${icon(glyph, kind === 'end' ? 'down' : '')}</span><span class="label">${t(label)}</span></button>`;

customElements.define('hy-call', Call);
