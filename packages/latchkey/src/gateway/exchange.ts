import type { ServerResponse } from 'node:http';
import type { Endpoint, PublishedDocument } from '../core/endpoint.ts';
import type { Policy } from '../core/policy.ts';
import type { Refusal } from '../core/reason.ts';
import type { Secret } from '../core/secret.ts';
import type { Protocol } from '../core/revision.ts';
import type { Upstream } from '../core/upstream.ts';
import type { AnswerUnderWay } from '../lock/answers-under-way.ts';
import type { Asking } from '../lock/asking.ts';
import type { Spoken } from '../lock/scan-message.ts';
import type { OpenAnswer } from './open-answer.ts';
import type { RawRequest } from './raw-request.ts';
import type { SseStream } from './sse/stream.ts';

/**
 * One MCP server behind the gateway, with its own path, resource and rules. `policy` is replaced by a reload; the
 * URLs are known once the gateway listens.
 */
export interface ProtectedServer {
  readonly name: string;
  /** Path of the MCP endpoint, exact. */
  readonly path: string;
  /** Canonical URL of the resource (RFC 8707 §2, RFC 9728 §1.2). */
  resource: string;
  resourceMetadata: string;
  /** Metadata of `sseUrl`, which its clients take for the resource. */
  sseMetadata: string;
  /** Where a client of the HTTP+SSE transport begins; null where that is not served. */
  sseUrl: string | null;
  readonly protocol: Protocol;
  /** What happens when a tool's definition changes. */
  readonly pin: 'off' | 'alert' | 'block';
  readonly upstream: Upstream;
  policy: Policy;
}

/** `sse-stream` and `sse-message` are the two ends of the HTTP+SSE transport, `rest-list` and `rest-call` plain calls. */
export type ServerRouteKind = 'mcp' | 'sse-stream' | 'sse-message' | 'rest-list' | 'rest-call';

export type Route =
  | {
      readonly kind: ServerRouteKind;
      readonly server: ProtectedServer;
      readonly spoken: Spoken;
    }
  | {
      readonly kind: 'document';
      readonly server: null;
      readonly spoken: null;
      readonly body: PublishedDocument['body'];
    }
  | { readonly kind: 'endpoint'; readonly server: null; readonly spoken: null; readonly endpoint: Endpoint }
  | { readonly kind: 'rotate'; readonly server: null; readonly spoken: null };

/** Whether callers of this route speak no MCP. */
export function isPlain(route: Route | null): boolean {
  return route?.kind === 'rest-list' || route?.kind === 'rest-call';
}

/** Whether any web page may read this: metadata and key sets hold nothing that not everybody may know. */
export function isPublic(route: Route | null, probes: ReadonlySet<Route>): boolean {
  return route?.kind === 'document' && !probes.has(route);
}

/** One request on its way through the stages. Each stage fills in what it found. */
export interface Exchange extends Asking, AnswerUnderWay {
  principal: Asking['principal'];
  stream: Asking['stream'];
  readonly request: RawRequest;
  readonly response: ServerResponse;
  /** The origin to allow for CORS; null for a request of no browser. */
  origin: string | null;
  route: Route | null;
  server: ProtectedServer | null;
  /** The caller's credential, kept only for a server that it is exchanged for; `subjectOf` alone reads it. */
  subject: Secret | null;
  body: Uint8Array | null;
  /** The upstream's own session id. */
  sessionId: string | null;
  /** Set when the request was handed to the upstream. */
  answer: OpenAnswer | null;
  /** The stream that its answer goes to, where that is another request's. */
  sse: SseStream | null;
}

/** `null`: go on to the next stage; `done`: answered. */
export type StageResult = Refusal | 'done' | null;

export interface Stage {
  readonly name: string;
  run(exchange: Exchange): StageResult | Promise<StageResult>;
}
