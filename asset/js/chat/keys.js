// The choices about writing, for the settings: which key sends, and whether a
// message can be taken back before it leaves.
import { html } from '../../vendor/lit.js';
import { signal } from '../../vendor/signals-core.js';
import { t } from '../core/i18n.js';
import { toast } from '../ui/kit.js';
import { choiceOf, SEND_KEY, UNDO } from './written.js';

const changed = signal(0);

function choose(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    toast(t('keys.unkept'));
  }
  changed.value++;
}

const choices = (name, title, hint, values) => html`<h2 class="weui-cells__title" id="set-${name}">${title}</h2><div class="weui-cells" role="radiogroup" aria-labelledby="set-${name}">
  ${values.map(([value, label]) => html`<label class="weui-cell weui-cell_active pick"><span class="weui-cell__bd">${label}</span><input type="radio" name=${name} value=${value}
    .checked=${choiceOf(name) === value} @change=${() => choose(name, value)}></label>`)}</div><p class="weui-cells__tips">${hint}</p>`;

/** The cells of the settings view. They are kept on this device, at once. */
export function writingSettings() {
  changed.value; // eslint-disable-line no-unused-expressions -- read to be told of changes
  return html`${choices(SEND_KEY, t('keys.send'), t('keys.send.hint'), [['', t('keys.send.enter')], ['ctrl', t('keys.send.ctrl')]])}
    ${choices(UNDO, t('undo.title'), t('undo.hint'), [['', t('undo.off')], ['5', t('undo.seconds', { Count: 5 })]])}`;
}
