// <hy-create>: making a group out of friends.
import { html, nothing } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, finder, goTo, head, View } from './kit.js';
import './length.js';
import { checklist } from './people.js';
import { style } from './style.js';

await style('people').catch(() => {});

class Create extends View {
  static properties = { fault: { state: true }, busy: { state: true }, q: { state: true } };

  constructor() {
    super();
    this.q = '';
  }

  chosen = new Set();

  render() {
    const friends = store.contacts.value;
    const n = this.chosen.size;
    return html`<form class="sub" @submit=${this.submit}>
      ${head(t('group.create.title'), '/chat/index.shtml', html`<button class="weui-btn weui-btn_primary weui-btn_mini" ?disabled=${this.busy}>${t('group.create')}${n ? ` (${n})` : ''}</button>`)}
      <div class="scroll"><div class="weui-cells weui-cells_form">
        <label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${t('group.name')}</span></span><span class="weui-cell__bd"><input class="weui-input" name="name" data-most="32" required autocomplete="off" placeholder=${t('group.name.hint')}></span></label>
        <label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${t('group.memo')}</span></span><span class="weui-cell__bd"><input class="weui-input" name="memo" data-most="140" autocomplete="off" placeholder=${t('group.memo.hint')}></span></label>
        <label class="weui-cell"><span class="weui-cell__hd"><span class="weui-label">${t('group.policy')}</span></span><span class="weui-cell__bd"><select class="weui-input" name="join">
          ${['open', 'approval', 'invite'].map((value) => html`<option value=${value}>${t(`group.policy.${value}`)}</option>`)}</select></span></label></div>
        ${this.fault ? html`<p class="fault" role="alert">${this.fault}</p>` : nothing}
        <h2 class="weui-cells__title">${t('group.members.pick')}</h2>
        ${friends === store.unknown ? nothing : friends.length ? html`${finder(t('contacts.find'), this.q, (text) => { this.q = text; })}${checklist(friends, this.chosen, () => this.requestUpdate(), this.q.trim())}` : html`<p class="total">${t('group.members.nofriends')}</p>`}</div></form>`;
  }

  async submit(e) {
    e.preventDefault();
    const form = new FormData(e.target);
    this.busy = true;
    this.fault = null;
    try {
      const { data } = await post('/contact/createcommunity', {
        name: String(form.get('name')).trim(), memo: form.get('memo'), join: form.get('join'), members: [...this.chosen],
      });
      await attempt(() => Promise.all([store.refresh('groups'), store.refresh('conversations')]));
      goTo(this, `/c/11-${data.id}`, true);
    } catch (error) {
      this.fault = error.message;
    }
    this.busy = false;
  }
}

customElements.define('hy-create', Create);
