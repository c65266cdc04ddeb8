import type { Era } from './revision.ts';
import type { ListedKind } from './visibility.ts';

/** Decides whether an entry of a list is shown. */
export type Visible = (kind: ListedKind, name: string, entry: Json) => boolean;

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
 * A JSON-RPC message with the entries taken out that the caller may not use, or null when it holds no list. What is left
 * is for nobody else: where the revision knows caching (2026-07-28) it goes out as private, with a `ttlMs` of 0 or more.
 * Numbers keep their spelling. Throws when the text is not one message in JSON.
 */
export function filterList(text: string, visible: Visible, era: Era): string | null {
  const message = JSON.parse(text, keepNumber) as Json | null;
  if (Array.isArray(message)) throw new TypeError('a batch');
  const result = message?.['result'] as Json | null | undefined;
  if (typeof result !== 'object' || result === null) return null;
  let found = false;
  for (const { member, kind, key } of LISTS) {
    const entries = result[member];
    if (!Array.isArray(entries)) continue;
    found = true;
    result[member] = entries.filter(
      (entry: Json | null) => typeof entry?.[key] === 'string' && visible(kind, entry[key], entry),
    );
  }
  if (!found) return null;
  if (era === 'modern') Object.assign(result, { ttlMs: toTtl(result['ttlMs']), cacheScope: 'private' });
  return JSON.stringify(message);
}

/** Whole milliseconds; 0, which is "do not keep it", for anything that is no time. */
function toTtl(value: unknown): number {
  const given = typeof value === 'object' ? Number((value as { rawJSON?: string } | null)?.rawJSON) : value;
  return typeof given === 'number' && given > 0 ? Math.min(Math.trunc(given), Number.MAX_SAFE_INTEGER) : 0;
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value;
}
