// Where a message is written: text, emoji, pictures, files and voice.
import { ask, attempt, emit, helper, html, icon, nothing, preview, t, View } from './base.js';
import * as store from '../core/store.js';
import { CMD, keyOf, MEDIA } from '../core/timeline.js';
import { begunOf, dropBegun, keepBegun } from './changes.js';
import { context, drawer, inputs, volatile } from './drawer.js';
import './voice.js';
import { composing, enterBreaks, fitting, held, sends } from './written.js';

const MOST_BYTES = 32 << 10;
const KEYBOARD = 'hy-keyboard';
const QUOTED = 100;
const RECENT = 3000;

const byTouch = () => matchMedia('(pointer: coarse)').matches;

class Composer extends View {
  static properties = {
    kind: { type: Number }, dstid: { type: Number }, panel: { state: true }, answering: { state: true }, editing: { state: true },
    filled: { state: true }, long: { state: true }, holding: { state: true }, recording: { state: true },
  };

  connectedCallback() {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    this.addEventListener('hy-emoji', (event) => this.insert(event.detail.emoji), { signal });
    this.addEventListener('hy-voice', (event) => this.sendVoice(event.detail.voice, event.detail.of), { signal });
    this.addEventListener('hy-voice-state', (event) => { this.recording = event.detail.recording; }, { signal });
    this.addEventListener('hy-voice-mode', (event) => this.voiceMode(event.detail.reason), { signal });
    visualViewport?.addEventListener('resize', () => this.measureKeyboard(), { signal });
    this.style.setProperty('--keyboard', `${Number(localStorage.getItem(KEYBOARD)) || 300}px`);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.leaving.abort();
  }

  get key() {
    return keyOf(this.kind, this.dstid);
  }

  get field() {
    return this.querySelector('textarea');
  }

  willUpdate(changes) {
    super.willUpdate(changes);
    if (changes.has('kind') || changes.has('dstid')) {
      this.answering = this.editing = this.panel = this.calls = this.linked = this.long = null;
      this.entered = true;
    }
  }

  updated() {
    const draft = store.draftOf(this.kind, this.dstid);
    if (this.entered) {
      this.entered = false;
      this.setText(draft);
      const { editing, text, answering = null } = begunOf(this.key) ?? {};
      if (editing) this.change(editing, text);
      else this.answering = answering;
      this.callSomebody();
      if (!byTouch()) this.field.focus();
    } else if (!this.editing && draft !== this.draft && this.field.value === this.draft) {
      // Written on another device meanwhile; but a list that was under way when one wrote here may still be from before.
      if (Date.now() - (this.typedAt ?? 0) < RECENT) return;
      this.setText(draft);
    }
    this.draft = draft;
  }

  /** The panel is as high as the keyboard was, so that the list does not jump between the two. */
  measureKeyboard() {
    if (document.activeElement !== this.field || visualViewport.scale !== 1) return;
    const height = Math.round(innerHeight - visualViewport.height);
    if (height < 150) return;
    localStorage.setItem(KEYBOARD, String(height));
    this.style.setProperty('--keyboard', `${height}px`);
  }

  render() {
    return html`<div class="composer ${this.panel ? 'open' : ''} ${this.recording === 'click' ? 'recording' : ''}">${volatile(this)}${context(this)}${this.linked?.render() ?? nothing}${this.calls?.render() ?? nothing}${this.long ? html`<p class="warn" role="alert" id="hy-long">${t('chat.toolong')}</p>` : nothing}
      <form class="bar" @submit=${this.submit}>
        <hy-voice class=${this.holding ? 'holding' : ''} .holding=${this.holding} .of=${this.key}></hy-voice>
        <textarea rows="1" ?hidden=${this.holding} aria-label=${t('chat.write')} enterkeyhint=${enterBreaks() ? 'enter' : 'send'} autocomplete="off" aria-invalid=${this.long ? 'true' : 'false'} aria-describedby=${this.long ? 'hy-long' : nothing}
          @blur=${() => { this.calls?.close(); this.requestUpdate(); }} @click=${() => this.calls?.look()} @input=${this.typed} @keydown=${this.keydown} @paste=${this.paste} @focus=${() => { this.panel = byTouch() ? null : this.panel; }}></textarea>
        <button class="iconbtn" type="button" aria-label=${t('chat.emoji')} aria-expanded=${this.panel === 'emoji' ? 'true' : 'false'} @click=${() => this.toggle('emoji')}>${icon(this.panel === 'emoji' ? 'keyboard' : 'smile')}</button>
        ${this.filled && !this.holding ? html`<button class="send" type="submit">${t('act.send')}</button>`
          : html`<button class="iconbtn plus" type="button" aria-label=${t('chat.plus')} aria-expanded=${this.panel === 'plus' ? 'true' : 'false'} @click=${() => this.toggle('plus')}>${icon('circle-plus')}</button>`}
      </form>${drawer(this)}${inputs(this)}</div>`;
  }

