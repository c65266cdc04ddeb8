import { isTree } from '../layers.ts';
import { invalid } from '../problem.ts';
import type { Problem } from '../problem.ts';
import type { Path, YamlDocument } from '../yaml-document.ts';
import { findPlaceholders } from './placeholder.ts';
import type { Places } from './places.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of the gateway's that stands in a value now. */
export interface Expansion {
  readonly path: Path;
  readonly name: string;
}

export interface Expanded {
  readonly value: unknown;
  readonly expansions: readonly Expansion[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const FILE_KEYS = new Set(['name', 'description', 'version', 'environment', 'env']);
const TOOL_KEYS = new Set(['name', 'description', 'parameters', 'environment', 'env', 'script', 'http']);
/** Where text is wanted, a number or a yes is that text, as it is written. */
const TEXT_KEYS = new Set(['name', 'description', 'version', 'command', 'working_dir', 'body', 'extract_json']);
const TEXT_PARENTS = new Set(['environment', 'env', 'headers', 'args']);
/** Where an unbraced variable can hardly be meant otherwise. */
const VARIABLE_PARENTS = new Set(['environment', 'env', 'headers']);
const VARIABLE_KEYS = new Set(['url', 'working_dir', 'command']);

const REFERENCE = /\$(\$?)\{([^{}]*)\}/g;

/**
 * Puts the gateway's variables into the values of a file, in the place of `${NAME}`; `$${` stands for a plain `${`. Keys,
 * shell text, patterns and the arguments of tests stay as they are. A variable that is not set, or empty, is a problem.
 */
export function expandVariables(document: YamlDocument, env: Environment, places: Places): Expanded {
  const expansions: Expansion[] = [];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const expandText = (text: string, path: Path): string => {
    if (VARIABLE_PARENTS.has(String(path.at(-2))) || VARIABLE_KEYS.has(String(path.at(-1))))
      warnings.push(...warnOfUnbraced(text, path, places));
    return text.replaceAll(REFERENCE, (whole: string, escape: string, name: string, offset: number) => {
      if (escape !== '') return whole.slice(1);
      const trouble = findTrouble(name, env);
      if (trouble === null) expansions.push({ path, name });
      else problems.push(invalid(places.where(path, 'value', offset), trouble, places.hint));
      return env[name] ?? '';
    });
  };
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return isExpanded(path) ? expandText(value, path) : value;
    if (typeof value === 'number' || typeof value === 'boolean')
      return isText(path) ? (document.spelling(path) ?? String(value)) : value;
    if (Array.isArray(value)) return value.map((each, index) => walk(each, [...path, index]));
    if (!isTree(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, [...path, key])]));
  };
  return { value: walk(document.value, []), expansions, problems, warnings };
}

function findTrouble(name: string, env: Environment): string | null {
  if (!/^[A-Za-z_]\w*$/.test(name)) return 'only ${NAME} is expanded here; write $${ for a plain ${';
  if (name.startsWith('GANTZ_ARG_'))
    return `\${${name}} is a variable of scripts; write the parameter in double braces`;
  const value = env[name];
  if (value === undefined || value === '')
    return `the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}; set it, or write $\${${name}} if these signs are meant`;
  if (findPlaceholders(value, new Set()).length > 0) return `the value of ${name} looks like a place for a parameter`;
  return null;
}

function warnOfUnbraced(text: string, path: Path, places: Places): readonly Problem[] {
  return [...text.matchAll(/(?<![$\\])\$([A-Za-z_]\w*)/g)].map(({ index, 1: name }) =>
    invalid(places.where(path, 'value', index), `$${name} is not expanded here; write \${${name}}`, places.hint),
  );
}

function isExpanded(path: Path): boolean {
  const [first, , key] = path;
  if (path.at(-1) === 'pattern' || (key === 'script' && path[3] === 'shell')) return false;
  return first === 'tools' ? TOOL_KEYS.has(String(key)) : FILE_KEYS.has(String(first));
}

function isText(path: Path): boolean {
  return isExpanded(path) && (TEXT_KEYS.has(String(path.at(-1))) || TEXT_PARENTS.has(String(path.at(-2))));
}
