import type { z } from 'zod';

/** What the walks over the schema look at; which members are there depends on `type`. */
export interface Definition {
  readonly type: string;
  readonly defaultValue?: unknown;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
}

export function definitionOf(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

/** The definition under defaults, optionality and transformations; of a choice, the mapping among its options. */
export function unwrap(schema: z.ZodType): Definition {
  const definition = definitionOf(schema);
  const mapping = definition.options?.find((option) => unwrap(option).shape !== undefined);
  const inner = definition.innerType ?? definition.in ?? mapping;
  return inner === undefined ? definition : unwrap(inner);
}