  /** Opens one of the file inputs: picture, camera, video, file or audio. */
  pick(name) {
    this.querySelector(`input[data-for=${name}]`).click();
  }

  setText(text) {
    this.long = false;
    this.field.value = text;
    this.grow();
  }

  grow() {
    const { field } = this;
    this.filled = field.value.trim() !== '';
    if (CSS.supports('field-sizing', 'content')) return;
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  }

  typed() {
    const text = this.field.value;
    this.typedAt = Date.now();
    this.long = false;
    this.grow();
    this.callSomebody();
    if (this.editing) {
      keepBegun(this.key, { editing: this.editing, text });
      return;
    }
    this.lookAtLink();
    store.saveDraft(this.kind, this.dstid, text);
    if (this.filled) store.sendTyping(this.kind, this.dstid);
  }

  /** What the page behind a link says of itself is offered by a module of its own. */
  async lookAtLink() {
    if (!this.linked && !/https?:\/\/|www\./i.test(this.field.value)) return;
    const { LinkCard } = await import('./linkcard.js');
    this.linked ??= new LinkCard(this);
    this.linked.look();
  }

  /** In a group an @ calls somebody: the names are offered by a module of their own. */
  async callSomebody(id) {
    if (this.kind !== CMD.ROOM || (!id && !this.calls && !this.field.value.includes('@'))) return;
    const { Calls } = await import('./mention.js');
    this.calls ??= new Calls(this);
    if (id) this.calls.insert(id);
    else this.calls.look();
  }

  keydown(event) {
    if (composing(event) || this.calls?.keydown(event)) return;
    if (sends(event)) {
      event.preventDefault();
      this.submit();
    } else if (event.key === 'Escape' && (this.editing || this.answering || this.panel)) {
      event.stopPropagation();
      if (this.panel) this.panel = null;
      else this.dropContext();
    } else if (event.key === 'ArrowUp' && !event.altKey && this.field.value === '') {
      event.preventDefault();
      emit(this, 'hy-edit-last');
    }
  }

  async toggle(panel) {
    this.holding = false;
    const part = await attempt(() => helper(panel === 'plus' ? import('./tools.js') : import('./emoji.js')));
    if (!part) return;
    if (panel === 'plus') this.tools = part.tools;
    this.panel = this.panel === panel ? null : panel;
    if (!this.panel) this.field.focus();
    else if (byTouch()) this.field.blur();
  }

  /** The focus goes to the field, as what had it goes with the panel. */
  leavePanel() {
    if (this.panel && !byTouch()) this.field.focus();
    this.panel = null;
  }

  async insert(emoji) {
    const { insertInto } = await import('./emoji.js');
    insertInto(this.field, emoji);
    this.typed();
  }

  submit(event) {
    event?.preventDefault();
    const text = this.field.value.trim();
    if (!text) return;
    if (new TextEncoder().encode(text).length > MOST_BYTES) {
      this.long = true;
      return;
    }
    if (this.editing) {
      this.submitEdit(text);
      return;
    }
    const quote = this.takeQuote();
    const ext = fitting({ ...quote.ext, ...this.calls?.take(text), ...this.linked?.take(text) });
    const { kind, dstid } = this;
    const draft = this.field.value;
    // The words stay a draft until they are kept as a message.
    store.send(kind, dstid, { media: MEDIA.TEXT, content: text, ref: quote.ref, ...ext, ...held() }).then(() => {
      if (store.draftOf(kind, dstid) === draft) store.saveDraft(kind, dstid, '');
    });
    this.setText('');
    this.field.focus();
  }

