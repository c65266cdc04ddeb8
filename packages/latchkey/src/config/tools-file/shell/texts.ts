import type { Reading } from './reading.ts';

/** The texts that a script sets each variable to, as they are written. */
export function findTexts({ commands, text }: Reading): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, string[]>();
  const add = (name: string, start: number, end: number): void => {
    const own = texts.get(name) ?? [];
    own.push(text.slice(start, end));
    texts.set(name, own);
  };
  for (const { words, assignments } of commands) {
    for (const { name, start, end } of assignments) add(name, start + name.length + 1, end);
    for (const { prefix, start, end } of words.slice(1)) {
      const name = /^([A-Za-z_]\w*)\+?=/.exec(prefix)?.[1];
      if (name !== undefined) add(name, start + name.length + 1, end);
    }
    const [first, variable, ...list] = words;
    if (first?.literal === 'for' && typeof variable?.literal === 'string')
      for (const { start, end } of list) add(variable.literal, start, end);
  }
  return texts;
}
