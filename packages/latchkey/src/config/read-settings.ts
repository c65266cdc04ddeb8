import type { z } from 'zod';
import { unwrap } from './definition.ts';
import { nearest } from './nearest.ts';
import { invalid } from './problem.ts';
import type { Problem } from './problem.ts';
import { configSchema } from './schema.ts';
import type { Settings } from './schema.ts';
import type { Path } from './yaml-document.ts';

export type Locate = (path: Path, part: 'key' | 'value') => string;

export type ReadResult =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** Holds a value against the schema and says everything that is wrong with it, each with its place. */
export function readSettings(value: unknown, locate: Locate): ReadResult {
  const result = configSchema.safeParse(value);
  if (result.success) return { kind: 'settings', settings: result.data };
  return { kind: 'problems', problems: result.error.issues.flatMap((issue) => toProblems(issue, locate)) };
}

function toProblems(issue: z.core.$ZodIssue, locate: Locate): readonly Problem[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => invalid(name(locate, [...path, key], 'key'), unknownKey(key, knownKeys(path))));
  }
  if (issue.code === 'invalid_key') {
    return [invalid(name(locate, path, 'key'), issue.issues[0]?.message ?? 'is no valid name')];
  }
  return [invalid(name(locate, path, 'value'), describe(issue))];
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big' || issue.code === 'too_small') {
    const bound = issue.code === 'too_big' ? `at most ${issue.maximum}` : `at least ${issue.minimum}`;
    return issue.origin === 'number' || issue.origin === 'int'
      ? `must be ${bound}`
      : issue.message.replace(/^Too (?:big|small): /, '');
  }
  if (issue.code !== 'invalid_type') return issue.message;
  if (issue.message.endsWith('received undefined')) return 'is missing';
  const kind =
    issue.expected === 'object' || issue.expected === 'record'
      ? 'a mapping; write {} for an empty one'
      : issue.expected;
  return issue.message.startsWith('Invalid input') ? `expected ${kind}` : issue.message;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === null ? `unknown key; known are ${known.join(', ')}` : `unknown key; did you mean ${near}?`;
}

function name(locate: Locate, path: Path, part: 'key' | 'value'): string {
  return path.length === 0 ? locate(path, part) : `${locate(path, part)} ${path.join('.')}`;
}

/** The keys that the object at a path may have, as the schema has them. */
function knownKeys(path: Path): readonly string[] {
  let schema: z.ZodType = configSchema;
  for (const step of path) {
    const definition = unwrap(schema);
    const next = definition.shape?.[String(step)] ?? definition.valueType ?? definition.element;
    if (next === undefined) return [];
    schema = next;
  }
  return Object.keys(unwrap(schema).shape ?? {});
}
