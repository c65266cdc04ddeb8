import type { ConfigInput } from './schema.ts';
import type { Path } from './yaml-document.ts';

export type Origin = 'flag' | 'environment' | 'file' | 'default';
export type Tree = Record<string, unknown>;

/** Environment variables that set a value, and which. */
export const ENVIRONMENT: readonly { readonly variable: string; readonly path: Path }[] = [
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

/** Lays flags over the environment over the file. An empty variable sets nothing, but an empty MCP_AUTH_TOKENS counts. */
export function mergeLayers(file: Tree, env: Readonly<Record<string, string | undefined>>, flags: ConfigInput): Layers {
  const environment: Tree = {};
  for (const { variable, path } of ENVIRONMENT) {
    const value = env[variable];
    if (value !== undefined && value !== '') environment[String(path[0])] = value;
  }
  const written = file['auth'];
  const hasStatic = isTree(written) && written['static'] !== undefined;
  if (env[STATIC_TOKENS] !== undefined && !hasStatic) environment['auth'] = { static: { env: STATIC_TOKENS } };
  const merged = merge(merge(file, environment), flags as Tree);
  const origin = (path: Path): Origin => {
    if (has(flags, path)) return 'flag';
    if (has(environment, path)) return 'environment';
    return has(file, path) ? 'file' : 'default';
  };
  const source = (path: Path): string | null => {
    const from = origin(path);
    if (from === 'flag') return `--${String(path[0]).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (from !== 'environment') return null;
    return ENVIRONMENT.find((each) => each.path[0] === path[0])?.variable ?? STATIC_TOKENS;
  };
  return { merged, origin, source };
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

function has(tree: unknown, path: Path): boolean {
  let value = tree;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Tree)[step];
  }
  return value !== undefined;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
