import { randomBytes } from 'node:crypto';
import { openStore } from '../packages/latchkey/src/store/sqlite/open.ts';
import { mintCredential } from '../packages/latchkey/src/verify/mint.ts';
import type { TokenSet } from './peer.ts';
import { toBenchPath } from './program.ts';
import { SCOPE } from './request.ts';

export const TOKEN_COUNT = 1000;
export const LATCHKEY_COMMAND = toBenchPath('../packages/latchkey/bin/latchkey.js');

/** Random tokens as long as Latchkey's own, for the peers that keep theirs in a file. */
export function makeTokens(count: number): TokenSet {
  return { valid: Array.from({ length: count }, makeToken), unscoped: makeToken() };
}

function makeToken(): string {
  return `lk_${randomBytes(48).toString('base64url').replace(/[-_]/g, '0').slice(0, 49)}`;
}

const HOUR_MS = 3_600_000;

/** Creates tokens in a Latchkey store without the command line, which takes 70 ms for each. */
export async function createTokens(storeDirectory: string, count: number): Promise<TokenSet> {
  const store = await openStore(storeDirectory);
  const create = async (name: string, scope: string): Promise<string> => {
    const { secret, hash, hint } = mintCredential('lk_');
    const now = Date.now();
    await store.credentials.create(
      { kind: 'token', name, owner: null, scopes: [scope], servers: null, expiresAt: now + HOUR_MS, hash, hint },
      now,
    );
    return secret.reveal();
  };
  try {
    const unscoped = await create('unscoped', 'other');
    const valid: string[] = [];
    for (let index = 0; index < count; index += 1) valid.push(await create(`bench-${index}`, SCOPE));
    return { valid, unscoped };
  } finally {
    await store.close();
  }
}
