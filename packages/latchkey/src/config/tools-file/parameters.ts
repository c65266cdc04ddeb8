import { RE2JS } from 're2js';
import { argumentVariable } from '../../core/argument-variable.ts';
import type { JsonValue, Parameter } from '../../core/declared-tool.ts';
import type { Problem } from '../problem.ts';
import type { Path } from '../yaml-document.ts';
import type { Places } from './places.ts';
import type { ParameterSettings } from './tools-schema.ts';

type Type = Parameter['type'];
type Spell = (path: Path) => string | null;

interface Context {
  readonly at: Path;
  readonly places: Places;
  readonly spell: Spell;
  readonly problems: Problem[];
}

/** Instructions of a compiled pattern. */
const MAX_PATTERN_PROGRAM = 1000;

/** Makes the parameters of a tool; what is wrong with them is added to `problems`. */
export function createParameters(
  given: readonly ParameterSettings[],
  around: { readonly at: Path; readonly places: Places; readonly spell: Spell; readonly problems: Problem[] },
): readonly Parameter[] {
  checkNames(given, around);
  return given.map((settings, index) => createParameter(settings, { ...around, at: [...around.at, index] }));
}

function checkNames(given: readonly ParameterSettings[], { at, places, problems }: Context): void {
  const seen = new Map<string, string>();
  given.forEach(({ name }, index) => {
    const variable = argumentVariable(name);
    const other = seen.get(variable);
    if (other !== undefined)
      problems.push(places.problem([...at, index, 'name'], `and ${other} are one name to scripts: ${variable}`));
    seen.set(variable, name);
  });
}

function createParameter(settings: ParameterSettings, context: Context): Parameter {
  const { name, type, description, validation } = settings;
  const allowed = readAllowed(settings, context);
  const parameter: Parameter = {
    name,
    type,
    description: description ?? null,
    // Whoever gives a default means that the parameter may be left out.
    required: settings.required && settings.default === undefined,
    default: readDefault(settings, context),
    allowed,
    pattern: readPattern(settings, context),
    minLength: validation.min_length ?? null,
    maxLength: validation.max_length ?? null,
    minimum: validation.minimum ?? validation.min ?? null,
    maximum: validation.maximum ?? validation.max ?? null,
  };
  checkValidation(settings, context);
  checkDefault(parameter, context);
  return parameter;
}

function readDefault(
  { type, default: given }: ParameterSettings,
  { at, places, spell, problems }: Context,
): JsonValue | undefined {
  if (given === undefined) return undefined;
  const path = [...at, 'default'];
  const value = toValue(given, type, spell(path));
  if (value === undefined) problems.push(places.problem(path, `is no ${type}`));
  return value;
}

function readAllowed(
  settings: ParameterSettings,
  { at, places, spell, problems }: Context,
): readonly JsonValue[] | null {
  const { type, validation } = settings;
  const path = settings.enum === undefined ? [...at, 'validation', 'allowed_values'] : [...at, 'enum'];
  const given = settings.enum ?? validation.allowed_values;
  if (given === undefined) return null;
  if (settings.enum !== undefined && validation.allowed_values !== undefined)
    problems.push(places.problem(path, 'stands beside validation.allowed_values; write one of them'));
  const seen = new Set<string>();
  return given.flatMap((each, index): readonly JsonValue[] => {
    const value = toValue(each, type, spell([...path, index]));
    if (value === undefined) problems.push(places.problem([...path, index], `is no ${type}`));
    else if (seen.has(JSON.stringify(value))) problems.push(places.problem([...path, index], 'is there twice'));
    seen.add(JSON.stringify(value));
    return value === undefined ? [] : [value];
  });
}

/** A value of a type, from what stands in the file: numbers and the like may be written as text. Undefined: it is none. */
export function toValue(given: unknown, type: Type, spelled: string | null): JsonValue | undefined {
  if (type === 'string') {
    if (typeof given === 'string') return given;
    return typeof given === 'number' || typeof given === 'boolean' ? (spelled ?? String(given)) : undefined;
  }
  const value = typeof given === 'string' ? parseText(given, type) : given;
  return isOfType(value, type) ? (value as JsonValue) : undefined;
}

function parseText(text: string, type: Type): unknown {
  if (type === 'number' || type === 'integer')
    return /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isOfType(value: unknown, type: Type): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'number':
      return Number.isFinite(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

function readPattern(
  { validation: { pattern } }: ParameterSettings,
  { at, places, problems }: Context,
): Parameter['pattern'] {
  if (pattern === undefined) return null;
  const path = [...at, 'validation', 'pattern'];
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > MAX_PATTERN_PROGRAM) problems.push(places.problem(path, 'is too large a pattern'));
    return { source: pattern, test: (text) => compiled.test(text) };
  } catch {
    problems.push(places.problem(path, 'is no RE2 pattern: (?=…), (?!…) and \\1 are none'));
    return null;
  }
}

const NUMERIC: readonly Type[] = ['number', 'integer'];
const KEYS: readonly (readonly [keyof ParameterSettings['validation'], readonly Type[]])[] = [
  ['pattern', ['string']],
  ['min_length', ['string']],
  ['max_length', ['string']],
  ['minimum', NUMERIC],
  ['maximum', NUMERIC],
  ['min', NUMERIC],
  ['max', NUMERIC],
];

function checkValidation({ type, validation }: ParameterSettings, { at, places, problems }: Context): void {
  const path = [...at, 'validation'];
  for (const [key, types] of KEYS) {
    if (validation[key] !== undefined && !types.includes(type))
      problems.push(places.problem([...path, key], `is for ${types.join(' and ')}, not for ${type}`));
  }
  for (const [short, long] of [
    ['min', 'minimum'],
    ['max', 'maximum'],
  ] as const) {
    if (validation[short] !== undefined && validation[long] !== undefined)
      problems.push(places.problem([...path, short], `stands beside ${long}; write one of them`));
  }
  const { min_length: least = 0, max_length: most = Infinity } = validation;
  const low = validation.minimum ?? validation.min ?? -Infinity;
  const high = validation.maximum ?? validation.max ?? Infinity;
  if (least > most || low > high) problems.push(places.problem(path, 'lets no value through'));
}

function checkDefault(parameter: Parameter, { at, places, problems }: Context): void {
  const { default: value, allowed, pattern, minLength, maxLength, minimum, maximum } = parameter;
  if (value === undefined) return;
  const length = typeof value === 'string' ? [...value].length : 0;
  const held =
    (allowed === null || allowed.some((each) => JSON.stringify(each) === JSON.stringify(value))) &&
    (typeof value !== 'string' ||
      ((pattern === null || pattern.test(value)) && length >= (minLength ?? 0) && length <= (maxLength ?? Infinity))) &&
    (typeof value !== 'number' || (value >= (minimum ?? -Infinity) && value <= (maximum ?? Infinity)));
  if (!held) problems.push(places.problem([...at, 'default'], 'is not among the values that this parameter takes'));
}
