import { isLive } from '../core/credential-life.ts';
import { LatchkeyError } from '../core/error.ts';
import type { CredentialRecord, CredentialStore } from '../core/store.ts';
import { prefixOfHint, type MintedCredential } from '../core/token-format.ts';
import { deliver, type Deliver } from './deliver.ts';
import { isDue } from './due.ts';
import type { FirstToken } from './first-token.ts';
import type { Handover } from './handover.ts';

export interface SuccessionOptions {
  readonly store: CredentialStore;
  /** A token is replaced at this age, and always before it ends. */
  readonly everyMs: number;
  /** How long the old token works after the new one was delivered. */
  readonly graceMs: number;
  /** The life of each new token. */
  readonly ttlMs: number;
  /** When a successor that another process failed to deliver is given up and replaced. */
  readonly giveUpMs: number;
  readonly deliver: Deliver;
  readonly mint: (prefix: string) => MintedCredential;
  readonly now: () => number;
  readonly onEvent: ((event: RotationEvent) => void) | undefined;
  /** Ends a delivery under way. */
  readonly signal: AbortSignal;
}

export type RotationEvent =
  | { readonly kind: 'rotated'; readonly name: string; readonly expiresAt: number | null }
  | { readonly kind: 'failed'; readonly name: string; readonly error: LatchkeyError };

/** A successor that this process made and has yet to deliver. Its text is in no other place. */
interface Waiting extends Handover {
  readonly id: string;
  readonly attempts: number;
  readonly nextAttemptAt: number;
}

/** The tokens of one name, each of which replaces the one before. */
export interface Succession {
  /** Does what is due. Rejects when that failed; then it is due again. */
  check(): Promise<void>;
}

const LONGEST_BACK_OFF_MS = 300_000;

/**
 * Access is never lost from one token to the next: the store issues the successor first, as undelivered, which leaves the
 * predecessor its whole life; then it is delivered; then `settle` gives the predecessor its grace. A process that dies
 * before it delivered leaves an undelivered successor, which after `giveUpMs` is replaced by another; one that dies before
 * it settled does that too, and both stay valid till then. `made` is a token that is to be delivered at once.
 */
export function createSuccession(name: string, options: SuccessionOptions, made: FirstToken | null): Succession {
  const { store, graceMs, ttlMs, now, onEvent } = options;
  let waiting: Waiting | null =
    made === null ? null : { ...made, token: made.secret, attempts: 0, nextAttemptAt: now() };
  let missing = false;

  const issue = async (found: CredentialRecord): Promise<void> => {
    const minted = options.mint(prefixOfHint(found.hint));
    const at = now();
    const successor = { hash: minted.hash, hint: minted.hint, expiresAt: at + ttlMs, undelivered: true };
    // By id: by name it might be the successor that another process has just made.
    const outcome = await store.rotate({ id: found.id }, successor, graceMs, at);
    if (outcome.kind !== 'rotated') return;
    const { id, expiresAt } = outcome.successor;
    waiting = { id, name, token: minted.secret, expiresAt, attempts: 0, nextAttemptAt: at };
  };

  const handOver = async (entry: Waiting): Promise<void> => {
    try {
      await deliver(options.deliver, entry, options.signal);
    } catch (error) {
      const attempts = entry.attempts + 1;
      waiting = { ...entry, attempts, nextAttemptAt: now() + Math.min(LONGEST_BACK_OFF_MS, 1000 * 2 ** attempts) };
      throw error;
    }
    await store.settle(entry.id, graceMs, now());
    waiting = null;
    onEvent?.({ kind: 'rotated', name, expiresAt: entry.expiresAt });
  };

  const tellMissing = (found: CredentialRecord | null): void => {
    // Somebody revoked it, and knows.
    if (missing || (found !== null && found.revokedAt !== null)) return;
    missing = true;
    onEvent?.({ kind: 'failed', name, error: toMissing(name) });
  };

  return {
    async check() {
      const found = await store.findByName('token', name);
      // Someone revoked or replaced it: then nobody is to get it any more.
      if (waiting !== null && (found?.id !== waiting.id || !isLive(found, now()))) waiting = null;
      if (found === null || !isLive(found, now())) return tellMissing(found);
      missing = false;
      if (waiting === null && isDue(found, options, now())) await issue(found);
      if (waiting !== null && mayAttempt(waiting, now())) await handOver(waiting);
    },
  };
}

/** Nobody waits for as long as the clock was set back. */
function mayAttempt({ nextAttemptAt }: Waiting, now: number): boolean {
  return nextAttemptAt <= now || nextAttemptAt - now > LONGEST_BACK_OFF_MS;
}

function toMissing(name: string): LatchkeyError {
  return new LatchkeyError('E_CREDENTIAL_DEAD', `There is no token "${name}" that works, so none is rotated.`, {
    hint: 'start again, which makes one, or make it with `latchkey token create`',
  });
}
