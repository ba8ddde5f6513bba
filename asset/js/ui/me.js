// <hy-me>: the tab about oneself.
import { html, nothing } from '../../vendor/lit.js';
import { t } from '../core/i18n.js';
import { leave, unsent } from '../core/leave.js';
import * as store from '../core/store.js';
import { ask, avatar, count, icon, View } from './kit.js';

const PAGES = [
  ['profile', 'user-round', 'me.profile'], ['devices', 'smartphone', 'me.devices'],
  ['passwd', 'lock-keyhole', 'me.passwd'], ['notify', 'bell', 'notify.title'], ['settings', 'settings', 'me.settings'], ['outbox', 'send', 'outbox.title'],
  ['connection', 'activity', 'conn.title'],
];

class Me extends View {
  static properties = { path: {} };

  render() {
    const me = store.me.value ?? {};
    const queued = [...store.outbox.value?.lanes.value.values() ?? []].flat().length;
    return html`<header class="bar"><h1>${t('me.title')}</h1></header><div class="scroll grey">
      <a class="card-head pressable" href="/me/profile">${avatar({ ...me, title: me.nickname }, 'huge')}<div><h2>${me.nickname}</h2><p>ID: ${me.id}</p>${me.memo ? html`<p>${me.memo}</p>` : nothing}</div>${icon('chevron-right')}</a>
      <div class="weui-cells">${PAGES.map(([name, glyph, label]) => {
        const on = this.path === `/me/${name}`;
        return html`<a class="weui-cell weui-cell_access ${on ? 'on' : ''}" href="/me/${name}" aria-current=${on ? 'true' : nothing}>${icon(glyph)}<span class="weui-cell__bd">${t(label)}</span><span class="weui-cell__ft">${name === 'outbox' && queued ? html`<span class="badge">${count(queued)}</span>` : nothing}</span></a>`;
      })}<button type="button" class="weui-cell weui-cell_access" @click=${async () => (await import('./code.js')).showCard()}>${icon('qr-code')}<span class="weui-cell__bd">${t('scan.mine')}</span><span class="weui-cell__ft"></span></button></div>
      <div class="weui-cells"><button type="button" class="weui-cell weui-cell_active centre danger" @click=${this.logout}>${t('me.logout')}</button></div></div>`;
  }

  async logout() {
    const left = unsent();
    const text = left ? t('me.logout.unsent', { Count: left }) : t('me.logout.text');
    if (await ask({ title: t('me.logout'), text, yes: t('me.logout'), warn: true, act: leave })) location.assign('/user/login.shtml');
  }
}

customElements.define('hy-me', Me);
