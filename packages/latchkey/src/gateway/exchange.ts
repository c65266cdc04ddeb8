import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Policy, Rule } from '../core/policy.ts';
import type { Principal } from '../core/principal.ts';
import type { Message } from '../core/message.ts';
import type { Refusal } from '../core/reason.ts';
import type { Era, Protocol } from '../core/revision.ts';
import type { Upstream } from '../core/upstream.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { RequestHeaders } from './request-headers.ts';

/**
 * One MCP server behind the gateway, with its own path, resource and rules. `policy` is replaced by a reload; the two
 * URLs are known once the gateway listens.
 */
export interface ProtectedServer {
  readonly name: string;
  /** Path of the MCP endpoint, exact. */
  readonly path: string;
  /** Canonical URL of the resource (RFC 8707 §2, RFC 9728 §1.2). */
  resource: string;
  resourceMetadata: string;
  readonly protocol: Protocol;
  /** What happens when a tool's definition changes. */
  readonly pin: 'off' | 'alert' | 'block';
  readonly upstream: Upstream;
  policy: Policy;
}

export type Route =
  | { readonly kind: 'mcp'; readonly server: ProtectedServer }
  | { readonly kind: 'document'; readonly body: () => { readonly status: number; readonly body: string } }
  | { readonly kind: 'rotate' };

/** One request on its way through the stages. Each stage fills in what it found. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly startedAt: number;
  address: string;
  /** True when the bytes crossed a network unencrypted. */
  clear: boolean;
  headers: RequestHeaders;
  /** The origin to allow for CORS; null for a request of no browser. */
  origin: string | null;
  route: Route | null;
  server: ProtectedServer | null;
  principal: Principal | null;
  failuresExceeded: number;
  body: Buffer | null;
  message: Message | null;
  era: Era;
  rule: Rule | null;
  /** The upstream's own session id. */
  sessionId: string | null;
  /** Set with the refusal or when the request was let through. */
  outcome: Refusal | null;
  exposed: boolean;
  /** True for the long-lived kinds: the GET stream and subscriptions/listen. */
  stream: boolean;
  /** Set when the request was handed to the upstream. */
  answer: HttpAnswer | null;
  /** Place among the open exchanges. */
  slot: number;
  /** When its credential ends, epoch milliseconds; null means never. */
  endsAt: number | null;
}

/** `null`: go on to the next stage; `done`: answered. */
export type StageResult = Refusal | 'done' | null;

export interface Stage {
  readonly name: string;
  run(exchange: Exchange): StageResult | Promise<StageResult>;
}
