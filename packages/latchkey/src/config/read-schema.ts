import type { z } from 'zod';
import { unwrap } from './definition.ts';
import { nearest } from '../core/nearest.ts';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Path } from './yaml-document.ts';

export type Locate = (path: Path, part: 'key' | 'value') => string;

export type SchemaResult<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

export interface Wording {
  /** Where a value stands, for people: `latchkey.yaml:3:7 tools.read_file`. */
  where(path: Path, part: 'key' | 'value'): string;
  /** What to say of an unknown key that is known elsewhere; null: what it is nearest to. */
  foreign?(path: Path): string | null;
  readonly hint?: string;
}

/** Holds a value against a schema and says everything that is wrong with it, each with its place. */
export function readSchema<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  wording: Wording,
): SchemaResult<z.output<Schema>> {
  const result = schema.safeParse(value);
  if (result.success) return { kind: 'value', value: result.data };
  return { kind: 'problems', problems: result.error.issues.flatMap((issue) => toProblems(issue, schema, wording)) };
}

/** `FILE:LINE:COLUMN a.b`. */
export function nameBy(locate: Locate): Wording['where'] {
  return (path, part) => (path.length === 0 ? locate(path, part) : `${locate(path, part)} ${path.join('.')}`);
}

function toProblems(issue: z.core.$ZodIssue, schema: z.ZodType, wording: Wording): readonly Problem[] {
  const { where, foreign, hint } = wording;
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = foreign?.([...path, key]) ?? unknownKey(key, knownKeys(schema, path));
      return invalid(where([...path, key], 'key'), known, hint);
    });
  }
  if (issue.code === 'invalid_key') {
    return [invalid(where(path, 'key'), issue.issues[0]?.message ?? 'is no valid name', hint)];
  }
  return [invalid(where(path, 'value'), describe(issue), hint)];
}

/** How zod begins what it says of sizes by itself. */
const ZODS_WORDS = /^Too (?:big|small): /;
const MAPPING = 'a mapping; write {} for an empty one';
const KINDS: Readonly<Record<string, string>> = { object: MAPPING, record: MAPPING, boolean: 'true or false' };

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    const count = Number(issue.code === 'too_big' ? issue.maximum : issue.minimum);
    const bound = `at ${issue.code === 'too_big' ? 'most' : 'least'} ${count}`;
    if (issue.origin === 'number' || issue.origin === 'int') return `must be ${bound}`;
    // Where the schema has words of its own, they say more.
    if (!ZODS_WORDS.test(issue.message)) return issue.message;
    if (issue.origin === 'array') return `must have ${bound} ${count === 1 ? 'entry' : 'entries'}`;
    return issue.message.replace(ZODS_WORDS, '');
  }
  if (issue.code !== 'invalid_type') return issue.message;
  if (issue.message.endsWith('received undefined')) return 'is missing';
  const kind = KINDS[issue.expected] ?? issue.expected;
  return issue.message.startsWith('Invalid input') ? `expected ${kind}` : issue.message;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === null ? `unknown key; known are ${known.join(', ')}` : `unknown key; did you mean ${near}?`;
}

/** The keys that the object at a path may have, as the schema has them. */
function knownKeys(root: z.ZodType, path: Path): readonly string[] {
  let schema = root;
  for (const step of path) {
    const definition = unwrap(schema);
    const next = definition.shape?.[String(step)] ?? definition.valueType ?? definition.element;
    if (next === undefined) return [];
    schema = next;
  }
  return Object.keys(unwrap(schema).shape ?? {});
}
