import { LEGACY_REVISION, MODERN_REVISION, type Era } from '../core/revision.ts';
import type { Secret } from '../core/secret.ts';
import type { Draft } from './reply.ts';

export const REVISIONS: Readonly<Record<Era, string>> = { modern: MODERN_REVISION, legacy: LEGACY_REVISION };

/** No server has a tool of these names, so that calling one changes nothing. */
export const NO_TOOL = 'latchkey-check-no-such-tool';
export const OTHER_NO_TOOL = 'latchkey-check-no-such-tool-either';
/** RFC 6761 §6.4: a name that is nobody's. */
export const STRANGER_HOST = 'latchkey-check.invalid';

export interface MessageParts {
  readonly era: Era;
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly token: Secret | null;
  /** Of a session, in the older era. */
  readonly session: string | null;
}

/** An honest request for that message, with the headers that its revision asks for. */
export function createDraft(url: URL, { era, method, params = {}, token, session }: MessageParts): Draft {
  const notification = method.startsWith('notifications/');
  const all = era === 'modern' ? { ...params, _meta: META } : params;
  const message = { jsonrpc: '2.0', ...(notification ? {} : { id: 1 }), method, params: all };
  const draft: Draft = {
    url,
    method: 'POST',
    target: url.pathname + url.search,
    headers: [
      ['Host', url.host],
      ['User-Agent', 'latchkey-check'],
      ['Accept', 'application/json, text/event-stream'],
      ['Content-Type', 'application/json'],
      ['Connection', 'close'],
      ...(token === null ? [] : ([['Authorization', `Bearer ${token.reveal()}`]] as const)),
      ...(session === null ? [] : ([['Mcp-Session-Id', session]] as const)),
    ],
    body: JSON.stringify(message),
  };
  if (era === 'legacy') return method === 'initialize' ? draft : withHeader(draft, VERSION, REVISIONS.legacy);
  const named = withHeader(withHeader(draft, VERSION, REVISIONS.modern), 'Mcp-Method', method);
  return typeof params['name'] === 'string' ? withHeader(named, 'Mcp-Name', params['name']) : named;
}

export const VERSION = 'MCP-Protocol-Version';

/** What 2026-07-28 wants in each request (basic §_meta). */
export const META = {
  'io.modelcontextprotocol/protocolVersion': REVISIONS.modern,
  'io.modelcontextprotocol/clientInfo': { name: 'latchkey-check', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** The parameters of `initialize`. */
export const INITIALIZE = {
  protocolVersion: REVISIONS.legacy,
  capabilities: {},
  clientInfo: { name: 'latchkey-check', version: '1' },
};

/** The same request with that header, in the place of any of the name. */
export function withHeader(draft: Draft, name: string, value: string): Draft {
  return { ...draft, headers: [...withoutHeader(draft, name).headers, [name, value]] };
}

export function withoutHeader(draft: Draft, name: string): Draft {
  const lower = name.toLowerCase();
  return { ...draft, headers: draft.headers.filter(([key]) => key.toLowerCase() !== lower) };
}

/** The same request with another method and no body. */
export function withMethod(draft: Draft, method: 'GET' | 'DELETE'): Draft {
  return { ...withoutHeader(withoutHeader(draft, 'Content-Type'), 'Mcp-Method'), method, body: null };
}

/** A plain GET of a document. */
export function createGet(url: URL): Draft {
  return {
    url,
    method: 'GET',
    target: url.pathname + url.search,
    headers: [
      ['Host', url.host],
      ['User-Agent', 'latchkey-check'],
      ['Accept', 'application/json'],
      ['Connection', 'close'],
    ],
    body: null,
  };
}
