import type { DeclaredTool, JsonValue, Parameter } from '../../core/declared-tool.ts';

/** The values of a call by parameter, defaults among them; a parameter that was left out and has no default is absent. */
export type Values = ReadonlyMap<string, JsonValue>;

/** `problem` names every parameter that is wrong, and what it may be; it repeats no value. */
export type CheckedArguments = { readonly values: Values } | { readonly problem: string };

const MAX_PROBLEMS = 20;
const MAX_NAME = 60;
const MAX_ALLOWED = 400;

/**
 * Holds arguments against the tool's parameters: exactly what `toInputSchema` says, no value converted. Beyond what a
 * schema can say, texts must be well-formed Unicode and numbers finite, at any depth. `undefined` is no arguments.
 */
export function checkArguments(tool: DeclaredTool, args: unknown = {}): CheckedArguments {
  if (!isJsonObject(args)) return { problem: `The arguments of ${tool.name} must be an object.` };
  const known = new Set(tool.parameters.map(({ name }) => name));
  const unknown = Object.keys(args).filter((name) => !known.has(name));
  const values = new Map<string, JsonValue>();
  const problems: string[] = [];
  for (const parameter of tool.parameters) {
    const given: unknown = Object.hasOwn(args, parameter.name) ? args[parameter.name] : undefined;
    const problem = given === undefined ? absenceProblem(parameter) : valueProblem(parameter, given);
    if (problem !== null) problems.push(`${parameter.name}: ${problem}`);
    const value = given === undefined ? parameter.default : (given as JsonValue);
    if (value !== undefined) values.set(parameter.name, value);
  }
  for (const name of unknown) problems.push(`${toShortName(name)}: no such parameter; there ${list([...known])}`);
  return problems.length === 0 ? { values } : { problem: toProblemText(tool, problems) };
}

/** One message for everything that is wrong with the arguments of a call. */
export function toProblemText(tool: DeclaredTool, problems: readonly string[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS).map((problem) => `- ${problem}`);
  const more = problems.length - shown.length;
  return [`Nothing was run: ${tool.name} does not take these arguments.`, ...shown]
    .concat(more > 0 ? [`- and ${more} more`] : [])
    .join('\n');
}

/** A default stands in for what is required. */
export function isRequired({ required, default: fallback }: Parameter): boolean {
  return required && fallback === undefined;
}

function absenceProblem(parameter: Parameter): string | null {
  return isRequired(parameter) ? `missing; it must be ${TYPES[parameter.type].what}` : null;
}

interface TypeRule {
  readonly what: string;
  is(value: unknown): boolean;
}

const TYPES: Readonly<Record<Parameter['type'], TypeRule>> = {
  string: { what: 'a string', is: (value) => typeof value === 'string' },
  number: { what: 'a number', is: (value) => Number.isFinite(value) },
  integer: { what: 'an integer of at most 53 bits', is: (value) => Number.isSafeInteger(value) },
  boolean: { what: 'true or false', is: (value) => typeof value === 'boolean' },
  array: { what: 'an array', is: (value) => Array.isArray(value) },
  object: { what: 'an object', is: isJsonObject },
};

function valueProblem(parameter: Parameter, value: unknown): string | null {
  const { what, is } = TYPES[parameter.type];
  if (!is(value)) return `must be ${what}, and is ${describe(value, parameter.type)}`;
  if (!isJson(value)) return 'must be JSON: finite numbers, and texts of whole Unicode characters';
  const problems = [
    allowedProblem(parameter, value),
    typeof value === 'string' ? textProblem(parameter, value) : null,
    typeof value === 'number' ? rangeProblem(parameter, value) : null,
  ].filter((problem) => problem !== null);
  return problems.length === 0 ? null : `must ${problems.join(', and must ')}`;
}

function allowedProblem({ allowed }: Parameter, value: JsonValue): string | null {
  if (allowed === null || allowed.some((one) => isSameJson(one, value))) return null;
  const all = allowed.map((one) => JSON.stringify(one)).join(', ');
  return `be one of ${all.length > MAX_ALLOWED ? `${all.slice(0, MAX_ALLOWED)}…` : all}`;
}

function textProblem({ minLength, maxLength, pattern }: Parameter, text: string): string | null {
  const length = minLength === null && maxLength === null ? 0 : countCharacters(text);
  const problems = [
    minLength !== null && length < minLength ? `have at least ${minLength} characters, not ${length}` : null,
    maxLength !== null && length > maxLength ? `have at most ${maxLength} characters, not ${length}` : null,
    pattern !== null && !pattern.test(text) ? `match ${pattern.source}` : null,
  ].filter((problem) => problem !== null);
  return problems.length === 0 ? null : problems.join(', and must ');
}

function rangeProblem({ minimum, maximum }: Parameter, value: number): string | null {
  if (minimum !== null && value < minimum) return `be at least ${minimum}`;
  return maximum !== null && value > maximum ? `be at most ${maximum}` : null;
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isJson(value: unknown): value is JsonValue {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (isJsonObject(value)) return Object.entries(value).every(([key, one]) => key.isWellFormed() && isJson(one));
  return value === null || typeof value === 'boolean';
}

function isSameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries<JsonValue>(a as Record<string, JsonValue>);
  return (
    left.length === Object.keys(b).length &&
    left.every(([key, one]) => Object.hasOwn(b, key) && isSameJson(one, (b as Record<string, JsonValue>)[key] ?? null))
  );
}

function describe(value: unknown, wanted: Parameter['type']): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return wanted === 'number' || wanted === 'integer' ? 'another number' : 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function toShortName(name: string): string {
  const shown = JSON.stringify(name.slice(0, MAX_NAME)).replaceAll(/\p{C}/gu, '?');
  return name.length > MAX_NAME ? `${shown}…` : shown;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'are none' : `${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
}
