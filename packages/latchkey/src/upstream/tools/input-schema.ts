import type { DeclaredTool, JsonValue, Parameter } from '../../core/declared-tool.ts';
import { isRequired } from './arguments.ts';
import { toEcmaPattern } from './ecma-pattern.ts';

/** A JSON Schema 2020-12 object. */
export type InputSchema = Readonly<Record<string, JsonValue>>;

/**
 * The schema that `tools/list` shows for a tool: what `checkArguments` accepts, no more and no less. A pattern that only
 * RE2 can express is told in the description instead, since clients read patterns as ECMA-262 does.
 */
export function toInputSchema({ parameters }: DeclaredTool): InputSchema {
  const required = parameters.filter(isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, toProperty(parameter)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function toProperty(parameter: Parameter): JsonValue {
  const { type, description, allowed, pattern, default: fallback } = parameter;
  const shown = type === 'string' && pattern !== null ? toEcmaPattern(pattern.source) : null;
  const untold = type === 'string' && pattern !== null && shown === null ? `Must match ${pattern.source} (RE2).` : null;
  const text = [description, untold].filter((part) => part !== null && part !== '').join(' ');
  return {
    type,
    ...(text === '' ? {} : { description: text }),
    ...(allowed === null ? {} : { enum: allowed }),
    ...(shown === null ? {} : { pattern: shown }),
    ...toLimits(parameter),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}

function toLimits({ type, minLength, maxLength, minimum, maximum }: Parameter): Record<string, number> {
  const limits: Record<string, number | null> = type === 'string' ? { minLength, maxLength } : {};
  if (type === 'number') Object.assign(limits, { minimum, maximum });
  // Beyond 53 bits the number that runs would not be the number that was sent.
  if (type === 'integer')
    Object.assign(limits, {
      minimum: Math.max(minimum ?? -Infinity, Number.MIN_SAFE_INTEGER),
      maximum: Math.min(maximum ?? Infinity, Number.MAX_SAFE_INTEGER),
    });
  return Object.fromEntries(Object.entries(limits).filter((entry): entry is [string, number] => entry[1] !== null));
}
