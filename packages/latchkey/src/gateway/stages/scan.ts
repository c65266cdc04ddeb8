import { decodeHeaderValue } from '../../core/mcp-header.ts';
import type { Message } from '../../core/message.ts';
import { parseMessage } from '../../core/parse-message.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import { eraOf } from '../../core/revision.ts';
import type { Exchange, Stage } from '../exchange.ts';
import type { GatewayState } from '../state.ts';

/** Reads the message once, settles its revision, and holds the Mcp-* headers against it. */
export function scanStage(_state: GatewayState): Stage {
  return {
    name: 'scan',
    run(exchange) {
      if (exchange.body === null) return checkRevisionHeader(exchange);
      const parsed = parseMessage(exchange.body);
      if (parsed.kind === 'refused') return parsed.refusal;
      const { message } = parsed;
      exchange.message = message;
      return checkHeaders(exchange, message) ?? checkMeta(exchange, message) ?? checkRevision(exchange, message);
    },
  };
}

/** The revision a POST declares: its header, which must say what the body says. Without either it is a 2025-03-26 client. */
function checkHeaders(exchange: Exchange, message: Message): Refusal | null {
  const { headers } = exchange;
  const declared = headers.protocolVersion;
  if (message.protocolVersion !== null && message.protocolVersion !== declared)
    return refuse('header-mismatch', { detail: 'protocol version' });
  exchange.era = declared === null ? 'legacy' : (eraOf(declared) ?? 'modern');
  const modern = exchange.era === 'modern' && eraOf(declared ?? '') === 'modern';
  if (modern && message.kind === 'request' && headers.mcpMethod === null)
    return refuse('header-mismatch', { detail: 'Mcp-Method is missing' });
  if (headers.mcpMethod !== null && headers.mcpMethod !== message.method)
    return refuse('header-mismatch', { detail: 'Mcp-Method' });
  return checkName(headers.mcpName, message, modern);
}

const NAMED: ReadonlyMap<string, 'name' | 'uri'> = new Map([
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
function checkMeta(exchange: Exchange, message: Message): Refusal | null {
  // What a revision needs that nobody here knows is not for us to say: `checkRevision` refuses it.
  if (eraOf(exchange.headers.protocolVersion ?? '') !== 'modern' || message.kind !== 'request') return null;
  if (message.protocolVersion === null || message.clientCapabilities === null) return refuse('meta-missing');
  return null;
}

function checkRevision(exchange: Exchange, message: Message): Refusal | null {
  const offered = exchange.route?.revisions ?? NONE;
  const declared = exchange.headers.protocolVersion;
  if (declared !== null && !offered.includes(declared)) return unsupported(offered, declared);
  if (exchange.era === 'modern')
    return message.kind === 'response'
      ? refuse('message-invalid', { detail: 'a response from a stateless client' })
      : null;
  if (servesLegacy(exchange)) return checkLegacyParams(message);
  // A legacy client has no way to say a revision but by opening a session; whatever else has no header lacks it.
  return message.method === 'initialize'
    ? unsupported(offered, 'initialize')
    : refuse('header-mismatch', { detail: 'protocol version' });
}

const NONE: readonly string[] = [];
const SUBSCRIPTION_METHODS: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe']);

// 2026-07-28 does not have these methods, so what they need is asked only here.
function checkLegacyParams(message: Message): Refusal | null {
  return SUBSCRIPTION_METHODS.has(message.method) && message.uri === null ? refuse('params-invalid') : null;
}

function checkRevisionHeader(exchange: Exchange): Refusal | null {
  exchange.era = 'legacy';
  const offered = exchange.route?.revisions ?? NONE;
  const declared = exchange.headers.protocolVersion;
  return declared === null || offered.includes(declared) ? null : unsupported(offered, declared);
}

function servesLegacy({ server }: Exchange): boolean {
  return server === null || server.protocol !== 'modern';
}

// Revisions of the asker's own era, as `server/discover` lists them. What was asked for is echoed only when it could be
// a revision: nothing else of a stranger's goes into an answer.
function unsupported(offered: readonly string[], requested: string): Refusal {
  const modern = offered.filter((revision) => eraOf(revision) === 'modern');
  const supported = modern.length === 0 ? offered : modern;
  return refuse('version-unsupported', {
    supported,
    requested: /^[\x21-\x7e]{1,32}$/.test(requested) ? requested : '',
  });
}
