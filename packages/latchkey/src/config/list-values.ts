import type { z } from 'zod';
import { definitionOf } from './definition.ts';
import { isTree } from './layers.ts';
import type { Layers, Origin } from './layers.ts';
import { redactConfig } from './redact.ts';
import { configSchema } from './schema.ts';
import type { Path } from './yaml-document.ts';

export interface ConfigValue {
  /** `limits.sessions`; names with dots or other signs are quoted. */
  readonly path: string;
  /** As it would be written in the file; secrets are `[redacted]`. */
  readonly value: unknown;
  readonly origin: Origin;
}

/** Every value that holds, defaults included, with its origin. */
export function listValues(layers: Layers): readonly ConfigValue[] {
  const tree = redactConfig(fillDefaults(configSchema, layers.merged));
  return leavesOf(tree, []).map(({ path, value }) => ({ path: toText(path), value, origin: layers.origin(path) }));
}

/** The value with the schema's defaults put in as they would be written. */
function fillDefaults(schema: z.ZodType, value: unknown): unknown {
  const { type, defaultValue, innerType, shape, valueType } = definitionOf(schema);
  if (innerType !== undefined) {
    const given = value === undefined && (type === 'prefault' || type === 'default') ? defaultValue : value;
    return given === undefined ? undefined : fillDefaults(innerType, given);
  }
  if (!isTree(value)) return value;
  if (shape !== undefined)
    return Object.fromEntries(Object.entries(shape).map(([key, each]) => [key, fillDefaults(each, value[key])]));
  if (valueType === undefined) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fillDefaults(valueType, each)]));
}

function leavesOf(value: unknown, path: Path): readonly { readonly path: Path; readonly value: unknown }[] {
  if (value === undefined) return [];
  if (!isTree(value) || Object.keys(value).length === 0) return [{ path, value }];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, [...path, key]));
}

function toText(path: Path): string {
  return path.map((step) => (/^[\w-]+$/.test(String(step)) ? String(step) : JSON.stringify(step))).join('.');
}
