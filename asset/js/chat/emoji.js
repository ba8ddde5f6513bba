// The emoji panel: recents first, search in Chinese and English, groups.
import { attempt, choose, emit, finder, html, icon, nothing, t, View } from './base.js';
import { graphemes } from './text.js';

const RECENT = 'hy-emoji';
const MOST_RECENT = 24;
const MOST_FOUND = 120;
const MARKS = { smileys: '😀', people: '👋', animals: '🐻', food: '🍎', travel: '🚗', activities: '⚽', objects: '💡', symbols: '❤️', flags: '🚩' };

let loading = null;

/** The data, fetched once for the page. */
function load() {
  loading ??= fetch(new URL('./emoji.json', import.meta.url)).then((answer) => answer.json()).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

function recents() {
  try {
    return JSON.parse(localStorage.getItem(RECENT) ?? '[]');
  } catch {
    return [];
  }
}

const TONE = 'hy-tone';
const TONES = ['', '🏻', '🏼', '🏽', '🏾', '🏿'];

/** The tone of skin that was chosen on this device; '' for none. */
function chosenTone() {
  try {
    const tone = localStorage.getItem(TONE) ?? '';
    return TONES.includes(tone) ? tone : '';
  } catch {
    return '';
  }
}

/** An emoji in a tone of skin, where it shows the skin of one person. */
export function toned(emoji, tone) {
  if (!tone || (emoji.match(/\p{Emoji_Modifier_Base}/gu) ?? []).length !== 1) return emoji;
  return emoji.replace(/(\p{Emoji_Modifier_Base})\uFE0F?/u, `$1${tone}`);
}

/** Puts an emoji where the caret is; '' takes the character before it off. */
export function insertInto(field, emoji) {
  const before = emoji === '' ? graphemes(field.value.slice(0, field.selectionStart)) : [];
  field.setRangeText(emoji, field.selectionStart - (before.at(-1)?.length ?? 0), field.selectionEnd, 'end');
}

/** Emoji whose words hold every word of the query. */
export function search(groups, query) {
  const asked = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const group of groups) {
    for (const [emoji, zh, en] of group.emoji) {
      const text = `${zh} ${en}`.toLowerCase();
      if (asked.every((word) => text.includes(word))) found.push(emoji);
      if (found.length === MOST_FOUND) return found;
    }
  }
  return found;
}

class EmojiPanel extends View {
  static properties = { groups: { state: true }, group: { state: true }, query: { state: true }, failed: { state: true }, tone: { state: true } };

  constructor() {
    super();
    this.query = '';
    this.group = 'smileys';
    this.recent = recents();
    this.tone = chosenTone();
  }

  connectedCallback() {
    super.connectedCallback();
    load().then((data) => { this.groups = data.groups; }, () => { this.failed = true; });
  }

  render() {
    if (this.failed) return html`<p class="empty">${t('error.client.offline')}</p>`;
    if (!this.groups) return html`<p class="empty"><span class="spinner small"></span></p>`;
    const found = this.query.trim() ? search(this.groups, this.query) : null;
    return html`<div class="emoji-top">${finder(t('chat.emoji.search'), this.query, (text) => { this.query = text; })}
        <button class="iconbtn" type="button" aria-label=${t('sticker.title')} @click=${() => attempt(async () => (await import('./sticker.js')).openStickers(this.closest('hy-composer')))}>${icon('sticker')}</button>
        <button class="iconbtn tone" type="button" aria-label=${t('chat.emoji.tone')} title=${t('chat.emoji.tone')} aria-haspopup="dialog" @click=${this.pickTone}>${`✋${this.tone}`}</button>
        <button class="iconbtn" type="button" aria-label=${t('chat.emoji.back')} @click=${() => emit(this, 'hy-emoji', { emoji: '' })}>${icon('undo-2')}</button></div>
      <div class="emoji-grid" role="group" aria-label=${t('chat.emoji')}>${found ? this.found(found) : this.browse()}</div>
      <div class="emoji-tabs" role="tablist">${this.groups.map(({ id }) => html`<button type="button" role="tab" aria-selected=${id === this.group && !found ? 'true' : 'false'}
        aria-label=${t(`chat.emoji.${id}`)} @click=${() => this.show(id)}>${MARKS[id]}</button>`)}</div>`;
  }

  async pickTone() {
    const picked = await choose({ title: t('chat.emoji.tone'), choices: TONES.map((tone, i) => ({ value: String(i), label: `✋${tone} ${t(`chat.emoji.tone.${i}`)}` })) });
    if (!picked) return;
    this.tone = TONES[Number(picked)];
    try {
      localStorage.setItem(TONE, this.tone);
    } catch { /* then it holds for this page */ }
  }

  show(id) {
    this.query = '';
    this.group = id;
    this.querySelector('.emoji-grid').scrollTop = 0;
  }

  found(found) {
    return found.length > 0 ? found.map((emoji) => this.key(toned(emoji, this.tone))) : html`<p class="empty">${t('chat.emoji.none')}</p>`;
  }

  browse() {
    const group = this.groups.find(({ id }) => id === this.group);
    const recent = this.group === 'smileys' && this.recent.length > 0;
    return html`${recent ? html`<h3>${t('chat.emoji.recent')}</h3>${this.recent.map((emoji) => this.key(emoji))}<h3>${t('chat.emoji.smileys')}</h3>` : nothing}
      ${group.emoji.map(([emoji, zh, en]) => this.key(toned(emoji, this.tone), document.documentElement.lang === 'en' ? en : zh.split(' ')[0]))}`;
  }

  key(emoji, label = emoji) {
    return html`<button type="button" title=${label} aria-label=${label} @click=${() => this.pick(emoji)}>${emoji}</button>`;
  }

  pick(emoji) {
    const next = [emoji, ...recents().filter((e) => e !== emoji)].slice(0, MOST_RECENT);
    try {
      localStorage.setItem(RECENT, JSON.stringify(next));
    } catch { /* then there are no recents */ }
    emit(this, 'hy-emoji', { emoji });
  }
}

customElements.define('hy-emoji', EmojiPanel);
