// What stands around the line that one writes in: a warning, what is answered or
// changed, the drawer beneath it, and the inputs of files.
import { html, icon, nothing, preview, t } from './base.js';
import * as store from '../core/store.js';

/** Where nothing can be kept on the device, people should know before they close the page. */
export function volatile({ kind, dstid }) {
  if (store.outbox.value?.persistent.value !== false || store.pending(kind, dstid).length === 0) return nothing;
  return html`<p class="warn" role="status">${t('chat.volatile')}</p>`;
}

export function context(composer) {
  const m = composer.editing ?? composer.answered;
  if (!m) return nothing;
  return html`<div class="context">${icon(composer.editing ? 'pencil' : 'reply', 'small')}<span class="said">${composer.editing ? t('chat.editing') : `${store.nameOf(m.userid)}: ${preview(m)}`}</span>
    <button class="iconbtn" type="button" aria-label=${t('act.cancel')} @click=${() => composer.dropContext()}>${icon('x', 'small')}</button></div>`;
}

export function drawer(composer) {
  if (composer.panel === 'emoji') return html`<div class="drawer"><hy-emoji></hy-emoji></div>`;
  if (composer.panel !== 'plus') return nothing;
  return html`<div class="drawer"><div class="choices">${composer.tools(composer).map((tool) => html`<button type="button" data-tool=${tool.name}
    @click=${() => tool.act(composer)}><span class="tile">${icon(tool.icon)}</span>${tool.label}</button>`)}</div></div>`;
}

export function inputs(composer) {
  const input = (name, accept, capture, many) => html`<input type="file" hidden data-for=${name} accept=${accept} ?multiple=${many} capture=${capture || nothing} tabindex="-1" aria-hidden="true" @change=${composer.picked}>`;
  return html`${input('picture', 'image/*', '', true)}${input('camera', 'image/*', 'environment', false)}${input('video', 'video/*', '', false)}${input('file', '', '', true)}${input('audio', 'audio/*', 'user', false)}`;
}
