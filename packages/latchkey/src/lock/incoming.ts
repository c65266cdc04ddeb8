import type { Refusal } from '../core/reason.ts';
import type { Awaitable } from '../core/store.ts';
import type { Framing } from './request-headers.ts';

/** A request as whoever serves it received it: all that a guard looks at. An adapter fills it in and decides nothing. */
export interface Incoming extends Framing {
  readonly method: string;
  /** In origin form, with its query, as it was sent and not as a router rewrote it: `/mcp?x=1`. */
  readonly target: string;
  /** [name, value, …], each as it came. Names may be in any case. */
  readonly rawHeaders: readonly string[];
  /** 1 and 1 where the protocol that carried it is not HTTP/1, or cannot be told. */
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  /** IP address of the caller; empty where it cannot be told: then limits of addresses do not hold. */
  readonly address: string;
  /** The request itself, the same object for each guard that it passes; a DPoP proof is taken once for each request. */
  readonly request?: object;
  /** Whether it came over TLS, or through a trusted proxy that says so. */
  readonly encrypted: boolean;
  /** The whole body, asked for at most once and only after the caller was let in; or why it cannot be had. */
  readBody(limitBytes: number): Awaitable<Uint8Array | Refusal>;
}
