import { decodeHeaderValue, encodeHeaderValue } from './mcp-header.ts';

/** A tool parameter that clients mirror into `Mcp-Param-*` (MCP 2026-07-28, Streamable HTTP §Custom Headers). */
export interface MirroredParameter {
  /** Lower-case header name. */
  readonly header: string;
  /** Property names from the top of `arguments`. */
  readonly path: readonly string[];
}

type Json = { readonly [key: string]: unknown };

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const MAX_DEPTH = 16;

/** The mirrored parameters of each tool in a tools/list result; tools without any have an empty list. */
export function readMirroredParameters(result: unknown): ReadonlyMap<string, readonly MirroredParameter[]> {
  const found = new Map<string, readonly MirroredParameter[]>();
  const tools = (result as Json | null)?.['tools'];
  if (!Array.isArray(tools)) return found;
  for (const tool of tools as (Json | null)[]) {
    if (typeof tool?.['name'] === 'string') found.set(tool['name'], collect(tool['inputSchema'], [], 0));
  }
  return found;
}

function collect(schema: unknown, path: readonly string[], depth: number): readonly MirroredParameter[] {
  const properties = (schema as Json | null | undefined)?.['properties'];
  if (typeof properties !== 'object' || properties === null || depth >= MAX_DEPTH) return [];
  return Object.entries(properties as Json).flatMap(([key, value]) => {
    const own = (value as Json | null)?.['x-mcp-header'];
    const deeper = collect(value, [...path, key], depth + 1);
    return typeof own === 'string' && TOKEN.test(own)
      ? [{ header: `mcp-param-${own.toLowerCase()}`, path: [...path, key] }, ...deeper]
      : deeper;
  });
}

/**
 * Whether the `Mcp-Param-*` headers say what the arguments say: each mirrored value present in both or in neither, and
 * the same. `headers` is [lower-case name, value, …]; `args` the JSON text of the arguments.
 */
export function parametersMatch(
  parameters: readonly MirroredParameter[],
  args: string,
  headers: readonly string[],
): boolean {
  const root = JSON.parse(args) as unknown;
  return parameters.every((parameter) => {
    const values = valuesOf(headers, parameter.header);
    const inBody = valueAt(root, parameter.path);
    // Only texts, numbers and booleans can be mirrored; a header says nothing true of anything else.
    if (inBody === undefined || typeof inBody === 'object') return values.length === 0;
    const decoded = values.length === 1 ? decodeHeaderValue(values[0] as string) : null;
    return decoded !== null && sameValue(inBody, decoded);
  });
}

/** The `Mcp-Param-*` headers that say what the arguments say, [name, value, …]. `args` is the JSON text of the arguments. */
export function mirrorParameters(parameters: readonly MirroredParameter[], args: string): readonly string[] {
  const root = JSON.parse(args) as unknown;
  return parameters.flatMap(({ header, path }) => {
    const value = valueAt(root, path);
    return value === undefined || typeof value === 'object' ? [] : [header, encodeHeaderValue(String(value))];
  });
}

function valuesOf(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] as string);
  return values;
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let node = root;
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Json)[key];
  }
  return node;
}

// Numbers are compared as numbers: `42.0` is `42` (same section, Server Validation).
function sameValue(inBody: unknown, decoded: string): boolean {
  if (typeof inBody === 'number') return isExact(inBody) && NUMBER.test(decoded) && Number(decoded) === inBody;
  return decoded === String(inBody);
}

const NUMBER = /^-?[0-9]+(?:\.[0-9]+)?$/;

// Beyond this, numbers that differ as written are the same double here, but not to every server.
function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}
