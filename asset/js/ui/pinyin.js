// Names by their pinyin: in its order, under the letter they begin with, and found by it however it is typed.
// The table of readings comes when the first view needs it; until then, and for characters that it does not
// have, the browser's own collation knows the letter. What reads `readings.value` is told when it is there.
import { signal } from '../../vendor/signals-core.js';

const collator = new Intl.Collator('zh-u-co-pinyin', { sensitivity: 'base', numeric: true });

// The first character that is read with each letter, in the order of pinyin (no syllable begins with I, U or V).
const letters = 'ABCDEFGHJKLMNOPQRSTWXYZ';
const firsts = [...'阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他穵夕丫帀'];

// How some characters are read where a name begins with them.
const surnames = new Map(Object.entries({
  单: 'shan', 單: 'shan', 曾: 'zeng', 解: 'xie', 仇: 'qiu', 区: 'ou', 區: 'ou', 查: 'zha', 盖: 'ge', 蓋: 'ge', 朴: 'piao', 翟: 'zhai',
  覃: 'qin', 尉: 'wei', 任: 'ren', 乐: 'yue', 樂: 'yue', 缪: 'miao', 逄: 'pang', 隗: 'wei', 牟: 'mu', 阚: 'kan', 乜: 'nie',
}));
// Words in which the first character is read otherwise than in a surname or by itself.
const words = [['chong', '重庆 重阳 重逢 重启'], ['chang', '长沙 长春 长城 长江 长安 长跑 长途 长期'], ['hang', '行业 行情 行长'], ['dan', '单位 单车 单身 单词 单元 单人'],
  ['jie', '解决 解放 解答 解密 解压'], ['ceng', '曾经'], ['qu', '区域 区块 区县'], ['cha', '查询 查分 查岗'], ['gai', '盖饭 盖章'], ['pu', '朴素'], ['chou', '仇恨'],
  ['le', '乐园 乐高 乐观 乐趣 乐活'], ['mo', '万俟'], ['yu', '尉迟']].flatMap(([syllable, all]) => all.split(' ').map((word) => [word, syllable]));

/** @type {{value: Map<string, string[]>, peek: () => Map<string, string[]>}} the readings of a character, the usual one first */
export const readings = signal(new Map());

/** Resolves once the table is there. */
export const ready = import('../../vendor/pinyin.js').then(({ default: table }) => {
  const all = new Map();
  for (const group of table.replace('|', ' ').split(' ')) {
    const [, syllable, characters] = /^([a-z]+)(.*)$/.exec(group) ?? [];
    for (const character of characters ?? '') all.set(character, [...(all.get(character) ?? []), syllable]);
  }
  readings.value = all;
}, () => {}); // without it names are found by what they are written with

const isHan = (/** @type {string} */ c) => /\p{Script=Han}/u.test(c);

/** The letter of a character by the browser's collation. */
function collated(/** @type {string} */ c) {
  let i = firsts.length - 1;
  while (i > 0 && collator.compare(c, firsts[i]) < 0) i--;
  return letters[i];
}

/** How a name's first character is read there: as a surname, or as in a word that everybody knows. */
function opening(/** @type {string} */ name) {
  const word = words.find(([text]) => name.startsWith(text));
  const [c] = name;
  return word?.[1] ?? surnames.get(c) ?? readings.value.get(c)?.[0] ?? collated(c).toLowerCase();
}

/** The letter under which a name is looked for; '#' where there is none. */
export function letterOf(/** @type {string} */ name) {
  const text = (name || '').trim();
  const first = [...text][0] ?? '';
  const plain = first.normalize('NFD')[0]?.toUpperCase() ?? '';
  if (plain >= 'A' && plain <= 'Z') return plain;
  return isHan(first) ? opening(text)[0].toUpperCase() : '#';
}

/** What a name is made of: each Chinese character, each word or number of other writing. */
const parts = (/** @type {string} */ name) => (name || '').toLowerCase().normalize('NFKC').match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+/gu) ?? [];
const bare = (/** @type {string} */ text) => text.normalize('NFD').replace(/\p{M}/gu, '');

/** The first letters of a name, read as it usually is: zxm for 张小明. */
export function initialsOf(/** @type {string} */ name) {
  const all = parts(name);
  const usual = (/** @type {string} */ c) => readings.value.get(c)?.[0] ?? collated(c);
  return all.map((part, i) => (isHan(part) ? (i ? usual(part) : opening(all.join(''))) : bare(part))[0].toLowerCase()).join('');
}

/** All that may be typed for a part; ü is typed v, u or yu. */
function spellings(/** @type {string} */ part) {
  if (!isHan(part)) return [bare(part)];
  const known = readings.value.get(part) ?? [collated(part).toLowerCase()];
  const surname = surnames.get(part);
  return [...new Set([...known, ...(surname ? [surname] : [])].flatMap((s) => (s.includes('v') ? [s, s.replace('v', 'u'), s.replace('v', 'yu')] : [s])))];
}

/** Whether the rest of a query is what parts from i on begin with: each part whole, by its first letter or its zh, ch, sh; the last one as far as typed. */
function follows(/** @type {string[]} */ all, /** @type {number} */ i, /** @type {string} */ rest) {
  if (!rest) return true;
  if (i >= all.length) return false;
  if (rest.startsWith(all[i]) && follows(all, i + 1, rest.slice(all[i].length))) return true;
  return spellings(all[i]).some((s) => s.startsWith(rest)
    || [s, /^[zcs]h/.test(s) ? s.slice(0, 2) : '', s[0]].some((head) => head && rest.startsWith(head) && follows(all, i + 1, rest.slice(head.length))));
}

/**
 * Whether a name is meant by what was typed: a piece of it, its pinyin in full or in part, its first letters, with
 * any reading of its characters. zxm, zhangxm, 'zhang xiaoming' and 小明 find 张小明, cq and zq 重庆.
 * @param {string} name @param {string} query
 */
export function matches(name, query) {
  const q = (query || '').normalize('NFKC').toLowerCase().trim();
  if (!q) return true;
  if ((name || '').normalize('NFKC').toLowerCase().includes(q)) return true;
  const typed = bare(q).replace(/[\s'’·-]+/g, '');
  if (!typed) return false;
  const all = parts(name);
  return all.some((_, i) => follows(all, i, typed));
}

/**
 * Groups by letter, each group in order; '#' comes last.
 * @template T @param {T[]} rows @param {(row: T) => string} nameOf @returns {[string, T[]][]}
 */
export function byLetter(rows, nameOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const row of rows) {
    const letter = letterOf(nameOf(row));
    groups.set(letter, [...(groups.get(letter) ?? []), row]);
  }
  for (const group of groups.values()) group.sort((a, b) => collator.compare(nameOf(a), nameOf(b)));
  const rank = (/** @type {string} */ letter) => (letter === '#' ? '~' : letter);
  return [...groups].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
}
