import path from 'node:path';
import type { ConfigInput } from './schema.ts';
import type { Path } from './yaml-document.ts';

export type Origin = 'flag' | 'environment' | 'file' | 'default';
export type Tree = Record<string, unknown>;

/** Environment variables that set a value, and which. */
const ENVIRONMENT: readonly { readonly variable: string; readonly path: Path }[] = [
  { variable: 'LATCHKEY_LISTEN', path: ['listen'] },
  { variable: 'LATCHKEY_PUBLIC_URL', path: ['publicUrl'] },
  { variable: 'LATCHKEY_STORE', path: ['store'] },
  { variable: 'LATCHKEY_PROTOCOL', path: ['protocol'] },
];

/** The variable whose presence alone turns static tokens on. */
const STATIC_TOKENS = 'MCP_AUTH_TOKENS';

export interface Layers {
  readonly merged: Tree;
  origin(path: Path): Origin;
  /** How the person who set it calls it: a flag or a variable; null for the file and for defaults. */
  source(path: Path): string | null;
}

/**
 * Lays flags over the environment over the file. An empty variable sets nothing, but an empty MCP_AUTH_TOKENS counts.
 * Paths in flags and variables are relative to the working directory, those of the file to the file.
 */
export function mergeLayers(
  file: Tree,
  env: Readonly<Record<string, string | undefined>>,
  given: ConfigInput,
  working: string,
): Layers {
  const flags = anchor(given as Tree, working);
  const variables: Tree = {};
  for (const { variable, path: to } of ENVIRONMENT) {
    const value = env[variable];
    if (value !== undefined && value !== '') variables[String(to[0])] = value;
  }
  const environment = anchor(variables, working);
  const written = file['auth'];
  const hasStatic = isTree(written) && written['static'] !== undefined;
  if (env[STATIC_TOKENS] !== undefined && !hasStatic) environment['auth'] = { static: { env: STATIC_TOKENS } };
  const merged = merge(merge(file, environment), flags);
  const origin = (at: Path): Origin => {
    if (has(flags, at)) return 'flag';
    if (has(environment, at)) return 'environment';
    return has(file, at) ? 'file' : 'default';
  };
  const source = (at: Path): string | null => {
    const from = origin(at);
    if (from === 'flag') return flagOf(at, flags);
    if (from !== 'environment') return null;
    return ENVIRONMENT.find((each) => each.path[0] === at[0])?.variable ?? STATIC_TOKENS;
  };
  return { merged, origin, source };
}

function flagOf([key]: Path, { upstream }: Tree): string {
  if (key === 'upstream' && isTree(upstream) && upstream['url'] === undefined)
    return upstream['tools'] === undefined ? '-- COMMAND' : '--tools';
  // Nothing is wrong with asking for credentials.
  if (key === 'auth') return '--no-auth';
  return `--${String(key).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function anchor(tree: Tree, working: string): Tree {
  const { store, upstream } = tree;
  return {
    ...tree,
    ...(typeof store === 'string' && !store.includes('://') && { store: path.resolve(working, store) }),
    ...(isTree(upstream) && { upstream: anchorUpstream(upstream, working) }),
  };
}

function anchorUpstream(upstream: Tree, working: string): Tree {
  const { command, tools } = upstream;
  if (typeof tools === 'string') return { ...upstream, tools: path.resolve(working, tools) };
  return command === undefined ? upstream : { cwd: working, ...upstream };
}

/** A server given by flags takes the place of the file's whole; other mappings are merged. */
function merge(under: Tree, over: Tree): Tree {
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    if (value === undefined) continue;
    merged[key] = key !== 'upstream' && isTree(value) && isTree(below) ? merge(below, value) : value;
  }
  return merged;
}

function has(tree: unknown, at: Path): boolean {
  let value = tree;
  for (const step of at) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Tree)[step];
  }
  return value !== undefined;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
