/** What is kept of a token or key: never the credential itself, only its SHA-256 digest. Times are epoch milliseconds. */
export interface CredentialRecord {
  /** Unique to this credential. */
  readonly id: string;
  /** The same for a credential and all its successors by rotation. */
  readonly family: string;
  readonly kind: 'token' | 'key';
  readonly name: string;
  /** Who answers for a key; null for tokens. */
  readonly owner: string | null;
  /** `['*']` means every scope. */
  readonly scopes: readonly string[];
  /** Server names; null means every server. */
  readonly servers: readonly string[] | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** When a successor was issued; from then on `expiresAt` is at most the end of the grace. */
  readonly rotatedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly uses: number;
  /** First characters of the credential (its prefix and 4 more), so a person can tell two apart. */
  readonly hint: string;
  /** True from its issue until `settle`, for a successor that its holder has yet to be given. */
  readonly undelivered?: boolean;
}

/** A credential to be made. */
export interface NewCredential {
  readonly kind: 'token' | 'key';
  readonly name: string;
  readonly owner: string | null;
  readonly scopes: readonly string[];
  readonly servers: readonly string[] | null;
  readonly expiresAt: number | null;
  readonly hash: string;
  readonly hint: string;
}

/** The credential that takes the place of another. */
export interface Successor {
  readonly hash: string;
  readonly hint: string;
  readonly expiresAt: number | null;
  /** True when nobody holds it yet: then its predecessors keep their own end, whatever the grace, until `settle`. */
  readonly undelivered?: boolean;
}

/** Which credential is meant: the live one of that kind and name, or the one with that digest (hex SHA-256) or id. */
export type CredentialKey =
  | { readonly kind: 'token' | 'key'; readonly name: string }
  | { readonly hash: string }
  | { readonly id: string };

/** Whether a successor was issued, or why not. */
export type RotateOutcome =
  | { readonly kind: 'rotated'; readonly successor: CredentialRecord; readonly predecessor: CredentialRecord }
  | { readonly kind: 'absent' | 'revoked' | 'expired' | 'already-rotated' };

/**
 * Everything that grants or takes away is one atomic compare-and-set, durable before it answers; time is an argument.
 * `name` is unique per kind among credentials that are neither revoked, expired nor rotated.
 */
export interface CredentialStore {
  /** The record of the new credential, unless a live one has its name. */
  create(credential: NewCredential, now: number): Awaitable<CredentialRecord | 'name-taken'>;
  /** The credential with that digest, dead or alive; the caller judges expiry and revocation. The hot path: no write. */
  findByHash(hash: string): Awaitable<CredentialRecord | null>;
  /** The credential with that id, dead or alive. */
  find(id: string): Awaitable<CredentialRecord | null>;
  /** The newest credential of that kind and name, dead or alive. */
  findByName(kind: 'token' | 'key', name: string): Awaitable<CredentialRecord | null>;
  /** All of a kind, oldest first, dead ones included. */
  list(kind: 'token' | 'key'): Awaitable<readonly CredentialRecord[]>;
  /** Issues the successor and ends the predecessor at `now + graceMs` (or earlier, if it ended earlier). Exactly one of several concurrent calls wins. */
  rotate(key: CredentialKey, successor: Successor, graceMs: number, now: number): Awaitable<RotateOutcome>;
  /** Notes that an undelivered successor is with its holder, and ends all others of its family at `now + graceMs` (or earlier, if they end earlier). False when it is no undelivered successor. */
  settle(id: string, graceMs: number, now: number): Awaitable<boolean>;
  /** Revokes the credential of that key and every member of its family, also what has expired. Returns those that lived until now. */
  revoke(key: CredentialKey, now: number): Awaitable<readonly CredentialRecord[]>;
  /** Adds up how often credentials were used. */
  countUses(uses: ReadonlyMap<string, { readonly count: number; readonly lastUsedAt: number }>): Awaitable<void>;
}

/** Which records of the trail are wanted. */
export interface TrailQuery {
  /** Epoch milliseconds, inclusive. */
  readonly since?: number;
  readonly decision?: 'allow' | 'deny';
  /** Only lines with a greater sequence number. */
  readonly after?: number;
  /** At most this many, the newest ones, oldest first. Default 1000. */
  readonly limit?: number;
}

/** What `TrailStore.read` found. */
export interface TrailReading {
  /** Oldest first. */
  readonly records: readonly { readonly seq: number; readonly json: string }[];
  /** The number at which the trail ended, whatever was wanted of it: `after` of a query for what has come since. */
  readonly end: number;
}

