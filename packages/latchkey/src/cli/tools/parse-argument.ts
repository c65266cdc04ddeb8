import type { DeclaredTool, JsonValue, Parameter } from '../../core/declared-tool.ts';
import { LatchkeyError } from '../../core/error.ts';
import { toPlainText } from '../../core/plain-text.ts';

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
]);
const INTEGER = /^-?(?:0|[1-9]\d*)$/;

/** What each type is called, and how a text of it is read; undefined when it is none. */
const READERS: Readonly<
  Record<Parameter['type'], { readonly words: string; read(text: string): JsonValue | undefined }>
> = {
  string: { words: 'text', read: (text) => text },
  number: { words: 'a number', read: (text) => (NUMBER.test(text) ? Number(text) : undefined) },
  integer: { words: 'a whole number', read: (text) => (INTEGER.test(text) ? Number(text) : undefined) },
  boolean: { words: 'true or false', read: (text) => BOOLEANS.get(text) },
  array: { words: 'a JSON array', read: (text) => readJson(text, Array.isArray) },
  object: { words: 'a JSON object', read: (text) => readJson(text, isObject) },
};

/**
 * Reads `NAME=VALUE`, the value as the tool's parameter of that name says. A name that the tool does not have stays text,
 * so that the tool itself refuses it. Throws E_USAGE.
 */
export function parseArgument(tool: DeclaredTool, pair: string): { readonly name: string; readonly value: JsonValue } {
  const equals = pair.indexOf('=');
  if (equals < 1)
    throw new LatchkeyError('E_USAGE', `--arg ${toPlainText(pair)} is not NAME=VALUE.`, {
      hint: 'for example: --arg path=notes.txt',
    });
  const [name, text] = [pair.slice(0, equals), pair.slice(equals + 1)];
  const { words, read } = READERS[tool.parameters.find((parameter) => parameter.name === name)?.type ?? 'string'];
  const value = read(text);
  if (value !== undefined) return { name, value };
  throw new LatchkeyError('E_USAGE', `--arg ${name} wants ${words}.`, {
    hint: `it got ${toPlainText(text.slice(0, 80))}`,
  });
}

function readJson(text: string, fits: (value: unknown) => boolean): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
