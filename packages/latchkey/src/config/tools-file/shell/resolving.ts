import { BEFORE, EVALUATING, NAMING, READING, TESTS } from './builtins.ts';
import { findNamed } from './program.ts';
import { PROGRAMS } from './programs.ts';
import type { Command, Reading, Word } from './reading.ts';
import { findTexts } from './texts.ts';
import { WRAPPERS } from './wrappers.ts';

const OPTION = /^(?:[-+][A-Za-z]+|--)$/;
const REFERENCE = /\$\{?[!#]?\w+\}?/g;
/** More ways to read one command than these are none that anybody means. */
const MOST = 64;

/**
 * Words that are expanded may come to the name of a builtin or to one of its options: `y=let; $y 1`, `"$1"export`. Each
 * such command again, with the words of the script in their place that would change how it is judged.
 */
export function resolveNames(reading: Reading): readonly Command[] {
  const texts = findTexts(reading);
  return reading.commands.flatMap((command) => resolve(reading, command, texts));
}

function resolve(
  reading: Reading,
  command: Command,
  texts: ReadonlyMap<string, readonly string[]>,
): readonly Command[] {
  let ways: Word[][] = [[]];
  for (const word of command.words) {
    if (word.literal !== null || ways.length >= MOST) {
      for (const way of ways) way.push(word);
      continue;
    }
    const choices = [[word], ...choose(reading, word, texts).map((each) => [each])];
    if (mayVanish(reading, word)) choices.push([]);
    ways = ways.flatMap((way) => choices.map((choice) => [...way, ...choice])).slice(0, MOST);
  }
  return ways.slice(1).map((words) => ({ ...command, words }));
}

/** Without quotes, what is empty is no word at all: `sh -c $unset {{x}}`. */
function mayVanish({ text, substitutions }: Reading, { start, end, literal }: Word): boolean {
  if (literal !== null) return false;
  if (/^(?:\$\w+|\$\{\w[^"'}]*\}|"?\$\{?[@*]\}?"?|`[^`]*`)+$/.test(text.slice(start, end))) return true;
  return substitutions.some((each) => each.split && each.start === start && each.end === end);
}

function choose(reading: Reading, word: Word, texts: ReadonlyMap<string, readonly string[]>): readonly Word[] {
  if (word.literal !== null) return [];
  const { text, placeholders } = reading;
  const isBare = placeholders.has(word.start) || placeholders.has(word.start + 1);
  if (isBare) return [];
  const written = text.slice(word.start, word.end);
  // Variables in it may be empty: `$unset-c`.
  const reachable = `${follow(written, texts)} ${written.replaceAll(REFERENCE, '')}`;
  const words = [...new Set(reachable.match(/[\w.+-]+/g))].filter(isTelling);
  // It may be what printf is given first.
  return (reachable.includes('%') ? [...words, reachable] : words).map((literal) => ({
    ...word,
    literal,
    prefix: literal,
    plain: false,
  }));
}

function isTelling(word: string): boolean {
  if (OPTION.test(word) || [...BEFORE, 'printf', 'print'].includes(word)) return true;
  if (word === 'stdin') return true;
  const isBuiltin = [TESTS, EVALUATING, NAMING, READING].some((each) => each.has(word));
  return isBuiltin || findNamed(PROGRAMS, word).length + findNamed(WRAPPERS, word).length > 0;
}

/** The text of a word with that of all variables in it, as the script sets them. */
function follow(text: string, texts: ReadonlyMap<string, readonly string[]>): string {
  const seen = new Set<string>();
  const found = [text];
  for (const each of found) {
    for (const [, name = ''] of each.matchAll(/\$\{?[!#]?([A-Za-z_]\w*)/g)) {
      if (!seen.has(name)) found.push(...(texts.get(name) ?? []));
      seen.add(name);
    }
  }
  return found.join(' ');
}
