import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  CredentialRecord,
  NewCredential,
  RotateOutcome,
  Store,
  Successor,
} from '../../packages/latchkey/src/core/store.ts';
import { startChild } from './store-child.ts';
import { bytesOf, describePinsAndTrail, line } from './store-trail.ts';

/** A storage engine under test. */
export interface Engine {
  readonly name: string;
  /** The module that exports `openStore(location)`; child processes load it. */
  readonly module: URL;
  /** Where a fresh, empty store may be. */
  createLocation(): Promise<string>;
  removeLocation(location: string): Promise<void>;
  open(location: string): Promise<Store>;
}

const NOW = Date.parse('2026-06-01T12:00:00Z');
const HOUR = 3_600_000;

let serial = 0;
const digest = () => hash('sha256', `credential ${++serial}`, 'hex');

function newToken(name: string, more: Partial<NewCredential> = {}): NewCredential {
  return {
    kind: 'token',
    name,
    owner: null,
    scopes: ['file:read', 'file:write'],
    servers: null,
    expiresAt: NOW + HOUR,
    hash: digest(),
    hint: 'lk_abcd',
    ...more,
  };
}

const newSuccessor = (expiresAt: number | null = NOW + 2 * HOUR): Successor => ({
  hash: digest(),
  hint: 'lk_wxyz',
  expiresAt,
});

const undelivered = (): Successor => ({ ...newSuccessor(), undelivered: true });

const rotated = (outcome: RotateOutcome) => {
  if (outcome.kind !== 'rotated') throw new Error(outcome.kind);
  return outcome;
};

