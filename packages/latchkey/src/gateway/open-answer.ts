import type { Refusal } from '../core/reason.ts';

/** An answer under way as the gateway holds it, whoever fills it. */
export interface OpenAnswer {
  /** Bytes of it that the gateway holds in memory. */
  readonly unread: number;
  /** Ends it so that it cannot look complete. */
  abort(): void;
  /** The gateway's own end of it: a refusal, or where a stream is between two events, `event` (JSON) as its last. */
  conclude(refusal: Refusal, event: string | null): void;
  /** To be called when the connection of the request is done; says whether the answer is, too. */
  closed(): boolean;
}
