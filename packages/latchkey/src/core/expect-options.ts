import { nearest } from './nearest.ts';

/** By the name of each option: the values that it can have, or null where it is not looked at. */
export type KnownOptions<Options> = Readonly<Record<keyof Required<Options> & string, readonly unknown[] | null>>;

/**
 * Throws a TypeError that names everything that is wrong with the options of `of`: in JavaScript what is misspelt would
 * otherwise be as if it had not been said.
 */
export function expectOptions<Options extends object>(
  of: string,
  options: Options,
  known: KnownOptions<Options>,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`${of}: expected an object`);
  const names = Object.keys(known);
  const faults = Object.entries(options).flatMap(([name, value]) => {
    if (!names.includes(name)) return [`${name}: unknown option; ${hintFor(name, names)}`];
    const choices = known[name as keyof typeof known];
    return choices === null || value === undefined || choices.includes(value)
      ? []
      : [`${name}: expected ${choices.join(' or ')}`];
  });
  if (faults.length > 0) throw new TypeError(`${of}: ${faults.join('; ')}`);
}

function hintFor(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === null ? `known are ${names.join(', ')}` : `did you mean ${near}?`;
}
