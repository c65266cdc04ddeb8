/** Spellings that some program takes for this key, as they stand in JSON. */
export function variantsOf(key: string): readonly string[] {
  const letters = [...key].flatMap((letter, at) => (/[a-zA-Z]/.test(letter) ? [at] : []));
  const change = (at: number, by: (letter: string) => string): string =>
    key.slice(0, at) + by(key[at] as string) + key.slice(at + 1);
  const middle = key.length >> 1;
  const insert = (text: string): string => key.slice(0, middle) + text + key.slice(middle);
  const wide = [...key].map((letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)).join('');
  const invisible = [
    '\u200b',
    '\u200d',
    '\u00ad',
    '\u2060',
    '\ufeff',
    '\ufe0f',
    '\u034f',
    '\u3164',
    '\u180e',
    '\u{e0001}',
  ];
  const all = [
    ...letters.map((at) => change(at, turn)),
    ...letters.map((at) => change(at, escape)),
    key.toUpperCase(),
    wide,
    key.replace('s', '\u017f'),
    key.replace('k', '\u212a'),
    key.replace('i', '\u0131'),
    key.replace('i', '\u0130'),
    ...['a', 'e', 'i', 'o'].map((vowel) => key.replace(vowel, `${vowel}\u0301`)),
    ...['a', 'e', 'i', 'o'].map((vowel) => key.replace(vowel, `${vowel}\u0301`.normalize('NFC'))),
    ...[' ', '\\t', '\\n', '\\u0000', '\\u0008', '\u00a0', '\u2003', '\u2028', '\u0085'].flatMap((each) => [
      `${key}${each}`,
      `${each}${key}`,
    ]),
    ...['_', '-', ...invisible].flatMap((each) => [insert(each), `${each}${key}`, `${key}${each}`]),
    `${key}\\u0000x`,
    `${key}\\ud800`,
    key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    key.replace(/^_/, ''),
  ];
  return [...new Set(all)].filter((variant) => variant !== key);
}

function turn(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

function escape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
