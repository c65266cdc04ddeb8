import { z } from 'zod';
import { configSchema } from './schema.ts';

/** JSON Schema (draft 7, which editors know best) of the configuration file. */
export function toJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'latchkey.yaml' };
}
