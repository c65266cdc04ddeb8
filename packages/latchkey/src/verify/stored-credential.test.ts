import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import type { NewCredential, Store } from '../core/store.ts';
import { NO_SERVER, type Verdict, type Verifier } from '../core/verifier.ts';
import { openStore } from '../store/sqlite/open.ts';
import { mintCredential } from './mint.ts';
import { createStoredVerifier } from './stored-credential.ts';
import { createUse, createUseCounter } from './use-counter.ts';

const NOW = 1_780_000_000_000;
const PREFIXES = ['lk_', 'lkk_'];

const reasonOf = (verdict: Verdict) => (verdict.kind === 'reject' ? verdict.reason : verdict.kind);

describe('createStoredVerifier', () => {
  let folder: string;
  let store: Store;
  let other: Store;
  let verifier: Verifier;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-verify-'));
    store = await openStore(folder);
    other = await openStore(folder);
    verifier = createStoredVerifier(store.credentials, { version: () => store.version(), prefixes: PREFIXES });
  });
  afterEach(async () => {
    await store.close();
    await other.close();
    await rm(folder, { recursive: true });
  });

  const issue = async (name: string, more: Partial<NewCredential> = {}) => {
    const { secret, hash, hint } = mintCredential(more.kind === 'key' ? 'lkk_' : 'lk_');
    const credential: NewCredential = {
      kind: 'token',
      name,
      owner: null,
      scopes: ['a', 'b'],
      servers: null,
      expiresAt: NOW + 1000,
      hash,
      hint,
      ...more,
    };
    const record = await other.credentials.create(credential, NOW);
    if (record === 'name-taken') throw new Error(record);
    return { secret, hash, record };
  };
  const verify = (secret: Secret, now = NOW, server = 'files') =>
    verifier.verify({ scheme: 'bearer', proof: null, secret }, server, now) as Verdict;

  it('accepts a live credential with the principal it stands for, without a promise', async () => {
    const { secret, record } = await issue('deploy');
    const verdict = verify(secret);
    expect(verdict).toEqual({
      kind: 'accept',
      principal: {
        id: `token:${record.family}`,
        kind: 'token',
        name: 'deploy',
        client: null,
        scopes: new Set(['a', 'b']),
        servers: null,
        expiresAt: NOW + 1000,
        credentialId: record.id,
        issuer: null,
        subject: null,
        keyThumbprint: null,
      },
    });
    expect(verify(secret)).toEqual(verdict);
  });

  it('skips what is not ours, and refuses what is ours but mistyped without asking the store', async () => {
    const { secret } = await issue('deploy');
    const mistyped = secret.reveal().replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    await store.close();
    expect(verify(new Secret('eyJhbGciOiJIUzI1NiJ9.e30.x')).kind).toBe('skip');
    for (const text of [
      mistyped,
      'lk_',
      'lk_short',
      `${secret.reveal()} `,
      `${secret.reveal()}${'x'.repeat(10_000)}`,
    ]) {
      expect(reasonOf(verify(new Secret(text)))).toBe('credential-malformed');
    }
    expect(() => verify(secret)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^E_/) }));
  });

  it('refuses a well-formed credential that was never issued', () => {
    expect(reasonOf(verify(mintCredential('lk_').secret))).toBe('credential-unknown');
  });

  it('refuses an expired one from that very millisecond, cached or not', async () => {
    const { secret } = await issue('short');
    expect(verify(secret, NOW + 999).kind).toBe('accept');
    expect(reasonOf(verify(secret, NOW + 1000))).toBe('credential-expired');
  });

  it('refuses at once what another connection revoked', async () => {
    const { secret } = await issue('leaked');
    for (let turn = 0; turn < 3; turn++) expect(verify(secret).kind).toBe('accept');
    await other.credentials.revoke({ kind: 'token', name: 'leaked' }, NOW);
    expect(reasonOf(verify(secret))).toBe('credential-revoked');
  });

  it('refuses it also where it is not the first that is asked for since', async () => {
    const [kept, leaked] = [await issue('kept'), await issue('leaked')];
    expect([verify(kept.secret).kind, verify(leaked.secret).kind]).toEqual(['accept', 'accept']);
    await other.credentials.revoke({ kind: 'token', name: 'leaked' }, NOW);
    expect([verify(kept.secret), verify(leaked.secret)].map(reasonOf)).toEqual(['accept', 'credential-revoked']);
  });

  it('refuses at once what this process revoked or rotated without grace', async () => {
    const { secret, hash } = await issue('a');
    const second = await issue('b');
    expect([verify(secret).kind, verify(second.secret).kind]).toEqual(['accept', 'accept']);
    await store.credentials.rotate({ hash }, { ...mintCredential('lk_'), expiresAt: null }, 0, NOW);
    expect(reasonOf(verify(secret))).toBe('credential-expired');
    await store.credentials.revoke({ hash: second.hash }, NOW);
    expect(reasonOf(verify(second.secret))).toBe('credential-revoked');
  });

  it('accepts an issued credential that was asked for before it existed', async () => {
    const minted = mintCredential('lk_');
    expect(reasonOf(verify(minted.secret))).toBe('credential-unknown');
    await issue('late', { hash: minted.hash });
    expect(verify(minted.secret).kind).toBe('accept');
  });

  it('lets a credential in only at the servers it was made for', async () => {
    const { secret } = await issue('bound', { servers: ['files'] });
    expect(verify(secret, NOW, 'files').kind).toBe('accept');
    expect(reasonOf(verify(secret, NOW, 'db'))).toBe('credential-audience');
    // Where no server is asked, such as for its successor, it is good wherever it is for.
    expect(verify(secret, NOW, NO_SERVER).kind).toBe('accept');
  });

  it('keeps one principal id through rotation', async () => {
    const { secret, hash } = await issue('chain');
    const next = mintCredential('lk_');
    await store.credentials.rotate({ hash }, { ...next, expiresAt: null }, 500, NOW);
    const [before, after] = [verify(secret), verify(next.secret)];
    expect(before.kind === 'accept' && before.principal.id).toBe(after.kind === 'accept' && after.principal.id);
  });

  it('verifies more credentials than it remembers', async () => {
    verifier = createStoredVerifier(store.credentials, {
      version: () => store.version(),
      prefixes: PREFIXES,
      cacheSize: 2,
    });
    const issued = [await issue('a'), await issue('b'), await issue('c')];
    for (const { secret } of [...issued, ...issued]) expect(verify(secret).kind).toBe('accept');
  });

  describe('what it remembers', () => {
    let asked: number;
    let at: number;
    const remembering = (cacheSize?: number) => {
      asked = 0;
      at = 1;
      verifier = createStoredVerifier(
        {
          findByHash(hash) {
            asked += 1;
            return store.credentials.findByHash(hash);
          },
        },
        { version: () => at, prefixes: PREFIXES, ...(cacheSize === undefined ? {} : { cacheSize }) },
      );
    };
    const asks = (secret: Secret): number => {
      const before = asked;
      verify(secret);
      return asked - before;
    };

    it('is a credential that exists, while the store stays as it is', async () => {
      remembering();
      const { secret } = await issue('known');
      expect([asks(secret), asks(secret), asks(secret)]).toEqual([1, 0, 0]);
      at += 1;
      expect([asks(secret), asks(secret)]).toEqual([1, 0]);
    });

    it('is never that a credential is unknown', () => {
      remembering();
      const { secret } = mintCredential('lk_');
      expect([asks(secret), asks(secret)]).toEqual([1, 1]);
    });

    it('are at most as many as it was told, the oldest of which goes first', async () => {
      remembering(2);
      const [a, b, c] = [await issue('a'), await issue('b'), await issue('c')].map(({ secret }) => secret);
      expect([a, b, c].map((secret) => asks(secret as Secret))).toEqual([1, 1, 1]);
      expect([c, b].map((secret) => asks(secret as Secret))).toEqual([0, 0]);
      expect(asks(a as Secret)).toBe(1);
      expect([c, b].map((secret) => asks(secret as Secret))).toEqual([0, 1]);
    });

    it('is not what was read for an older state of the store', async () => {
      const [slow, another] = [await issue('slow'), await issue('other')];
      const read: string[] = [];
      let [state, release] = [1, (): void => {}];
      const held = new Promise<void>((resolve) => (release = resolve));
      const waiting = createStoredVerifier(
        {
          async findByHash(hash) {
            read.push(hash);
            if (state === 1) await held;
            return store.credentials.findByHash(hash);
          },
        },
        { version: () => state, prefixes: PREFIXES },
      );
      const ask = async (secret: Secret) =>
        reasonOf(await waiting.verify({ scheme: 'bearer', proof: null, secret }, 'files', NOW));
      const first = ask(slow.secret);
      state = 2;
      expect(await ask(another.secret)).toBe('accept');
      release();
      expect(await first).toBe('accept');
      expect([await ask(slow.secret), await ask(slow.secret)]).toEqual(['accept', 'accept']);
      expect(read.filter((hash) => hash === slow.hash)).toHaveLength(2);
    });
  });

  it('says which verifier it is, and hands out principals that nothing can change', async () => {
    const { secret } = await issue('frozen');
    const verdict = verify(secret);
    expect(verifier.name).toBe('stored-credential');
    expect(verdict.kind === 'accept' && Object.isFrozen(verdict.principal)).toBe(true);
  });

  it('knows a key from a token, and a credential without an end or for some servers', async () => {
    const { secret, record } = await issue('robot', { kind: 'key', owner: 'Ada', expiresAt: null, servers: ['files'] });
    expect(verify(secret, NOW + 10 ** 12)).toEqual({
      kind: 'accept',
      principal: {
        id: `key:${record.family}`,
        kind: 'key',
        name: 'robot',
        client: null,
        scopes: new Set(['a', 'b']),
        servers: new Set(['files']),
        expiresAt: null,
        credentialId: record.id,
        issuer: null,
        subject: null,
        keyThumbprint: null,
      },
    });
  });

  it('names revocation before expiry, and expiry before the wrong server', async () => {
    const { secret, hash } = await issue('all', { servers: ['files'] });
    expect(reasonOf(verify(secret, NOW + 5000, 'db'))).toBe('credential-expired');
    await store.credentials.revoke({ hash }, NOW);
    expect(reasonOf(verify(secret, NOW + 5000, 'db'))).toBe('credential-revoked');
  });

  it('gives the same answers over a store that answers with promises', async () => {
    const { secret } = await issue('slow');
    const slow = createStoredVerifier(
      { findByHash: async (hash) => store.credentials.findByHash(hash) },
      { version: async () => store.version(), prefixes: PREFIXES },
    );
    const ask = () => slow.verify({ scheme: 'bearer', proof: null, secret }, 'files', NOW);
    expect([(await ask()).kind, (await ask()).kind]).toEqual(['accept', 'accept']);
    await other.credentials.revoke({ kind: 'token', name: 'slow' }, NOW);
    expect(reasonOf(await ask())).toBe('credential-revoked');
  });

  it('never keeps a record that changed while it was being read', async () => {
    const { secret, hash } = await issue('race');
    const racing = createStoredVerifier(
      {
        findByHash: async (asked) => {
          const found = await store.credentials.findByHash(asked);
          await store.credentials.revoke({ hash }, NOW);
          return found;
        },
      },
      { version: () => store.version(), prefixes: PREFIXES },
    );
    const ask = () => racing.verify({ scheme: 'bearer', proof: null, secret }, 'files', NOW);
    await ask();
    expect(reasonOf(await ask())).toBe('credential-revoked');
  });

  it('counts accepted uses only, and writes them in batches', async () => {
    const uses = createUseCounter(store.credentials, 60_000);
    verifier = createStoredVerifier(store.credentials, { version: () => store.version(), prefixes: PREFIXES, uses });
    const { secret, record } = await issue('counted', { kind: 'key', owner: 'Ada' });
    for (const now of [NOW, NOW + 7, NOW + 3, NOW + 5000]) verify(secret, now);
    await uses.close();
    expect(await other.credentials.find(record.id)).toMatchObject({ uses: 3, lastUsedAt: NOW + 7 });
  });
});

describe('createUseCounter', () => {
  it('keeps counts that could not be written for the next time', async () => {
    let failing = true;
    const written: Map<string, { count: number; lastUsedAt: number }>[] = [];
    const counter = createUseCounter(
      {
        countUses(uses) {
          if (failing) throw new Error('full');
          written.push(new Map(uses));
        },
      },
      60_000,
    );
    counter.count(createUse('a'), 1);
    await expect(counter.flush()).rejects.toThrow('full');
    counter.count(createUse('a'), 2);
    failing = false;
    await counter.flush();
    await counter.flush();
    expect(written).toEqual([new Map([['a', { count: 2, lastUsedAt: 2 }]])]);
    await counter.close();
  });
});
