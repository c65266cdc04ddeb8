/** A JSON value as conditions see it: integers are exact, and members of objects stand in a map, so no name is special. */
export type ArgumentValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | readonly ArgumentValue[]
  | ReadonlyMap<string, ArgumentValue>;

/** Arguments with more values than this are not judged by conditions, so that a condition's time has a bound. */
const MAX_ARGUMENT_VALUES = 2500;
const MAX_DEPTH = 100;

const INTEGER = /^-?\d+$/;

/**
 * Reads the JSON text of a call's arguments. Integers become bigint, exactly as written, so that a number a double
 * cannot hold is compared as what the server will see; other numbers stay doubles.
 * Throws RangeError past 2,500 values or 100 levels, for what servers read in several ways (numbers past
 * the range of doubles, text with lone surrogates or NUL), and SyntaxError for text that is not JSON.
 */
export function parseArguments(json: string): ArgumentValue {
  if (hasManyValues(json)) throw new RangeError('too many values');
  const plain: unknown = JSON.parse(json);
  const walk = { values: 0, inexact: false };
  const value = convert(plain, walk, 0);
  if (!walk.inexact) return value;
  return convert(
    JSON.parse(json, reviveInteger as (key: string, value: unknown) => unknown),
    { values: 0, inexact: false },
    0,
  );
}

/** Looks for more commas than allowed values have, so that a list of a million numbers is not even parsed. */
function hasManyValues(json: string): boolean {
  let commas = 0;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === 0x22) at = endOfString(json, at);
    else if (code === 0x2c) commas += 1;
    if (commas > MAX_ARGUMENT_VALUES) return true;
  }
  return false;
}

function endOfString(json: string, start: number): number {
  let quote = json.indexOf('"', start + 1);
  while (quote !== -1) {
    let before = quote - 1;
    while (json.charCodeAt(before) === 0x5c) before -= 1;
    if ((quote - before) % 2 === 1) return quote;
    quote = json.indexOf('"', quote + 1);
  }
  return json.length;
}

function reviveInteger(_key: string, value: unknown, context: { source?: string }): unknown {
  const source = context.source;
  if (typeof value !== 'number' || source === undefined || !INTEGER.test(source)) return value;
  return BigInt(source);
}

function convert(value: unknown, walk: { values: number; inexact: boolean }, depth: number): ArgumentValue {
  walk.values += 1;
  if (walk.values > MAX_ARGUMENT_VALUES) throw new RangeError('too many values');
  if (depth > MAX_DEPTH) throw new RangeError('too deep');
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (!Number.isFinite(value)) throw new RangeError('a number past the range of doubles');
    if (Math.abs(value) >= Number.MAX_SAFE_INTEGER) walk.inexact = true;
    return value;
  }
  if (typeof value === 'string' && !isSoundText(value)) throw new RangeError('not the same text to every program');
  if (typeof value !== 'object' || value === null) return value as ArgumentValue;
  if (Array.isArray(value)) return value.map((each) => convert(each, walk, depth + 1));
  const members = new Map<string, ArgumentValue>();
  for (const key of Object.keys(value))
    members.set(key, convert((value as Record<string, unknown>)[key], walk, depth + 1));
  return members;
}

/** To some programs a text ends at a NUL, and lone surrogates are dropped or become another character. */
function isSoundText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
