import { parseMessage } from '../core/parse-message.ts';
import { LEGACY_REVISION } from '../core/revision.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Forwardable } from '../core/upstream.ts';
import { messagesIn, type Collected } from './collect-answer.ts';
import { headerOf } from '../core/header-of.ts';

/** What of a request changes when it is sent in a session of the 2025 revisions. */
interface InSession {
  readonly request: Pick<Forwardable, 'era' | 'sessionId' | 'headers'>;
}

type Send = (request: Forwardable) => Promise<Collected | Refusal>;

const INITIALIZE = toMessage({
  id: 'rest-initialize',
  method: 'initialize',
  params: { protocolVersion: LEGACY_REVISION, capabilities: {}, clientInfo: { name: 'latchkey-rest', version: '0' } },
});
const INITIALIZED = toMessage({ method: 'notifications/initialized' });

/** Opens a session for one request, as MCP 2025-11-25 has it (Lifecycle). */
export async function openPlainSession(send: Send, request: Forwardable): Promise<InSession | Refusal> {
  const headers = withoutModern(request.headers);
  const opening = { ...request, era: 'legacy', message: INITIALIZE, sessionId: null, headers } as const;
  const opened = await send(opening);
  if ('reason' in opened) return opened;
  const revision = revisionIn(opened);
  if (opened.status !== 200 || revision === null) return refuse('upstream-invalid');
  const session = {
    era: 'legacy',
    sessionId: headerOf(opened.headers, 'mcp-session-id'),
    headers: [...headers, 'mcp-protocol-version', revision],
  } as const;
  const told = await send({ ...opening, ...session, message: INITIALIZED });
  return 'reason' in told ? told : { request: session };
}

function withoutModern(headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => !(headers[at - (at % 2)] as string).startsWith('mcp-'));
}

function revisionIn(opened: Collected): string | null {
  for (const text of messagesIn(opened)) {
    try {
      const { result } = JSON.parse(text) as { result?: { protocolVersion?: unknown } };
      if (typeof result?.protocolVersion === 'string') return result.protocolVersion;
    } catch {
      // Not the response.
    }
  }
  return null;
}

function toMessage(message: object): Forwardable['message'] {
  const parsed = parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  if (parsed.kind === 'refused') throw new Error('unreachable: our own message was refused');
  return parsed.message;
}
