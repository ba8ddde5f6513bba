// <hy-recalls group up>: what was taken back in a group, for its owner and admins: by whom, whose it was and when, without the words.
import { html, nothing, repeat } from '../../vendor/lit.js';
import { post } from '../core/api.js';
import { fullTime, shortTime, t } from '../core/i18n.js';
import * as store from '../core/store.js';
import { attempt, avatar, blank, head, preview, View, waiting } from './kit.js';

const LOOKS = 10; // through empty parts of a long timeline, until one is asked whether to go on
const RECALL = 15;
const HELLO = 6;

class Recalls extends View {
  static properties = { group: {}, up: {}, list: { state: true }, error: { state: true }, next: { state: true }, busy: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    const ends = [
      store.onFrame(RECALL, (m) => { if (m.kind === 11 && m.dstid === this.group) this.load(); }),
      store.onFrame(HELLO, () => this.load()), // nobody told of what happened before there was a line
    ];
    this.unlisten = () => ends.forEach((end) => end());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unlisten();
  }

  willUpdate(changes) {
    super.willUpdate();
    if (changes.has('group')) {
      this.list = null;
      this.load();
    }
  }

  /** The newest, from the beginning: what is new comes on top. */
  async load() {
    try {
      const { list, next } = await this.look();
      this.error = null;
      this.list = list;
      this.next = next;
    } catch (error) {
      this.error = error;
    }
  }

  async more() {
    this.busy = true;
    await attempt(async () => {
      const { list, next } = await this.look(this.next);
      this.list = [...this.list, ...list];
      this.next = next;
    });
    this.busy = false;
  }

  /** A page of recalls: long parts of a timeline may have none. */
  async look(before = undefined) {
    const { group } = this;
    let next = before;
    for (let looks = 0; ; looks++) {
      const answer = await post('/message/recalled', { dstid: group, ...(next ? { before: next } : {}) });
      next = answer.before;
      if (answer.rows.length > 0 || !next || looks === LOOKS) return { list: answer.rows, next };
    }
  }

  render() {
    return html`<div class="sub">${head(t('recalls.title'), this.up, nothing, true)}${this.list ? this.rows() : waiting(this.error, () => this.load())}</div>`;
  }

  rows() {
    const more = this.next ? html`<p class="total"><button type="button" class="weui-btn weui-btn_default weui-btn_mini" ?disabled=${this.busy} @click=${this.more}>${t('recalls.more')}</button></p>` : nothing;
    if (!this.list.length) return blank('undo-2', t(this.next ? 'recalls.none.yet' : 'recalls.none'), t('recalls.hint'), more);
    return html`<div class="scroll"><p class="weui-cells__tips">${t('recalls.hint')}</p><ul class="rows">${repeat(this.list, (r) => r.seq, (r) => this.row(r))}</ul>${more}</div>`;
  }

  /** It leads to the place where the message was. */
  row(r) {
    const name = store.nameOf(r.authorid);
    const what = r.userid === r.authorid ? t('recalls.own', { Name: name }) : t('recalls.by', { By: store.nameOf(r.userid), Name: name });
    return html`<li class="row"><a href="/c/11-${this.group}?seq=${r.ref}">${avatar({ ...store.userOf(r.authorid), title: name })}
      <span class="what"><span class="line"><span class="name">${what}</span><time class="time" datetime=${new Date(r.at).toISOString()} title=${fullTime(r.at)}>${shortTime(r.at)}</time></span>
        <span class="line"><span class="text">${t('recalls.said', { What: preview({ media: r.media, cmd: 11 }) || t('recalls.text'), Time: fullTime(r.saidat) })}</span></span></span></a></li>`;
  }
}

customElements.define('hy-recalls', Recalls);
