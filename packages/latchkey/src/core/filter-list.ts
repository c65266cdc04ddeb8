import { parseExact } from './exact-json.ts';
import type { Era } from './revision.ts';
import type { ListedKind } from './visibility.ts';

/** What one caller may see of what a server says. */
export interface View {
  readonly era: Era;
  /** Of the request that is answered, exact JSON; null for a stream that answers none. */
  readonly id: string | null;
  /** Whether an entry of a list is shown. */
  readonly visible: (kind: ListedKind, name: string, entry: Json) => boolean;
  /** Whether a capability is shown that is of use only with this method. */
  readonly offers: (method: string) => boolean;
  /** Whether a change of this resource is told. */
  readonly hears: (uri: string) => boolean;
  /** The caller's own form of a cursor of such a list. */
  readonly sealCursor: (kind: ListedKind, cursor: string) => string;
  /** Told of each list that was filtered. */
  readonly onList: () => void;
}

// The arrays of list results, the rules they fall under, and the member that names an entry.
const LISTS = [
  { method: 'tools/list', member: 'tools', kind: 'tools', key: 'name' },
  { method: 'prompts/list', member: 'prompts', kind: 'prompts', key: 'name' },
  { method: 'resources/list', member: 'resources', kind: 'resources', key: 'uri' },
  { method: 'resources/templates/list', member: 'resourceTemplates', kind: 'templates', key: 'uriTemplate' },
] as const satisfies readonly { method: string; member: string; kind: ListedKind; key: string }[];

/** The kind of entries that each list method answers with. */
export const LIST_METHODS: ReadonlyMap<string, ListedKind> = new Map(LISTS.map(({ method, kind }) => [method, kind]));

/** Members of its capabilities, or of one of them, by which a server offers what needs methods that only a rule lets through. */
const OFFERS: readonly { readonly of: string | null; readonly member: string; readonly method: string }[] = [
  { of: null, member: 'tasks', method: 'tasks/get' },
  { of: 'tasks', member: 'requests', method: 'tasks/result' },
  { of: 'tasks', member: 'list', method: 'tasks/list' },
  { of: 'tasks', member: 'cancel', method: 'tasks/cancel' },
  { of: 'extensions', member: 'io.modelcontextprotocol/tasks', method: 'tasks/get' },
];

type Json = Record<string, unknown>;

/**
 * A server's message as this caller may see it: list entries and capabilities it may not use are taken out, cursors are
 * its own, and the rest is for nobody else: where the revision knows caching (2026-07-28) it is private, with a `ttlMs` of
 * 0 or more. Null when there is nothing to change, empty when nothing of it may be seen. Numbers keep their spelling.
 * Throws when the text is not JSON.
 */
export function filterList(text: string, view: View): string | null {
  const message = parseExact(text);
  // 2025-03-26 has batches in answers, too.
  if (!Array.isArray(message)) return toText(message, filterMessage(message, view));
  const fates = message.map((one) => filterMessage(one, view));
  if (fates.every((fate) => fate === 'same')) return null;
  const kept = message.filter((_one, index) => fates[index] !== 'hidden');
  return kept.length === 0 ? '' : JSON.stringify(kept);
}

type Fate = 'same' | 'changed' | 'hidden';

function toText(message: unknown, fate: Fate): string | null {
  if (fate === 'changed') return JSON.stringify(message);
  return fate === 'hidden' ? '' : null;
}

function filterMessage(message: unknown, view: View): Fate {
  if (!isJson(message)) return 'same';
  if (message['method'] === 'notifications/resources/updated') {
    const { uri } = isJson(message['params']) ? message['params'] : {};
    return typeof uri === 'string' && view.hears(uri) ? 'same' : 'hidden';
  }
  return isJson(message['result']) && filterResult(message['result'], view) ? 'changed' : 'same';
}

/** True when something of the result is for this caller alone; then it is changed in place. */
function filterResult(result: Json, view: View): boolean {
  const { era, visible, sealCursor, onList } = view;
  let found = false;
  if (isJson(result['capabilities'])) found = withhold(result['capabilities'], view) || era === 'modern';
  for (const { member, kind, key } of LISTS) {
    const entries = result[member];
    if (!Array.isArray(entries)) continue;
    found = true;
    onList();
    result[member] = entries.filter(
      (entry: Json | null) => typeof entry?.[key] === 'string' && visible(kind, entry[key], entry),
    );
    const cursor = result['nextCursor'];
    if (typeof cursor === 'string') result['nextCursor'] = sealCursor(kind, cursor);
  }
  if (!found) return false;
  if (era === 'modern') Object.assign(result, { ttlMs: toTtl(result['ttlMs']), cacheScope: 'private' });
  else if ('cacheScope' in result) result['cacheScope'] = 'private';
  return true;
}

/** True when something was taken out. */
function withhold(capabilities: Json, { offers }: View): boolean {
  let found = false;
  for (const { of, member, method } of OFFERS) {
    const around = of === null ? capabilities : capabilities[of];
    if (!isJson(around) || !Object.hasOwn(around, member) || offers(method)) continue;
    delete around[member];
    found = true;
  }
  return found;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whole milliseconds; 0, which is "do not keep it", for anything that is no time. */
function toTtl(value: unknown): number {
  const given = typeof value === 'object' ? Number((value as { rawJSON?: string } | null)?.rawJSON) : value;
  return typeof given === 'number' && given > 0 ? Math.min(Math.trunc(given), Number.MAX_SAFE_INTEGER) : 0;
}
