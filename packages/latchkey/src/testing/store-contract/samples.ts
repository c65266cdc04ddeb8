import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type {
  CredentialRecord,
  CredentialStore,
  NewCredential,
  RotateOutcome,
  Store,
  Successor,
} from '../../core/store.ts';

/** The contract's time, epoch milliseconds. */
export const NOW = Date.parse('2026-06-01T12:00:00Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

let serial = 0;

/** One that was never given before. */
export const newDigest = (): string => hash('sha256', `latchkey ${++serial}`, 'hex');

export function newToken(name: string, more: Partial<NewCredential> = {}): NewCredential {
  return {
    kind: 'token',
    name,
    owner: null,
    scopes: ['file:read', 'file:write'],
    servers: null,
    expiresAt: NOW + HOUR,
    hash: newDigest(),
    hint: 'lk_abcd',
    ...more,
  };
}

export const newSuccessor = (expiresAt: number | null = NOW + 2 * HOUR): Successor => ({
  hash: newDigest(),
  hint: 'lk_wxyz',
  expiresAt,
});

export async function create(store: Store, credential: NewCredential, now = NOW): Promise<CredentialRecord> {
  const record = await store.credentials.create(credential, now);
  assert.ok(record !== 'name-taken', `the name ${credential.name} is taken`);
  return record;
}

type Rotated = Extract<RotateOutcome, { readonly kind: 'rotated' }>;

/** `CredentialStore.rotate` that must succeed. */
export async function rotate(store: Store, ...order: Parameters<CredentialStore['rotate']>): Promise<Rotated> {
  const outcome = await store.credentials.rotate(...order);
  assert.ok(outcome.kind === 'rotated', `not rotated: ${outcome.kind}`);
  return outcome;
}

/** One line of the trail, `number` milliseconds after that time. */
export const lineAt = (at: number, number: number, decision: 'allow' | 'deny' = 'allow'): string =>
  `{"time":"${new Date(at + number).toISOString()}","decision":"${decision}","n":${number}}\n`;

export const bytesOf = (...lines: readonly string[]): Uint8Array => new TextEncoder().encode(lines.join(''));

/** Holds two records against each other; that nothing is undelivered may be said or left out. */
export function sameRecord(actual: CredentialRecord | null, expected: CredentialRecord): void {
  assert.deepEqual(actual && toPlain(actual), toPlain(expected));
}

function toPlain(record: CredentialRecord): CredentialRecord {
  const { scopes, servers, undelivered = false } = record;
  return { ...record, scopes: [...scopes], servers: servers && [...servers], undelivered };
}