/** What `TrailStore.verify` found. */
export interface TrailCheck {
  /** Records that are proved to be as they were written. */
  readonly records: number;
  readonly files: number;
  /** The last seal: who notes it elsewhere can later tell whether the records before it were rewritten. Null without any. */
  readonly seal: { readonly number: number; readonly mac: string } | null;
  /** The first place where the trail is not what was written, or null. */
  readonly bad: TrailFinding | null;
  /** Where a process ended while it was writing. */
  readonly cut: readonly TrailFinding[];
}

/**
 * `changed`: edited, removed, moved or put in between. `missing`: records before this place are gone. `unsealed`: written
 * by someone else. `end-missing`: the trail ends too early. `cut`: a process ended while writing these.
 */
export interface TrailFinding {
  readonly what: 'changed' | 'missing' | 'unsealed' | 'end-missing' | 'cut';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Of what was cut short: the first of the lines up to `line` that no seal proves. */
  readonly first?: number;
}

/** Where records are kept, in the order in which they came. */
export interface TrailStore {
  /**
   * Whole records as UTF-8 JSON lines, each starting with its `time` and ending in a line feed. All of them, or none.
   * Once it returned, or its promise settled, the bytes are the caller's again, who writes others over them.
   */
  append(lines: Uint8Array): Awaitable<void>;
  /** Fails when `append` soon could not do it: no room, read-only, gone. Writes nothing. */
  check(): Awaitable<void>;
  /**
   * The records that are wanted, and where the trail ended. One whose `phase` is `begun` is left out where what is read has
   * the one that `ended`, of the same `requestId`, after it: each request is read once.
   */
  read(query: TrailQuery): Awaitable<TrailReading>;
  /**
   * Removes lines older than `before` (epoch ms), and none that is younger; returns how many. It may keep those of the same
   * day (UTC), and those that came together with younger ones or after them; not those after lines that are dated later
   * than `now`, which a clock wrote that ran ahead, and which may be removed with them.
   */
  prune(before: number, now: number): Awaitable<number>;
  /** Holds every record against the seals they were written with. */
  verify(): Awaitable<TrailCheck>;
}

/** The definition of a tool that may be called, as its SHA-256 digest (hex). */
export interface Pin {
  readonly server: string;
  readonly tool: string;
  readonly digest: string;
  /** Another definition that was seen last and is not accepted; null where the pinned one was. */
  readonly found: string | null;
  /** When the digest was pinned or accepted, epoch milliseconds. */
  readonly at: number;
}

/** What a store keeps of the definitions of tools. */
export interface PinStore {
  /** The pins of a server, or of all where it is null. */
  list(server: string | null): Awaitable<readonly Pin[]>;
  /** Notes definitions as they were seen, by tool: the first of a tool is its pin, another one is `found`. All, or none. */
  see(server: string, digests: ReadonlyMap<string, string>, now: number): Awaitable<void>;
  /** Makes what was found the pin. False when something else was found or accepted meanwhile. */
  accept(pin: Pin, now: number): Awaitable<boolean>;
}

/** What a lock keeps: credentials, the trail, pins and secrets of its own. `testStore` of `latchkey/testing` holds one against every promise made here. */
export interface Store {
  readonly credentials: CredentialStore;
  readonly pins: PinStore;
  /**
   * The same pins; what is accepted through them is written to the trail as done by `actor`. What cannot be written down is
   * not done.
   */
  pinsBy(actor: string): PinStore;
  /**
   * The same credentials; what is changed through them is written to the trail as done by `actor`. What cannot be written
   * down is not done, but for a revocation: that holds, and then E_TRAIL_UNWRITTEN is thrown.
   */
  credentialsBy(actor: string): CredentialStore;
  readonly trail: TrailStore;
  /** A secret of the gateway's own (hex, 32 bytes), made at first use and the same ever after. */
  secret(name: string): Awaitable<string>;
  /**
   * A number that is another one after each change of credentials; equal numbers mean that cached verdicts hold. Asked on
   * each request, so it may be of a moment ago: then `rotate`, `settle` and `revoke` answer no sooner than everyone who
   * has the store open is given the new number.
   */
  version(): Awaitable<number>;
  /** Writes what is left and lets go of the files; nothing may be asked after. */
  close(): Awaitable<void>;
}

/** A value, now or later: a store that can answer at once should. */
export type Awaitable<T> = T | Promise<T>;
