// The viewer of a record of messages. A record in a record opens over it.
import { post } from '../core/api.js';
import { avatar, chipTime, html, nothing, View } from './base.js';
import { bubble } from './bubble.js';
import { openPanel } from './panel.js';
import { recordCard, recordTitle } from './message.js';

/** What the bubbles see as their list. */
class RecordView extends View {
  static properties = { record: { attribute: false } };

  constructor() {
    super();
    this.kind = 0;
    this.items = [];
  }

  willUpdate(changes) {
    super.willUpdate(changes);
    if (!changes.has('record') || !this.record) return;
    this.dstid = this.record.id;
    this.items = this.record.items.map((item, i) => ({ type: 'message', key: `r${i}`, own: false, author: item.userid, m: { ...item, seq: i + 1, cmd: 10 } }));
  }

  messageAt() {
    return undefined;
  }

  jumpTo() {}

  render() {
    return html`<ol class="record">${this.items.map((item, i) => {
      const { m } = item;
      const joins = i > 0 && this.items[i - 1].author === item.author && chipTime(this.items[i - 1].m.at) === chipTime(m.at);
      return html`<li class="message other ${joins ? '' : 'head'} media-${m.media}">${joins ? nothing : html`<span class="face">${avatar({ id: m.userid, nickname: m.name, avatar: m.avatar }, 'mini')}</span>`}
        <div class="column">${joins ? nothing : html`<div class="author"><span>${m.name}</span><time datetime=${new Date(m.at).toISOString()}>${chipTime(m.at)}</time></div>`}
          <div class="line"><div class="content">${m.ext?.record ? recordCard(m) : bubble(item, this)}</div></div></div></li>`;
    })}</ol>`;
  }
}

customElements.define('hy-record', RecordView);

/** Opens a record by its number. */
export async function openRecord(id) {
  const { data } = await post('/record/get', { id });
  const title = recordTitle(data);
  const { dialog, draw } = await openPanel(title, 'reading');
  draw(html`<div class="body" tabindex="0"><hy-record .record=${data}></hy-record></div>`);
  dialog.showModal();
}
