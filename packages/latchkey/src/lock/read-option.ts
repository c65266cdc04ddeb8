import { nearest } from '../core/nearest.ts';
import { EVERY_SCOPE } from '../core/principal.ts';
import { isRuleScope } from '../core/scope-token.ts';
import type { Rate } from '../core/gcra.ts';
import { parseDuration, parseRate, parseSize } from '../core/units.ts';
import type { Faults } from './faults.ts';

// The kinds of value that options have. Each says what it wants when it gets something else, and then gives what does no
// harm until the faults are thrown.

/** One option: where it stands, for people, and what was given. */
export interface Given {
  readonly faults: Faults;
  readonly path: string;
  readonly value: unknown;
}

export type Members = Readonly<Record<string, unknown>>;

const NO_MEMBERS: Members = Object.freeze({});

/** A member of what was given. */
export function member({ faults, path }: Given, key: string, value: unknown): Given {
  return { faults, path: join(path, key), value };
}

/** The members of an object of options; none where it is not there. */
export function readMembers(given: Given, known: readonly string[]): Members {
  const members = readRecord(given);
  for (const key of Object.keys(members)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === null ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
    given.faults.add(join(given.path, key), `unknown option; ${hint}`);
  }
  return members;
}

/** The same where its keys are not options, but names. */
export function readRecord({ faults, path, value }: Given): Members {
  if (value === undefined) return NO_MEMBERS;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) faults.add(path, 'expected an object');
  // Written as a literal it gives the object another prototype, and no member: a rule that would be lost.
  else if (Object.hasOwn(value, '__proto__') || !isPlain(value))
    faults.add(path, 'expected a plain object, without __proto__');
  else return value as Members;
  return NO_MEMBERS;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has another Object.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** One of some values; the first where it is not there. */
export function readChoice<Choice>({ faults, path, value }: Given, choices: readonly [Choice, ...Choice[]]): Choice {
  if (value === undefined) return choices[0];
  if (choices.includes(value as Choice)) return value as Choice;
  faults.add(path, `expected ${choices.join(' or ')}`);
  return choices[0];
}

export function readRate({ faults, path, value }: Given): Rate {
  const rate = typeof value === 'string' ? parseRate(value) : null;
  if (rate === null) faults.add(path, 'expected a rate such as 20/min or 5/s');
  return rate ?? { count: 1, periodMs: 1 };
}

/** Bytes. */
export function readSize({ faults, path, value }: Given): number {
  const size = typeof value === 'string' ? parseSize(value) : null;
  if (size === null) faults.add(path, 'expected a size such as 64KiB or 1MB');
  return size ?? 0;
}

/** Milliseconds, more than none. */
export function readDuration({ faults, path, value }: Given): number {
  const duration = typeof value === 'string' ? parseDuration(value) : null;
  if (!duration) faults.add(path, 'expected a duration such as 90s, 10m, 24h or 30d');
  return duration ?? 0;
}

export function readCount({ faults, path, value }: Given, most: number): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most) return value as number;
  faults.add(path, `expected a whole number from 1 to ${most}`);
  return 1;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

export function readName({ faults, path, value }: Given, preset: string): string {
  if (value === undefined) return preset;
  if (typeof value === 'string' && NAME.test(value)) return value;
  faults.add(path, 'expected a name of small letters, digits and -, 32 at most');
  return preset;
}

/** Texts that `accepts` takes; none where they are not there. */
export function readTexts(
  { faults, path, value }: Given,
  wanted: string,
  accepts: (text: string) => boolean,
): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string' && accepts(each))) return [...value];
  faults.add(path, `expected a list of ${wanted}`);
  return [];
}

/** Scopes that a rule can ask for. */
export function readScopes(given: Given): readonly string[] {
  return readTexts(given, 'scopes, of printable ASCII without space, quote or backslash; * is none', isRuleScope);
}

/** Scopes that somebody can hold. */
export function readHeldScopes(given: Given): readonly string[] {
  return readTexts(given, 'scopes', (text) => text === EVERY_SCOPE || isRuleScope(text));
}

export function readFunction<Kind>({ faults, path, value }: Given, preset: Kind): Kind {
  if (value === undefined) return preset;
  if (typeof value === 'function') return value as Kind;
  faults.add(path, 'expected a function');
  return preset;
}
