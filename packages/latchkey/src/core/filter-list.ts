import type { ListedKind } from './visibility.ts';

/** Decides whether an entry of a list is shown. */
export type Visible = (kind: ListedKind, name: string) => boolean;

// The arrays of list results, the rules they fall under, and the member that names an entry.
const LISTS = [
  { member: 'tools', kind: 'tools', key: 'name' },
  { member: 'prompts', kind: 'prompts', key: 'name' },
  { member: 'resources', kind: 'resources', key: 'uri' },
  { member: 'resourceTemplates', kind: 'templates', key: 'uriTemplate' },
] as const satisfies readonly { member: string; kind: ListedKind; key: string }[];

export const LIST_METHODS: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

type Json = Record<string, unknown>;

/**
 * A JSON-RPC message with the entries taken out that the caller may not use, or null when it holds no list. What is
 * left is marked private (MCP 2026-07-28, Caching). Numbers keep their spelling. Throws when the text is not JSON.
 */
export function filterList(text: string, visible: Visible): string | null {
  const message = JSON.parse(text, keepNumber) as Json | null;
  const result = message?.['result'] as Json | null | undefined;
  if (typeof result !== 'object' || result === null) return null;
  let found = false;
  for (const { member, kind, key } of LISTS) {
    const entries = result[member];
    if (!Array.isArray(entries)) continue;
    found = true;
    result[member] = entries.filter(
      (entry: Json | null) => typeof entry?.[key] === 'string' && visible(kind, entry[key]),
    );
  }
  if (!found) return null;
  if ('cacheScope' in result || 'ttlMs' in result) result['cacheScope'] = 'private';
  return JSON.stringify(message);
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value;
}
