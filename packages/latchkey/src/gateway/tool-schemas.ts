import { readMirroredParameters, type MirroredParameter } from '../core/parameter-headers.ts';
import { parseMessage } from '../core/parse-message.ts';
import { MODERN_REVISION } from '../core/revision.ts';
import type { Upstream } from '../core/upstream.ts';
import type { Asker } from '../core/upstream-tokens.ts';
import { collectAnswer, messagesIn } from './collect-answer.ts';
import type { ToolPins } from './tool-pins.ts';

const REFRESH_MS = 60_000;
const FETCH_TIMEOUT_MS = 5000;
const MAX_PAGES = 20;
const MAX_BYTES = 8 * 1024 * 1024;
const NONE: readonly MirroredParameter[] = [];

/** Which parameters of which tools are mirrored into headers, as the upstream's own tools/list says. */
export interface ToolSchemas {
  /** What is known of the tool; asks the upstream when it is not, at most once a minute. */
  parametersOf(
    tool: string,
    asker: Asker,
    now: number,
  ): readonly MirroredParameter[] | Promise<readonly MirroredParameter[]>;
  /** Asks the upstream anew when it was not asked within the last minute; null when it was. Never rejects. */
  refresh(asker: Asker, now: number): Promise<void> | null;
}

/** `pins` take notice of every tool that the upstream lists. */
export function createToolSchemas(upstream: Upstream, pins: ToolPins | null): ToolSchemas {
  let known: ReadonlyMap<string, readonly MirroredParameter[]> = new Map();
  let askedAt = 0;
  let asking: Promise<void> | null = null;
  // Of either sign: a clock that was set back must not keep the list for as long.
  const isFresh = (now: number): boolean => Math.abs(now - askedAt) < REFRESH_MS;
  const refresh = async (asker: Asker, now: number): Promise<void> => {
    askedAt = now;
    try {
      known = await fetchAll(upstream, asker, (tool) => void pins?.see(tool, now));
    } catch {
      // An upstream that has no such list validates its own headers; the next try is a minute away.
    } finally {
      asking = null;
    }
  };
  return {
    parametersOf(tool, asker, now) {
      const found = known.get(tool);
      const fresh = isFresh(now);
      if (found !== undefined && !fresh) void (asking ??= refresh(asker, now));
      if (found !== undefined) return found;
      if (fresh && asking === null) return NONE;
      return (asking ??= refresh(asker, now)).then(() => known.get(tool) ?? NONE);
    },
    refresh(asker, now) {
      if (asking === null && isFresh(now)) return null;
      return (asking ??= refresh(asker, now));
    },
  };
}

async function fetchAll(
  upstream: Upstream,
  asker: Asker,
  see: (tool: Record<string, unknown>) => void,
): Promise<ReadonlyMap<string, readonly MirroredParameter[]>> {
  const all = new Map<string, readonly MirroredParameter[]>();
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const result = (await fetchPage(upstream, asker, page, cursor)) as {
      nextCursor?: unknown;
      tools?: readonly ({ name?: unknown } | null)[];
    } | null;
    for (const [tool, parameters] of readMirroredParameters(result)) all.set(tool, parameters);
    for (const tool of result?.tools ?? []) if (typeof tool?.name === 'string') see({ ...tool });
    cursor = result?.nextCursor;
    if (typeof cursor !== 'string') break;
  }
  return all;
}

async function fetchPage(upstream: Upstream, asker: Asker, page: number, cursor: unknown): Promise<unknown> {
  const messages = await ask(upstream, asker, {
    jsonrpc: '2.0',
    id: `latchkey-tools-${page}`,
    method: 'tools/list',
    params: {
      ...(typeof cursor === 'string' ? { cursor } : {}),
      _meta: {
        'io.modelcontextprotocol/protocolVersion': MODERN_REVISION,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'latchkey', version: '0' },
      },
    },
  });
  for (const text of messages) {
    const message = JSON.parse(text) as { result?: unknown };
    if (message.result !== undefined) return message.result;
  }
  throw new Error('no result');
}

async function ask(upstream: Upstream, asker: Asker, call: object): Promise<readonly string[]> {
  const parsed = parseMessage(Buffer.from(JSON.stringify(call)));
  if (parsed.kind !== 'message') throw new Error('unreachable: our own message was refused');
  const headers = [
    'accept',
    'application/json, text/event-stream',
    'content-type',
    'application/json',
    'mcp-protocol-version',
    MODERN_REVISION,
    'mcp-method',
    'tools/list',
  ];
  const { answer, outcome } = collectAnswer({ maxBytes: MAX_BYTES, timeoutMs: FETCH_TIMEOUT_MS });
  upstream.forward(
    { httpMethod: 'POST', era: 'modern', ...asker, message: parsed.message, sessionId: null, headers },
    answer,
  );
  const collected = await outcome;
  if ('reason' in collected || collected.status !== 200) throw new Error('no list');
  return messagesIn(collected);
}
