import type { Answer } from '../../core/upstream.ts';
import { isRecord, textAt, toError, toResult, valueAt } from './json.ts';
import { streamableOf } from '../../core/revision.ts';
import type { Greeting } from './launcher.ts';
import type { Decorate } from './modern-call.ts';
import { Reply } from './reply.ts';
import { addMembers } from './splice.ts';

const CACHEABLE = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'server/discover',
]);
/** What revision 2026-07-28 took away; a legacy server would still answer some of it. */
const REMOVED = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]);
// Experimental tasks of 2025-11-25 are not the extension that modern clients speak.
const TASKS = /^tasks\//;
/** Server capabilities that cannot be kept towards callers who share a child. */
const WITHHELD = new Set(['logging', 'tasks']);

export function isRemoved(method: string): boolean {
  return REMOVED.has(method) || TASKS.test(method);
}

/** The answer to a method the server does not have (MCP 2026-07-28 streamable-http §Protocol Version Header). */
export function refuseMethod(answer: Answer, id: string): void {
  new Reply(answer, id).finish(toError(id, -32601, 'Method not found'), 404);
}

/** Gives results of a legacy server the members that a modern client requires. */
export function createDecorate(greeting: Greeting): Decorate {
  const info =
    greeting.serverInfo === null ? null : `"io.modelcontextprotocol/serverInfo":${JSON.stringify(greeting.serverInfo)}`;
  return (line, method, edits) => {
    const { bytes, result, meta } = line;
    if (line.code !== null && RENAMED.has(textAt(bytes, line.code)))
      edits.push({ ...line.code, text: RENAMED.get(textAt(bytes, line.code)) ?? '' });
    if (result === null || bytes[result.start] !== 0x7b) return;
    const members: string[] = [];
    if (line.resultType === null) members.push('"resultType":"complete"');
    if (CACHEABLE.has(method) && line.ttlMs === null) members.push('"ttlMs":0');
    if (CACHEABLE.has(method) && line.cacheScope === null) members.push('"cacheScope":"private"');
    if (info !== null && meta === null) members.push(`"_meta":{${info}}`);
    if (members.length > 0) edits.push(addMembers(result.start, isEmptyObject(bytes, result.start), members.join(',')));
    if (info !== null && meta !== null && line.serverInfo === null && bytes[meta.start] === 0x7b) {
      edits.push(addMembers(meta.start, isEmptyObject(bytes, meta.start), info));
    }
  };
}

// Codes that 2026-07-28 forbids, by what took their place.
const RENAMED = new Map([
  ['-32002', '-32602'],
  ['-32042', '-32603'],
]);

export function isEmptyObject(bytes: Uint8Array, start: number): boolean {
  let at = start + 1;
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d) at += 1;
  return bytes[at] === 0x7d;
}

/** What can be offered to callers who share a child, of either era. */
export function toOffered({ capabilities }: Pick<Greeting, 'capabilities'>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(capabilities).filter(([name, value]) => !WITHHELD.has(name) && isRecord(value)),
  );
}

/** Leaves in a modern server's `server/discover` what can be offered to callers who share a child. */
export const offerLess: Decorate = (line, method, edits) => {
  const result = method === 'server/discover' ? valueAt(line.bytes, line.result) : undefined;
  if (line.result === null || !isRecord(result) || !isRecord(result['capabilities'])) return;
  const capabilities = toOffered({ capabilities: result['capabilities'] });
  edits.push({ ...line.result, text: JSON.stringify({ ...result, capabilities }) });
};

/** `server/discover`, answered from what the server said in `initialize`. */
export function toDiscovery(id: string, greeting: Greeting, protocol: 'both' | 'modern' | 'legacy'): Buffer {
  return toResult(
    id,
    JSON.stringify({
      resultType: 'complete',
      supportedVersions: streamableOf(protocol),
      capabilities: toOffered(greeting),
      ...(greeting.instructions === null ? {} : { instructions: greeting.instructions }),
      ttlMs: 0,
      cacheScope: 'private',
      _meta: greeting.serverInfo === null ? {} : { 'io.modelcontextprotocol/serverInfo': greeting.serverInfo },
    }),
  );
}
