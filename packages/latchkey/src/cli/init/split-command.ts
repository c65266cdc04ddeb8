/** Splits a command line into words as a shell would, quotes and backslashes included, and expands nothing; null when a quote stays open or nothing is there. */
export function splitCommand(line: string): string[] | null {
  const words: string[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const [whole] = /^(?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+/.exec(rest) ?? [];
    if (whole === undefined) return null;
    words.push(unquote(whole));
    const after = rest.slice(whole.length);
    rest = after.trimStart();
    if (rest !== '' && rest === after) return null;
  }
  return words.length === 0 || words[0] === '' ? null : words;
}

function unquote(word: string): string {
  return word.replaceAll(
    /\\([^])|'([^']*)'|"((?:[^"\\]|\\[^])*)"/g,
    (_, escaped?: string, single?: string, double?: string) => {
      return escaped ?? single ?? (double ?? '').replaceAll(/\\(["\\$`])/g, '$1');
    },
  );
}
