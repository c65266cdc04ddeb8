import { decodeHeaderValue } from '../core/mcp-header.ts';
import type { Message } from '../core/message.ts';
import { parseMessage } from '../core/parse-message.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import { eraOf } from '../core/revision.ts';
import type { Asking } from './asking.ts';

/** What a server speaks at the place that is asked. */
export interface Spoken {
  /** MCP revisions that a message may be of, newest first. */
  readonly revisions: readonly string[];
  /** Whether clients without a revision header, who are older than that header, are served. */
  readonly legacy: boolean;
}

/** Reads the message once, settles its revision, and holds the Mcp-* headers against it. */
export function scanMessage(asking: Asking, body: Uint8Array, spoken: Spoken): Refusal | null {
  const parsed = parseMessage(body);
  if (parsed.kind === 'refused') return parsed.refusal;
  const { message } = parsed;
  asking.message = message;
  return checkHeaders(asking, message) ?? checkMeta(asking, message) ?? checkRevision(asking, message, spoken);
}

/** The revision of a request without a message: only those before 2026-07-28 have such requests. */
export function scanWithoutMessage(asking: Asking, { revisions }: Spoken): Refusal | null {
  asking.era = 'legacy';
  const declared = asking.headers.protocolVersion;
  return declared === null || revisions.includes(declared) ? null : unsupported(revisions, declared);
}

/** The revision a POST declares: its header, which must say what the body says. Without either it is a 2025-03-26 client. */
function checkHeaders(asking: Asking, message: Message): Refusal | null {
  const { headers } = asking;
  const declared = headers.protocolVersion;
  if (message.protocolVersion !== null && message.protocolVersion !== declared)
    return refuse('header-mismatch', { detail: 'protocol version' });
  asking.era = declared === null ? 'legacy' : (eraOf(declared) ?? 'modern');
  const modern = asking.era === 'modern' && eraOf(declared ?? '') === 'modern';
  if (modern && message.kind === 'request' && headers.mcpMethod === null)
    return refuse('header-mismatch', { detail: 'Mcp-Method is missing' });
  if (headers.mcpMethod !== null && headers.mcpMethod !== message.method)
    return refuse('header-mismatch', { detail: 'Mcp-Method' });
  return checkName(headers.mcpName, message, modern);
}

/** Methods whose `Mcp-Name` is needed, and what of the message it must say. */
export const NAMED: ReadonlyMap<string, 'name' | 'uri'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

function checkName(header: string | null, message: Message, required: boolean): Refusal | null {
  const source = NAMED.get(message.method);
  if (header === null)
    return required && source !== undefined ? refuse('header-mismatch', { detail: 'Mcp-Name is missing' }) : null;
  const value = decodeHeaderValue(header);
  const expected = source === undefined ? (message.name ?? message.uri ?? message.taskId) : message[source];
  return value !== null && value === expected ? null : refuse('header-mismatch', { detail: 'Mcp-Name' });
}

// Notifications of 2026-07-28 have no header or _meta rules of their own; requests must carry both fields.
function checkMeta(asking: Asking, message: Message): Refusal | null {
  // What a revision needs that nobody here knows is not for us to say: `checkRevision` refuses it.
  if (eraOf(asking.headers.protocolVersion ?? '') !== 'modern' || message.kind !== 'request') return null;
  if (message.protocolVersion === null || message.clientCapabilities === null) return refuse('meta-missing');
  return null;
}

function checkRevision(asking: Asking, message: Message, { revisions, legacy }: Spoken): Refusal | null {
  const declared = asking.headers.protocolVersion;
  if (declared !== null && !revisions.includes(declared)) return unsupported(revisions, declared);
  if (asking.era === 'modern')
    return message.kind === 'response'
      ? refuse('message-invalid', { detail: 'a response from a stateless client' })
      : null;
  if (legacy) return checkLegacyParams(message);
  // A legacy client has no way to say a revision but by opening a session; whatever else has no header lacks it.
  return message.method === 'initialize'
    ? unsupported(revisions, 'initialize')
    : refuse('header-mismatch', { detail: 'protocol version' });
}

const SUBSCRIPTION_METHODS: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe']);

// 2026-07-28 does not have these methods, so what they need is asked only here.
function checkLegacyParams(message: Message): Refusal | null {
  return SUBSCRIPTION_METHODS.has(message.method) && message.uri === null ? refuse('params-invalid') : null;
}

// The modern revisions, as `server/discover` lists them, or the others where none is modern. What was asked for is echoed
// only when it could be a revision: nothing else of a stranger's goes into an answer.
function unsupported(offered: readonly string[], requested: string): Refusal {
  const modern = offered.filter((revision) => eraOf(revision) === 'modern');
  const supported = modern.length === 0 ? offered : modern;
  return refuse('version-unsupported', {
    supported,
    requested: /^[\x21-\x7e]{1,32}$/.test(requested) ? requested : '',
  });
}
