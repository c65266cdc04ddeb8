import type { Parameter } from '../../core/declared-tool.ts';
import type { Placeholder } from './placeholder.ts';

/** More names than these for one key are none that a file lists. */
const MOST = 1000;

/** A key of an object, between its quotes. */
interface Key {
  readonly start: number;
  readonly end: number;
  readonly places: readonly Placeholder[];
}

export interface KeyTrouble {
  readonly place: Placeholder;
  readonly message: string;
}

/**
 * What is wrong with places in the keys of a JSON text: there a caller could give a member of the file's own another
 * value, since readers take the last of two. Only values that the file lists may be keys, where none is there already.
 */
export function findKeyTrouble(
  text: string,
  places: readonly Placeholder[],
  parameters: readonly Parameter[],
): readonly KeyTrouble[] {
  const byName = new Map(parameters.map((each) => [each.name, each]));
  return findObjects(text, places).flatMap((keys) => {
    const names = keys.map((key) => listNames(text, key, byName));
    return keys.flatMap(({ places: [place] }, at): readonly KeyTrouble[] => {
      if (place === undefined) return [];
      const own = names[at] ?? null;
      if (own === null)
        return [
          { place, message: 'would choose a key, and so repeat one of the body; list the keys it may be with enum' },
        ];
      const others = new Set(names.flatMap((each, index) => (index === at ? [] : (each ?? []))));
      const twice = own.find((name) => others.has(name));
      return twice === undefined
        ? []
        : [{ place, message: `may be the key ${JSON.stringify(twice)}, which is there twice then` }];
    });
  });
}

/** The keys of each object of a text that is JSON with its places filled. */
function findObjects(text: string, places: readonly Placeholder[]): readonly (readonly Key[])[] {
  const objects: Key[][] = [];
  const open: (Key[] | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const place = places.find(({ start }) => start === at);
    const sign = text[at] ?? '';
    if (place !== undefined) at = place.end - 1;
    else if (sign === '[') open.push(null);
    else if (sign === '{') objects.push(open[open.push([]) - 1] as Key[]);
    else if (sign === ']' || sign === '}') open.pop();
    else if (sign === '"') {
      const string = readString(text, at + 1, places);
      if (/^\s*:/.test(text.slice(string.end + 1))) open.at(-1)?.push(string);
      at = string.end;
    }
  }
  return objects;
}

/** From behind its opening quote to its closing one. */
function readString(text: string, start: number, places: readonly Placeholder[]): Key {
  const inside: Placeholder[] = [];
  let at = start;
  while (at < text.length && text[at] !== '"') {
    const place = places.find((each) => each.start === at);
    if (place !== undefined) inside.push(place);
    at = place?.end ?? at + (text[at] === '\\' ? 2 : 1);
  }
  return { start, end: at, places: inside };
}

/** All names that a key may come to, without regard to case; null when callers choose them. */
function listNames(
  text: string,
  { start, end, places }: Key,
  parameters: ReadonlyMap<string, Parameter>,
): readonly string[] | null {
  let names = [''];
  let from = start;
  for (const { name, start: at, end: behind } of places) {
    const values = listValues(parameters.get(name));
    if (values === null || names.length * values.length > MOST) return null;
    const before = text.slice(from, at);
    names = names.flatMap((each) => values.map((value) => each + before + value));
    from = behind;
  }
  return names.map((each) => (JSON.parse(`"${each}${text.slice(from, end)}"`) as string).toLowerCase());
}

/** As they stand in a string of the body. */
function listValues(parameter: Parameter | undefined): readonly string[] | null {
  if (parameter === undefined) return null;
  const { type, allowed, required, default: preset } = parameter;
  const values = allowed ?? (type === 'boolean' ? [true, false] : null);
  if (values === null) return null;
  const texts = values.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
  if (!required && preset === undefined) texts.push('');
  return texts.map((each) => JSON.stringify(each).slice(1, -1));
}