  async submitEdit(text) {
    const { editing: m, key } = this;
    if (text === m.content || await attempt(() => store.act({ cmd: CMD.EDIT, kind: this.kind, dstid: this.dstid, ref: m.seq, content: text }))) {
      if (this.editing === m) this.leaveContext();
      else dropBegun(key); // another conversation was opened meanwhile
    }
  }

  /** The message that is answered, as it is now: it may have been taken back since. */
  get answered() {
    const m = this.answering;
    return m && (store.timeline(this.kind, this.dstid).find(m.seq) ?? m);
  }

  /** The fields by which a message answers another. A copy of the words goes along for those who have not loaded it. */
  takeQuote() {
    const m = this.answered;
    this.answering = null;
    if (!m) return {};
    dropBegun(this.key);
    return { ref: m.seq, ...(m.ext?.recalled ? {} : { ext: { quote: { userid: m.userid, text: preview(m).slice(0, QUOTED) } } }) };
  }

  async reply(m) {
    if (this.editing && !(await this.dropContext())) return;
    this.answering = m;
    keepBegun(this.key, { answering: m });
    this.holding = false;
    this.field.focus();
  }

  async edit(m) {
    if (this.editing?.seq !== m.seq && (!this.editing || await this.dropContext())) this.change(m, m.content);
    this.field.focus();
  }

  change(m, text) {
    this.answering = null;
    this.editing = m;
    this.holding = false;
    this.setText(text);
    this.field.focus();
  }

  /**
   * Puts words back before those that are there. While a change is under way and stays, words that are nowhere else become a
   * draft, which comes after it.
   */
  async write({ text, only = false }) {
    const { kind, dstid } = this;
    const before = (there) => (there.trim() ? `${text}\n${there}` : text);
    if (this.editing && !(await this.dropContext())) {
      if (only) store.saveDraft(kind, dstid, before(store.draftOf(kind, dstid)));
      return;
    }
    this.holding = false;
    this.setText(before(this.field.value));
    this.typed();
    this.field.focus();
  }

  /** What a cross and Escape stand for: words that were changed are not thrown away unasked. Gives whether there is nothing left. */
  async dropContext() {
    const { key } = this;
    const changed = this.editing && this.field.value !== this.editing.content;
    if (changed && !(await ask({ title: t('chat.change.drop'), yes: t('act.drop'), no: t('act.drop.no'), warn: true }))) return false;
    if (this.key !== key) return false; // another conversation was opened meanwhile
    this.leaveContext();
    return true;
  }

  leaveContext() {
    const wasEditing = this.editing;
    this.editing = this.answering = null;
    dropBegun(this.key);
    if (wasEditing) this.setText(store.draftOf(this.kind, this.dstid));
    this.field.focus();
  }

  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.offer(files);
  }

  picked(event) {
    const files = [...event.target.files];
    const direct = event.target.dataset.for === 'file' || event.target.dataset.for === 'audio';
    event.target.value = '';
    this.leavePanel();
    if (direct) this.sendFiles(files, '');
    else this.offer(files);
  }

  /** Shows what is about to be sent; it goes when it is confirmed. */
  async offer(files) {
    const { kind, dstid } = this;
    const { offer } = await helper(import('./sending.js'));
    await offer(this, files, kind, dstid);
  }

  async sendFiles(files, caption, kind = this.kind, dstid = this.dstid) {
    const { sendFiles } = await import('./sending.js');
    await sendFiles(this, files, caption, kind, dstid);
  }

  /** Sends a recording to the conversation in which it was made. */
  async sendVoice(voice, of) {
    const [kind, dstid] = of.split(':').map(Number);
    (await import('./sending.js')).sendVoice(this, voice, kind, dstid);
  }

  /** Touch: the button turns into "hold to talk". Recording that cannot work says why, and a file may stand in. */
  toggleHolding() {
    this.holding = !this.holding;
    this.panel = null;
    if (!this.holding) this.field.focus();
  }

  voiceMode(reason) {
    if (reason === 'hold') this.toggleHolding();
    else helper(import('./sending.js')).then(({ sayBlocked }) => sayBlocked(this, reason));
  }
}

customElements.define('hy-composer', Composer);
