import type { Message } from './message.ts';
import type { Principal } from './principal.ts';
import type { Refusal } from './reason.ts';
import type { Era } from './revision.ts';
import type { Secret } from './secret.ts';

/** A judged request on its way to a protected server. */
export interface Forwardable {
  readonly httpMethod: 'POST' | 'GET' | 'DELETE';
  /** `modern` is 2026-07-28 and later (stateless); `legacy` has sessions. */
  readonly era: Era;
  readonly principal: Principal;
  /** Null for GET and DELETE. `message.bytes` is exactly what was judged, and is what must be sent. */
  readonly message: Message | null;
  /** The upstream's own session id, already unsealed and checked to belong to the principal. */
  readonly sessionId: string | null;
  /** End-to-end headers that may pass, as [name, value, name, value…]; credentials and hop-by-hop headers are gone. */
  readonly headers: readonly string[];
  /**
   * What the caller came in with, only for an upstream that `wantsSubject` and only where an issuer vouches for the
   * caller. It is exchanged for another token and never sent to the upstream.
   */
  readonly subject?: Secret | null;
}

/**
 * Where an upstream puts its answer. Exactly one of `fail` or `start` comes first; after `start`, `write` any number of
 * times, then `end` or `abort`. `write` returns false when the caller should wait for `onDrain`.
 * When the caller goes away (or its credential is revoked) `onAbort` handlers run once; nothing may be written after.
 */
export interface Answer {
  readonly aborted: boolean;
  /** Called once when the caller goes away. */
  onAbort(handler: () => void): void;
  /** Called whenever more may be written. */
  onDrain(handler: () => void): void;
  /** The status and all headers. */
  start(status: number, headers: readonly string[]): void;
  /** A part of the body; false: wait for `onDrain`. */
  write(chunk: Uint8Array | string): boolean;
  /** The last part of the body. */
  end(chunk?: Uint8Array | string): void;
  /** Before `start`: answers with the refusal's wire form. After `start`: as `abort`. */
  fail(refusal: Refusal): void;
  /** Ends the connection so that a truncated answer cannot look complete. */
  abort(): void;
}

export interface Upstream {
  readonly kind: 'http' | 'stdio' | 'tools';
  /** How the trail and start-up text name it; holds no secret. */
  readonly label: string;
  /** Whether callers' credentials are exchanged for tokens of the upstream's (RFC 8693): then requests need `subject`. */
  readonly wantsSubject?: boolean;
  /** Never throws and never rejects: every failure is told to `answer`. */
  forward(request: Forwardable, answer: Answer): void;
  /** Ends a session that the gateway expired; best effort. */
  endSession(sessionId: string): void;
  close(): Promise<void>;
}
