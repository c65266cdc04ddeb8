import type { Parameter } from '../../../core/declared-tool.ts';
import { mayBeOption } from '../fixed-values.ts';
import { TESTS } from './builtins.ts';
import type { Flow } from './flow.ts';
import { placeIn } from './reading.ts';
import type { Command, Range, Reading, Refusal } from './reading.ts';

/** Take no options, or nothing of harm. */
const PLAIN = new Set(['echo', 'printf', ':', 'true', 'false', 'for', 'select', 'return', 'exit', 'shift', ...TESTS]);

/** A value at the beginning of an argument that no `--` stands before. */
export function warnOfOptions(reading: Reading, { words }: Command, flow: Flow): readonly Refusal[] {
  const [name, ...rest] = words;
  const program = name?.literal ?? null;
  if (program === null || PLAIN.has(program)) return [];
  const dashes = rest.findIndex(({ literal }) => literal === '--');
  return rest.slice(0, dashes === -1 ? rest.length : dashes).flatMap((word, at): readonly Refusal[] => {
    const before = rest[at - 1]?.literal ?? '';
    if (word.literal !== null || word.prefix !== '' || /^--[\w-]+$|^-[eHdXFmofug]$/.test(before)) return [];
    if (program === 'find' && before.startsWith('-')) return [];
    if (!flow.valuesIn(word).some(mayBeOption)) return [];
    const message = `may begin with - and be read as an option of ${program}; write -- before it if ${program} takes that, or limit it with validation.pattern`;
    return [{ offset: placeIn(reading, word), message }];
  });
}

const SENDING = new Set(['curl', 'wget', 'http', 'https', 'xh', 'curlie']);

/** JSON in the quotes of a shell is pasted together, and a quote in a value changes it. */
export function warnOfJson(
  reading: Reading,
  { words }: Command,
  free: (range: Range) => readonly Parameter[],
): readonly Refusal[] {
  if (!SENDING.has(words[0]?.literal ?? '')) return [];
  return words
    .filter((word) => /[{[,:]\s*\\?"/.test(reading.text.slice(word.start, word.end)) && free(word).length > 0)
    .map((word) => ({
      offset: placeIn(reading, word),
      message: 'is pasted into JSON, which a quote in it changes; http: {method, url, body} encodes values',
    }));
}
