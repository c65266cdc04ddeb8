import { isLive } from '../core/credential-life.ts';
import { LatchkeyError } from '../core/error.ts';
import type { CredentialRecord, CredentialStore } from '../core/store.ts';
import { prefixOfHint, type MintedCredential } from '../core/token-format.ts';
import { deliver, type Deliver } from './deliver.ts';
import { dueAt } from './due.ts';
import type { FirstToken } from './first-token.ts';
import type { Handover } from './handover.ts';

export interface RotationOptions {
  readonly store: CredentialStore;
  /** Names of the tokens to replace. */
  readonly names: readonly string[];
  /** A token is replaced at this age, and always before it ends. */
  readonly everyMs: number;
  /** How long the old token works after the new one was delivered. */
  readonly graceMs: number;
  /** The life of each new token. */
  readonly ttlMs: number;
  readonly deliver: Deliver;
  /** One that was just made, and is to be delivered at once. */
  readonly first?: FirstToken | null;
  readonly mint: (prefix: string) => MintedCredential;
  readonly onEvent?: (event: RotationEvent) => void;
  readonly now?: () => number;
  /** How often to look. Default: a tenth of `everyMs`, from 1 s to 30 s. */
  readonly lookEveryMs?: number;
  /** When a successor that another process failed to deliver is given up and replaced. Default 60,000 ms. */
  readonly giveUpMs?: number;
}

export type RotationEvent =
  | { readonly kind: 'rotated'; readonly name: string; readonly expiresAt: number | null }
  | { readonly kind: 'failed'; readonly name: string; readonly error: LatchkeyError };

export interface AutomaticRotation {
  /** Looks now, instead of at the next time; never rejects. */
  check(): Promise<void>;
  /** Ends the looking and waits for a delivery under way, which has 2 s more. */
  stop(): Promise<void>;
}

/** A successor that this process made and has yet to deliver. Its text is in no other place. */
interface Waiting extends Handover {
  readonly id: string;
  readonly attempts: number;
  readonly nextAttemptAt: number;
}

const LONGEST_BACK_OFF_MS = 300_000;
const STOP_MS = 2000;

/**
 * Replaces tokens before they end and hands the successors over. Access is never lost on the way: the store issues the
 * successor first, as undelivered, which leaves the predecessor its whole life; then it is delivered; then `settle` gives
 * the predecessor its grace. A process that dies before it delivered leaves an undelivered successor, which after
 * `giveUpMs` is replaced by another; one that dies before it settled does that too, and both stay valid till then.
 */
export function startRotation(options: RotationOptions): AutomaticRotation {
  const { store, names, graceMs, ttlMs, onEvent, now = Date.now, giveUpMs = 60_000 } = options;
  const waiting = new Map<string, Waiting>();
  const missing = new Set<string>();
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  const issue = async (found: CredentialRecord): Promise<void> => {
    const minted = options.mint(prefixOfHint(found.hint));
    const at = now();
    const successor = { hash: minted.hash, hint: minted.hint, expiresAt: at + ttlMs, undelivered: true };
    // By id: by name it might be the successor that another process has just made.
    const outcome = await store.rotate({ id: found.id }, successor, graceMs, at);
    if (outcome.kind !== 'rotated') return;
    const { id, name, expiresAt } = outcome.successor;
    waiting.set(name, { id, name, token: minted.secret, expiresAt, attempts: 0, nextAttemptAt: at });
  };

  const handOver = async (entry: Waiting): Promise<void> => {
    try {
      await deliver(options.deliver, entry, stopping.signal);
    } catch (error) {
      const attempts = entry.attempts + 1;
      waiting.set(entry.name, {
        ...entry,
        attempts,
        nextAttemptAt: now() + Math.min(LONGEST_BACK_OFF_MS, 1000 * 2 ** attempts),
      });
      throw error;
    }
    await store.settle(entry.id, graceMs, now());
    waiting.delete(entry.name);
    onEvent?.({ kind: 'rotated', name: entry.name, expiresAt: entry.expiresAt });
  };

  const checkName = async (name: string): Promise<void> => {
    const found = await store.findByName('token', name);
    const held = waiting.get(name);
    // Someone revoked or replaced it: then nobody is to get it any more.
    if (held !== undefined && (found?.id !== held.id || !isLive(found, now()))) waiting.delete(name);
    if (found === null || !isLive(found, now())) return tellMissing(name, found);
    missing.delete(name);
    if (!waiting.has(name)) {
      const abandoned = found.undelivered === true && found.createdAt + giveUpMs <= now();
      if (!abandoned && (found.undelivered === true || dueAt(found, options) > now())) return;
      await issue(found);
    }
    const entry = waiting.get(name);
    if (entry !== undefined && entry.nextAttemptAt <= now()) await handOver(entry);
  };

  const tellMissing = (name: string, found: CredentialRecord | null): void => {
    // Somebody revoked it, and knows.
    if (missing.has(name) || (found !== null && found.revokedAt !== null)) return;
    missing.add(name);
    onEvent?.({ kind: 'failed', name, error: toMissing(name) });
  };

  const checkAll = async (): Promise<void> => {
    for (const name of names) {
      await checkName(name).catch((error: unknown) =>
        onEvent?.({ kind: 'failed', name, error: toFailure(name, error) }),
      );
    }
  };

  const check = (): Promise<void> => {
    running ??= checkAll().finally(() => {
      running = null;
    });
    return running;
  };

  const { first = null } = options;
  if (first !== null) waiting.set(first.name, { ...first, token: first.secret, attempts: 0, nextAttemptAt: now() });
  const timer = setInterval(
    () => void check(),
    options.lookEveryMs ?? Math.min(30_000, Math.max(1000, options.everyMs / 10)),
  );
  timer.unref();
  void check();

  return {
    check,
    async stop() {
      clearInterval(timer);
      const last = setTimeout(() => stopping.abort(), STOP_MS);
      await running;
      clearTimeout(last);
    },
  };
}

function toMissing(name: string): LatchkeyError {
  return new LatchkeyError('E_CREDENTIAL_DEAD', `There is no token "${name}" that works, so none is rotated.`, {
    hint: 'start again, which makes one, or make it with `latchkey token create`',
  });
}

function toFailure(name: string, cause: unknown): LatchkeyError {
  if (cause instanceof LatchkeyError) return cause;
  return new LatchkeyError('E_INTERNAL', `The token "${name}" could not be rotated.`, {
    hint: 'It still works until its own end, and rotation is tried again.',
    cause,
  });
}
