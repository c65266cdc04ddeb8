import type { Reason } from './reason.ts';

/** One decision as it is written down. Times are epoch milliseconds in memory and RFC 3339 in the JSON text. No member ever holds a secret. */
export interface TrailEntry {
  readonly at: number;
  readonly requestId: string;
  readonly address: string;
  readonly server: string | null;
  readonly principal: string | null;
  readonly credential: string | null;
  readonly client: string | null;
  readonly httpMethod: string;
  readonly method: string | null;
  /** Tool or prompt name, or resource URI, as the body names it. */
  readonly target: string | null;
  readonly decision: 'allow' | 'deny';
  readonly reason: Reason | 'allowed';
  readonly status: number;
  readonly durationMs: number;
  /**
   * Absent for what ended within about a second. What lasts has two records with one request id: `begun`, written while it
   * is under way, with status 0 and the time so far; and `ended`.
   */
  readonly phase?: 'begun' | 'ended';
  /** Present when a credential arrived over a connection that anyone could read. */
  readonly exposed?: true;
  /** Scopes a refused caller would have needed. */
  readonly neededScopes?: readonly string[];
  /** What exactly did not fit, in the gateway's own words; nothing of it comes from the caller. */
  readonly detail?: string;
}

/** Takes entries without waiting. `healthy` is false while entries could not be written: the gateway then refuses calls. */
export interface Trail {
  readonly healthy: boolean;
  /** Takes one decision, at once. */
  record(entry: TrailEntry): void;
  /** Resolves when all entries taken so far are durable, or rejects when they cannot be. */
  flush(): Promise<void>;
  /** Writes what was taken and ends; rejects when that cannot be written. */
  close(): Promise<void>;
}

/** A change of what is allowed as it is written down, between the decisions. */
export interface TrailChange {
  readonly at: number;
  /** `user:NAME` on the command line, `gateway` for what it does by itself, `library` for a program's own doing. */
  readonly actor: string;
  /** What was done: `token create`, `tool accept`, `config reload`. */
  readonly method: string;
  /** What it was done to: the name of a credential or tool, or a file. */
  readonly target: string;
  /** Null where it is of no one server. */
  readonly server: string | null;
  /** The particulars. No member ever holds a secret, or that by which one could be told or guessed. */
  readonly change: Readonly<Record<string, unknown>>;
}

/** A change that whoever does it has yet to sign. */
export type UnsignedChange = Omit<TrailChange, 'actor'>;
