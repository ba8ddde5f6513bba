// <hy-notify>: how one hears of messages while away: this device, its sound, and channels elsewhere.
import { html, nothing } from '../../vendor/lit.js';
import { disable, enable, obstacle, status } from '../awake/push.js';
import { play, setSound, soundOn } from '../awake/sound.js';
import { post } from '../core/api.js';
import { ago, t } from '../core/i18n.js';
import { ask, attempt, choose, head, icon, toast, View, waiting } from './kit.js';
import { draw, read, reason } from './notify_form.js';
import { style } from './style.js';

await style('notify');

const glyphs = { webhook: 'link', mail: 'mail', ntfy: 'smartphone', bark: 'smartphone' };
const glyph = (/** @type {string} */ kind) => glyphs[kind] ?? 'megaphone';

class Notify extends View {
  static properties = {
    device: { state: true }, channels: { state: true }, error: { state: true }, editing: { state: true }, faults: { state: true }, busy: { state: true }, secret: { state: true },
  };

  connectedCallback() {
    super.connectedCallback();
    this.load();
  }

  async load() {
    this.error = null;
    try {
      const answer = await post('/notify/list');
      this.kinds = answer.kinds;
      this.channels = answer.rows;
      this.device = obstacle() ? {} : await status();
    } catch (error) {
      this.error = error;
    }
  }

  render() {
    if (this.editing) return this.form();
    return html`<div class="sub">${head(t('notify.title'), '/me')}<div class="scroll">${this.channels ? html`${this.here()}${this.elsewhere()}` : waiting(this.error, () => this.load())}</div></div>`;
  }

  here() {
    const why = obstacle();
    const on = !!this.device?.on;
    const toggle = (label, checked, change, about = '') => html`<label class="weui-cell weui-cell_switch"><span class="weui-cell__bd">${label}${about ? html`<span class="weui-cell__desc">${about}</span>` : nothing}</span>
      <input class="weui-switch" type="checkbox" role="switch" .checked=${checked} @change=${change}></label>`;
    return html`<h2 class="weui-cells__title">${t('push.device')}</h2><div class="weui-cells weui-cells_form">
      ${why ? html`<div class="weui-cell why"><span class="weui-cell__hd">${icon('bell-off')}</span><div class="weui-cell__bd"><p>${t(`push.why.${why}`)}</p>${why === 'insecure' ? html`<p class="weui-cell__desc">${t('push.why.insecure.how')}</p><code>hongyan -tls-self on</code>` : nothing}</div></div>`
        : html`${toggle(t('push.switch'), on, (e) => this.wake(e), t('push.switch.about'))}
        ${on ? html`${toggle(t('notify.content'), this.device.content, (e) => this.content(e), t('notify.content.about'))}
        <button type="button" class="weui-cell weui-cell_access" @click=${() => this.test('/push/test', {})}><span class="weui-cell__bd">${t('notify.test')}</span><span class="weui-cell__ft"></span></button>` : nothing}`}
      ${toggle(t('sound.switch'), soundOn(), (e) => {
        setSound(e.target.checked);
        if (e.target.checked) play();
      }, t('sound.about'))}</div>`;
  }

  /** A switch that failed goes back to what holds. */
  async wake(/** @type {Event} */ e) {
    const box = /** @type {HTMLInputElement} */ (e.target);
    const wanted = box.checked;
    const outcome = await attempt(() => (wanted ? enable() : disable().then(() => 'off')));
    if (wanted && outcome && outcome !== 'dismissed') toast(t(`push.done.${outcome}`));
    this.device = await attempt(status) ?? this.device;
    box.checked = !!this.device?.on;
  }

  async content(/** @type {Event} */ e) {
    const box = /** @type {HTMLInputElement} */ (e.target);
    const value = box.checked;
    const done = await attempt(() => enable(value));
    if (done === 'on') this.device = { ...this.device, content: value };
    else box.checked = !value;
  }

  elsewhere() {
    return html`<h2 class="weui-cells__title">${t('notify.channels')}</h2><div class="weui-cells">
      ${this.channels.map((c) => html`<button type="button" class="weui-cell weui-cell_access channel" @click=${() => this.edit(c)}><span class="weui-cell__hd">${icon(glyph(c.kind))}</span>
        <span class="weui-cell__bd"><span>${c.name || t(`notify.kind.${c.kind}`)}</span><span class="weui-cell__desc">${c.address}</span>${this.state(c)}</span><span class="weui-cell__ft"></span></button>`)}
      <button type="button" class="weui-cell weui-cell_active add" @click=${this.add}>${icon('plus')}<span class="weui-cell__bd">${t('notify.add')}</span></button></div>
      <p class="weui-cells__tips">${t('notify.channels.about')}</p>`;
  }

