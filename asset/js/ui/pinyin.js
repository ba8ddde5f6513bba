// Names in the order of pinyin, under the letter they begin with; no table but the browser's own collation.

const collator = new Intl.Collator('zh-u-co-pinyin', { sensitivity: 'base', numeric: true });

// The first character that is read with each letter, in the order of pinyin (no syllable begins with I, U or V).
const letters = 'ABCDEFGHJKLMNOPQRSTWXYZ';
const firsts = [...'阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他穵夕丫帀'];

/** The letter under which a name is looked for; '#' where there is none. */
export function letterOf(/** @type {string} */ name) {
  const first = [...(name || '').trim()][0] ?? '';
  const plain = first.normalize('NFD')[0]?.toUpperCase() ?? '';
  if (plain >= 'A' && plain <= 'Z') return plain;
  if (!/\p{Script=Han}/u.test(first)) return '#';
  let i = firsts.length - 1;
  while (i > 0 && collator.compare(first, firsts[i]) < 0) i--;
  return letters[i];
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
