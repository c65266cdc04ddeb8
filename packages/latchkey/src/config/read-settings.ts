import type { Problem } from './problem.ts';
import { nameBy, readSchema } from './read-schema.ts';
import type { Locate } from './read-schema.ts';
import { configSchema } from './schema.ts';
import type { Settings } from './schema.ts';

export type ReadResult =
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** Holds a value against the schema and says everything that is wrong with it, each with its place. */
export function readSettings(value: unknown, locate: Locate): ReadResult {
  const read = readSchema(configSchema, value, { where: nameBy(locate) });
  return read.kind === 'value' ? { kind: 'settings', settings: read.value } : read;
}