/** Registers the behaviour that every engine must show. Time is an argument throughout, so nothing here sleeps. */
export function describeStore(engine: Engine): void {
  describe(`store: ${engine.name}`, () => {
    let location: string;
    let store: Store;
    const others: Store[] = [];

    const openAnother = async (): Promise<Store> => {
      const other = await engine.open(location);
      others.push(other);
      return other;
    };
    const create = async (credential: NewCredential, now = NOW): Promise<CredentialRecord> => {
      const record = await store.credentials.create(credential, now);
      if (record === 'name-taken') throw new Error('name taken');
      return record;
    };

    beforeEach(async () => {
      location = await engine.createLocation();
      store = await engine.open(location);
    });

    afterEach(async () => {
      for (const open of [...others.splice(0), store]) await open.close();
      await engine.removeLocation(location);
    });

    describe('create', () => {
      it('keeps everything and finds it by digest, id and name', async () => {
        const credential = newToken('deploy', { servers: ['files'], expiresAt: null });
        const record = await create(credential);
        const { hash: byHash, ...kept } = credential;
        expect(record).toEqual({
          ...kept,
          id: record.id,
          family: record.id,
          createdAt: NOW,
          revokedAt: null,
          rotatedAt: null,
          lastUsedAt: null,
          uses: 0,
          undelivered: false,
        });
        expect(await store.credentials.findByHash(byHash)).toEqual(record);
        expect(await store.credentials.find(record.id)).toEqual(record);
        expect(await store.credentials.findByName('token', 'deploy')).toEqual(record);
      });

      it('finds nothing that was not created', async () => {
        await create(newToken('deploy'));
        expect(await store.credentials.findByHash(digest())).toBeNull();
        expect(await store.credentials.findByHash('')).toBeNull();
        expect(await store.credentials.find('deploy')).toBeNull();
        expect(await store.credentials.findByName('key', 'deploy')).toBeNull();
      });

      it('takes a name once for each kind while its holder lives', async () => {
        await create(newToken('same'));
        expect(await store.credentials.create(newToken('same'), NOW)).toBe('name-taken');
        await create(newToken('same', { kind: 'key', owner: 'Ada' }));
        expect(await store.credentials.list('token')).toHaveLength(1);
        expect(await store.credentials.list('key')).toHaveLength(1);
      });

      it('gives a name again once its holder expired, at that very millisecond', async () => {
        await create(newToken('again', { expiresAt: NOW + HOUR }));
        expect(await store.credentials.create(newToken('again'), NOW + HOUR - 1)).toBe('name-taken');
        const second = await create(newToken('again', { expiresAt: NOW + 2 * HOUR }), NOW + HOUR);
        expect(await store.credentials.findByName('token', 'again')).toEqual(second);
      });

      it('gives a name again once its holder was revoked, as another family', async () => {
        const first = await create(newToken('again'));
        await store.credentials.revoke({ kind: 'token', name: 'again' }, NOW);
        const second = await create(newToken('again'));
        expect(second.family).not.toBe(first.family);
      });

      it('keeps names and owners of any script apart and unchanged', async () => {
        const names = ['naïve', 'nai\u0308ve', '令牌', '🔑 key', "'; DROP TABLE credentials; --", 'a"b\\c', 'A', 'a'];
        for (const name of names) await create(newToken(name, { kind: 'key', owner: `${name}’s owner` }));
        const listed = await store.credentials.list('key');
        expect(listed.map((record) => record.name)).toEqual(names);
        expect(listed.map((record) => record.owner)).toEqual(names.map((name) => `${name}’s owner`));
      });

      it('lets exactly one of several concurrent calls have the name', async () => {
        const stores = [store, await openAnother(), await openAnother()];
        const outcomes = await Promise.all(
          Array.from({ length: 12 }, async (_, index) => stores[index % 3]!.credentials.create(newToken('race'), NOW)),
        );
        expect(outcomes.filter((outcome) => outcome !== 'name-taken')).toHaveLength(1);
        expect(await store.credentials.list('token')).toHaveLength(1);
      });

      it('lists a kind oldest first, dead ones too', async () => {
        for (const name of ['c', 'a', 'b']) await create(newToken(name));
        await store.credentials.revoke({ kind: 'token', name: 'a' }, NOW);
        expect((await store.credentials.list('token')).map((record) => record.name)).toEqual(['c', 'a', 'b']);
      });
    });

    describe('rotate', () => {
      it('gives the successor the same rights and ends the predecessor after the grace', async () => {
        const first = await create(newToken('deploy', { servers: ['files'], expiresAt: null }));
        const next = newSuccessor();
        const { successor, predecessor } = rotated(
          await store.credentials.rotate({ kind: 'token', name: 'deploy' }, next, 60_000, NOW + 5),
        );
        expect(successor).toEqual({
          ...first,
          id: successor.id,
          hint: next.hint,
          createdAt: NOW + 5,
          expiresAt: next.expiresAt,
        });
        expect(successor.id).not.toBe(first.id);
        expect(predecessor).toEqual({ ...first, rotatedAt: NOW + 5, expiresAt: NOW + 60_005 });
        expect(await store.credentials.findByHash(next.hash)).toEqual(successor);
        expect(await store.credentials.find(first.id)).toEqual(predecessor);
        expect(await store.credentials.findByName('token', 'deploy')).toEqual(successor);
      });

      it('never lengthens the life of the predecessor', async () => {
        await create(newToken('short', { expiresAt: NOW + 1000 }));
        const { predecessor } = rotated(
          await store.credentials.rotate({ kind: 'token', name: 'short' }, newSuccessor(), HOUR, NOW),
        );
        expect(predecessor.expiresAt).toBe(NOW + 1000);
      });

      it('goes on from the newest when named, and refuses what was rotated before', async () => {
        const credential = newToken('chain');
        const first = await create(credential);
        const key = { kind: 'token', name: 'chain' } as const;
        rotated(await store.credentials.rotate(key, newSuccessor(), 1000, NOW));
        expect(await store.credentials.rotate({ hash: credential.hash }, newSuccessor(), 1000, NOW)).toEqual({
          kind: 'already-rotated',
        });
        const third = rotated(await store.credentials.rotate(key, newSuccessor(), 1000, NOW + 1)).successor;
        expect(third.family).toBe(first.family);
        expect(await store.credentials.list('token')).toHaveLength(3);
      });

      it('refuses the absent, the revoked and the expired, and changes nothing', async () => {
        const rotate = (name: string, now: number) =>
          store.credentials.rotate({ kind: 'token', name }, newSuccessor(), 0, now);
        await create(newToken('revoked'));
        await create(newToken('expired'));
        await store.credentials.revoke({ kind: 'token', name: 'revoked' }, NOW);
        const before = await store.credentials.list('token');
        expect(await rotate('absent', NOW)).toEqual({ kind: 'absent' });
        expect(await rotate('revoked', NOW)).toEqual({ kind: 'revoked' });
        expect(await rotate('expired', NOW + HOUR)).toEqual({ kind: 'expired' });
        expect(await store.credentials.list('token')).toEqual(before);
      });

      it('keeps the name taken by the successor', async () => {
        await create(newToken('held'));
        rotated(await store.credentials.rotate({ kind: 'token', name: 'held' }, newSuccessor(), HOUR, NOW));
        expect(await store.credentials.create(newToken('held'), NOW)).toBe('name-taken');
      });

      it('lets exactly one of several concurrent calls win, over several connections', async () => {
        const credential = newToken('race');
        await create(credential);
        const stores = [store, await openAnother(), await openAnother()];
        const outcomes = await Promise.all(
          Array.from({ length: 12 }, async (_, index) =>
            stores[index % 3]!.credentials.rotate({ hash: credential.hash }, newSuccessor(), 1000, NOW),
          ),
        );
        expect(outcomes.filter((outcome) => outcome.kind === 'rotated')).toHaveLength(1);
        expect(new Set(outcomes.map((outcome) => outcome.kind))).toEqual(new Set(['rotated', 'already-rotated']));
        expect(await store.credentials.list('token')).toHaveLength(2);
      });

      it('lets exactly one of several concurrent processes win', { timeout: 30_000 }, async () => {
        const credential = newToken('race');
        await create(credential);
        const children = Array.from({ length: 3 }, () =>
          startChild(
            engine,
            location,
            `
            const outcome = await store.credentials.rotate(
              { hash: ${JSON.stringify(credential.hash)} },
              { hash: ${JSON.stringify(digest())}, hint: 'lk_wxyz', expiresAt: null }, 1000, ${NOW});
            say(outcome.kind);`,
          ),
        );
        const outcomes = await Promise.all(children.map((child) => child.said));
        expect(outcomes.sort()).toEqual(['already-rotated', 'already-rotated', 'rotated']);
      });
    });

    describe('settle', () => {
      const key = { kind: 'token', name: 'handed-over' } as const;

      it('ends the predecessors only once the successor is with its holder', async () => {
        const first = await create(newToken('handed-over', { expiresAt: null }));
        const lost = rotated(await store.credentials.rotate(key, undelivered(), 1000, NOW));
        expect(lost.predecessor).toEqual({ ...first, rotatedAt: NOW });
        expect(lost.successor.undelivered).toBe(true);
        const second = rotated(await store.credentials.rotate(key, undelivered(), 1000, NOW + 10));
        expect(second.predecessor.expiresAt).toBe(lost.successor.expiresAt);

        expect(await store.credentials.settle(second.successor.id, 1000, NOW + 20)).toBe(true);
        expect(await store.credentials.find(second.successor.id)).toEqual({ ...second.successor, undelivered: false });
        expect((await store.credentials.find(first.id))?.expiresAt).toBe(NOW + 1020);
        expect((await store.credentials.find(lost.successor.id))?.expiresAt).toBe(NOW + 1020);
      });

      it('is not needed once an undelivered successor was itself replaced by hand', async () => {
        const first = await create(newToken('handed-over', { expiresAt: null }));
        const { successor } = rotated(await store.credentials.rotate({ id: first.id }, undelivered(), 1000, NOW));
        rotated(await store.credentials.rotate(key, newSuccessor(), 1000, NOW + 5));
        expect((await store.credentials.find(first.id))?.expiresAt).toBe(NOW + 1005);
        expect((await store.credentials.find(successor.id))?.expiresAt).toBe(NOW + 1005);
      });

      it('never lengthens a life', async () => {
        const first = await create(newToken('handed-over', { expiresAt: NOW + 500 }));
        const { successor } = rotated(await store.credentials.rotate(key, undelivered(), 1000, NOW));
        await store.credentials.settle(successor.id, 1000, NOW);
        expect((await store.credentials.find(first.id))?.expiresAt).toBe(NOW + 500);
      });

      it('is told once, and changes nothing of anything else', async () => {
        const other = await create(newToken('other'));
        await create(newToken('handed-over'));
        const { successor } = rotated(await store.credentials.rotate(key, undelivered(), 1000, NOW));
        const version = await store.version();
        expect(await store.credentials.settle(successor.id, 0, NOW)).toBe(true);
        expect(await store.version()).not.toBe(version);
        for (const id of [successor.id, other.id, 'absent'])
          expect(await store.credentials.settle(id, 0, NOW)).toBe(false);
        expect(await store.credentials.find(other.id)).toEqual(other);
      });
    });

    describe('revoke', () => {
      it('ends the credential and all its live family, in grace too', async () => {
        const credential = newToken('leaked', { expiresAt: null });
        await create(credential);
        await create(newToken('other'));
        const key = { kind: 'token', name: 'leaked' } as const;
        rotated(await store.credentials.rotate(key, newSuccessor(), 0, NOW));
        rotated(await store.credentials.rotate(key, newSuccessor(), HOUR, NOW));
        const revoked = await store.credentials.revoke(key, NOW + 1);
        // The first was past its grace of nothing: it had ended already.
        expect(revoked).toHaveLength(2);
        expect(revoked.every((record) => record.name === 'leaked' && record.revokedAt === NOW + 1)).toBe(true);
        expect((await store.credentials.findByName('token', 'other'))?.revokedAt).toBeNull();
        expect(await store.credentials.revoke(key, NOW + 2)).toEqual([]);
      });

      it('by digest of a predecessor ends the successor as well', async () => {
        const credential = newToken('leaked');
        await create(credential);
        const next = newSuccessor();
        rotated(await store.credentials.rotate({ hash: credential.hash }, next, 0, NOW));
        const revoked = await store.credentials.revoke({ hash: credential.hash }, NOW + 1);
        expect(revoked).toHaveLength(1);
        expect((await store.credentials.findByHash(next.hash))?.revokedAt).toBe(NOW + 1);
      });

      it('by name ends a predecessor in grace whose successor expired, though the name was given again', async () => {
        const credential = newToken('n', { expiresAt: null });
        await create(credential);
        const key = { kind: 'token', name: 'n' } as const;
        rotated(await store.credentials.rotate(key, newSuccessor(NOW + 10), HOUR, NOW));
        await create(newToken('n'), NOW + 20);
        expect(await store.credentials.revoke(key, NOW + 30)).toHaveLength(2);
        expect((await store.credentials.findByHash(credential.hash))?.revokedAt).toBe(NOW + 30);
      });

      it('holds too when the clock that said a credential had expired is set back', async () => {
        const credential = newToken('early', { expiresAt: NOW + HOUR });
        await create(credential);
        expect(await store.credentials.revoke({ kind: 'token', name: 'early' }, NOW + 2 * HOUR)).toEqual([]);
        expect((await store.credentials.findByHash(credential.hash))?.revokedAt).toBe(NOW + 2 * HOUR);
      });

      it('answers with nothing for what is not there', async () => {
        expect(await store.credentials.revoke({ kind: 'token', name: 'absent' }, NOW)).toEqual([]);
        expect(await store.credentials.revoke({ hash: digest() }, NOW)).toEqual([]);
      });
    });

    describe('countUses', () => {
      it('adds up counts and keeps the latest time, of any process', async () => {
        const a = await create(newToken('a'));
        const b = await create(newToken('b'));
        const other = await openAnother();
        await store.credentials.countUses(
          new Map([
            [a.id, { count: 2, lastUsedAt: NOW + 9 }],
            [b.id, { count: 1, lastUsedAt: NOW }],
          ]),
        );
        await other.credentials.countUses(
          new Map([
            [a.id, { count: 3, lastUsedAt: NOW + 4 }],
            ['absent', { count: 1, lastUsedAt: NOW }],
          ]),
        );
        expect(await store.credentials.find(a.id)).toMatchObject({ uses: 5, lastUsedAt: NOW + 9 });
        expect(await store.credentials.find(b.id)).toMatchObject({ uses: 1, lastUsedAt: NOW });
      });
    });

    describe('version', () => {
      it('stays while nothing is granted or taken away, through uses and trail lines', async () => {
        const record = await create(newToken('a'));
        const before = await store.version();
        await store.credentials.countUses(new Map([[record.id, { count: 1, lastUsedAt: NOW }]]));
        await store.trail.append(bytesOf(line(1)));
        await (await openAnother()).trail.append(bytesOf(line(1)));
        expect(await store.version()).toBe(before);
      });

      it('changes with each revocation and rotation, here and in another connection', async () => {
        const other = await openAnother();
        const seen = [await store.version()];
        const note = async () => {
          const version = await store.version();
          expect(seen).not.toContain(version);
          seen.push(version);
        };
        await create(newToken('a'));
        await create(newToken('b'));
        await store.credentials.rotate({ kind: 'token', name: 'a' }, newSuccessor(), 0, NOW);
        await note();
        await store.credentials.revoke({ kind: 'token', name: 'a' }, NOW);
        await note();
        await other.credentials.rotate({ kind: 'token', name: 'b' }, newSuccessor(), 0, NOW);
        await note();
        await other.credentials.revoke({ kind: 'token', name: 'b' }, NOW);
        await note();
      });
    });

    describe('secret', () => {
      it('is made once, differs by name, and is the same for everyone ever after', async () => {
        const other = await openAnother();
        const [here, there] = await Promise.all([store.secret('sessions'), other.secret('sessions')]);
        expect(here).toMatch(/^[0-9a-f]{64}$/);
        expect(there).toBe(here);
        expect(await store.secret('another')).not.toBe(here);
        expect(await (await openAnother()).secret('sessions')).toBe(here);
      });
    });

    describePinsAndTrail({ store: () => store, openAnother });

    describe('kill -9', () => {
      it('loses nothing that was acknowledged', { timeout: 30_000 }, async () => {
        const kept = newToken('kept');
        await create(kept);
        await create(newToken('gone'));
        const made = digest();
        const next = digest();
        const child = startChild(
          engine,
          location,
          `
          const token = { kind: 'token', owner: null, scopes: ['*'], servers: null, expiresAt: null, hint: 'lk_abcd' };
          await store.credentials.create({ ...token, name: 'made', hash: ${JSON.stringify(made)} }, ${NOW});
          await store.credentials.rotate({ hash: ${JSON.stringify(kept.hash)} },
            { hash: ${JSON.stringify(next)}, hint: 'lk_wxyz', expiresAt: null }, 1000, ${NOW});
          await store.credentials.revoke({ kind: 'token', name: 'gone' }, ${NOW});
          await store.trail.append(Buffer.from(${JSON.stringify(line(1, 'deny'))}));
          say('done');
          setInterval(() => {}, 1000);`,
        );
        expect(await child.said).toBe('done');
        await child.kill();
        const reopened = await openAnother();
        expect((await reopened.credentials.findByHash(made))?.name).toBe('made');
        expect((await reopened.credentials.findByHash(next))?.name).toBe('kept');
        expect((await reopened.credentials.findByHash(kept.hash))?.rotatedAt).toBe(NOW);
        expect((await reopened.credentials.findByName('token', 'gone'))?.revokedAt).toBe(NOW);
        expect(await reopened.trail.read({})).toHaveLength(1);
      });

      it(
        'at any moment of many rotations leaves one live successor of the last that was acknowledged',
        { timeout: 30_000 },
        async () => {
          await create(newToken('hammered', { expiresAt: null }));
          for (const delayMs of [3, 17, 41]) {
            const child = startChild(
              engine,
              location,
              `
            say('ready');
            for (let turn = 0; ; turn++) {
              const hash = (await import('node:crypto')).hash('sha256', process.pid + ' ' + turn, 'hex');
              await store.credentials.rotate({ kind: 'token', name: 'hammered' }, { hash, hint: 'lk_wxyz', expiresAt: null }, 0, ${NOW});
            }`,
            );
            await child.said;
            await new Promise((resolve) => setTimeout(resolve, delayMs));
            await child.kill();
            const members = (await (await openAnother()).credentials.list('token')).filter(
              (record) => record.rotatedAt === null,
            );
            expect(members).toHaveLength(1);
          }
        },
      );
    });
  });
}
