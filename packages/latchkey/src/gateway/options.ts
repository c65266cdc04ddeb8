import type { Endpoint, PublishedDocument } from '../core/endpoint.ts';
import type { Log } from '../core/log.ts';
import type { Secret } from '../core/secret.ts';
import type { Awaitable, PinStore } from '../core/store.ts';
import type { Trail } from '../core/trail.ts';
import type { EndOf } from '../lock/answers-under-way.ts';
import type { LockLimits, LockOptions } from '../lock/lock-state.ts';
import type { Trusted } from '../lock/trusted-proxies.ts';
import type { ProtectedServer } from './exchange.ts';

/** All times in milliseconds, all sizes in bytes. */
export interface GatewayLimits extends LockLimits {
  readonly bodyBytes: number;
  readonly headerBytes: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly streamIdleMs: number;
  readonly sendTimeoutMs: number;
  readonly connectionsPerAddress: number;
  readonly connections: number;
  readonly sessions: number;
  readonly streams: number;
  readonly streamsPerAddress: number;
  readonly unreadBytes: number;
  readonly sessionIdleMs: number;
  readonly sessionYieldMs: number;
  readonly listBytes: number;
  readonly callMaxMs: number;
}

/** What the holder of a valid token gets for it at `POST /.latchkey/rotate`. */
export type RotateResult =
  | {
      readonly kind: 'rotated';
      readonly token: Secret;
      readonly name: string;
      readonly scopes: readonly string[];
      readonly expiresAt: number | null;
    }
  | { readonly kind: 'refused' };

export interface GatewayOptions extends LockOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly trusted: Trusted;
  /** The canonical URL in front of every server's path; null on loopback, where it is the address listened on. */
  readonly publicUrl: URL | null;
  readonly origins: readonly string[];
  readonly servers: readonly ProtectedServer[];
  readonly limits: GatewayLimits;
  /** Older ways in: the HTTP+SSE transport, and plain calls over HTTP. */
  readonly compat: { readonly sse: boolean; readonly rest: boolean };
  readonly trail: Trail;
  /** What `/readyz` says while the gateway does not stop. */
  readonly readiness: PublishedDocument['body'];
  readonly pins: PinStore;
  /** 32 random bytes, hex: binds session ids to principals. */
  readonly sealKey: string;
  /** Changes when stored credentials changed; see `Store.version`. */
  readonly storeVersion: () => Awaitable<number>;
  readonly endOf: EndOf;
  /** What anybody may read besides metadata and health, such as key sets. */
  readonly documents: readonly PublishedDocument[];
  readonly endpoints: readonly Endpoint[];
  /** The text of protected resource metadata (RFC 9728). */
  readonly metadata: (resource: {
    readonly resource: string;
    readonly name: string;
    readonly scopes: readonly string[];
  }) => string;
  readonly rotate: (credential: Secret, now: number) => Awaitable<RotateResult>;
  readonly log: Log;
}