  state(c) {
    if (!c.confirmed) return html`<span class="weui-cell__desc bad">${t('notify.unconfirmed')}</span>`;
    if (c.lasterror) return html`<span class="weui-cell__desc bad">${c.enabled ? '' : `${t('notify.off.failed')} · `}${reason(c.lasterror)} · ${ago(c.errorat)}</span>`;
    if (!c.enabled) return html`<span class="weui-cell__desc">${t('notify.off')}</span>`;
    return c.sentat ? html`<span class="weui-cell__desc">${t('notify.sent', { When: ago(c.sentat) })}</span>` : nothing;
  }

  async add() {
    const kind = await choose({ title: t('notify.add'), choices: this.kinds.map((k) => ({ value: k, label: t(`notify.kind.${k}`) })) });
    if (kind) this.edit({ id: 0, kind, name: '', address: '', content: false, enabled: true, confirmed: true, quietfrom: 0, quietto: 0 });
  }

  edit(c) {
    this.editing = c;
    this.faults = {};
    this.secret = '';
  }

  form() {
    const c = this.editing;
    const back = () => {
      this.editing = null;
      this.load();
    };
    return html`<div class="sub" @hy-back=${(/** @type {Event} */ e) => {
      e.stopPropagation();
      back();
    }}>${head(t(`notify.kind.${c.kind}`), '/me/notify', nothing, true)}<div class="scroll">
      ${draw(c, { faults: this.faults ?? {}, busy: this.busy, secret: this.secret, save: (e) => this.save(e), verify: (e) => this.verify(e), again: () => this.again() })}
      ${c.id ? html`<div class="weui-cells">${c.confirmed ? html`<button type="button" class="weui-cell weui-cell_active centre" @click=${() => this.test('/notify/test', { id: c.id })}>${t('notify.test')}</button>` : nothing}
        <button type="button" class="weui-cell weui-cell_active centre danger" @click=${this.remove}>${t('notify.delete')}</button></div>` : nothing}</div></div>`;
  }

  async save(/** @type {SubmitEvent} */ e) {
    e.preventDefault();
    const form = /** @type {HTMLFormElement} */ (e.target);
    const before = this.editing;
    const { change, faults } = read(form, before);
    this.faults = faults;
    if (Object.keys(faults).length) return this.point(form);
    this.busy = true;
    try {
      const { data } = await post('/notify/set', change);
      this.secret = data.secret ?? '';
      toast(t('act.saved'));
      if (before.id && data.confirmed) {
        this.editing = null;
        this.load();
      } else {
        this.editing = data;
      }
    } catch (error) {
      this.faults = { [error.field || 'form']: error.message };
      this.point(form);
    } finally {
      this.busy = false;
    }
    return undefined;
  }

  /** Brings the first field that is not right into view. */
  async point(/** @type {HTMLFormElement} */ form) {
    await this.updateComplete;
    /** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid=true]'))?.focus();
  }

  async verify(/** @type {SubmitEvent} */ e) {
    e.preventDefault();
    const form = /** @type {HTMLFormElement} */ (e.target);
    try {
      await post('/notify/confirm', { id: this.editing.id, code: String(new FormData(form).get('code') ?? '').trim() });
      toast(t('notify.confirmed'));
      this.editing = { ...this.editing, confirmed: true };
      this.faults = {};
    } catch (error) {
      this.faults = { code: error.message };
      this.point(form);
    }
  }

  again() {
    attempt(() => post('/notify/confirm', { id: this.editing.id, code: '' }), t('notify.code.sent'));
  }

  async test(route, body) {
    const answer = await attempt(() => post(route, body));
    if (!answer) return;
    const { delivered, reason: why } = answer.data;
    toast(delivered ? t('notify.test.sent') : `${t('notify.test.failed')} ${reason(why)}`, delivered ? 2200 : 5000);
  }

  async remove() {
    const { id } = this.editing;
    if (!(await ask({ title: t('notify.delete'), text: t('notify.delete.text'), yes: t('act.delete'), warn: true, act: () => post('/notify/delete', { id }) }))) return;
    this.editing = null;
    this.load();
  }
}

customElements.define('hy-notify', Notify);
