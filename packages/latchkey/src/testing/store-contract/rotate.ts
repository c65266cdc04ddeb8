import assert from 'node:assert/strict';
import type { Section } from './place.ts';
import { create, HOUR, newSuccessor, newToken, NOW, rotate, sameRecord } from './samples.ts';

/** What `rotate` must do. */
export function testRotate({ describe, it }: Section): void {
  describe('rotate', () => {
    it('gives the successor the same rights and ends the predecessor after the grace', async ({ store }) => {
      const first = await create(store, newToken('deploy', { servers: ['files'], expiresAt: null }));
      const next = newSuccessor();
      const key = { kind: 'token', name: 'deploy' } as const;
      const { successor, predecessor } = await rotate(store, key, next, 60_000, NOW + 5);
      const { hint, expiresAt } = next;
      sameRecord(successor, { ...first, id: successor.id, hint, createdAt: NOW + 5, expiresAt });
      assert.notEqual(successor.id, first.id);
      sameRecord(predecessor, { ...first, rotatedAt: NOW + 5, expiresAt: NOW + 60_005 });
      sameRecord(await store.credentials.findByHash(next.hash), successor);
      sameRecord(await store.credentials.find(first.id), predecessor);
      sameRecord(await store.credentials.findByName('token', 'deploy'), successor);
    });

    it('never lengthens the life of the predecessor', async ({ store }) => {
      await create(store, newToken('short', { expiresAt: NOW + 1000 }));
      const { predecessor } = await rotate(store, { kind: 'token', name: 'short' }, newSuccessor(), HOUR, NOW);
      assert.equal(predecessor.expiresAt, NOW + 1000);
    });

    it('goes on from the newest when named, and refuses what was rotated before', async ({ store }) => {
      const credential = newToken('chain');
      const first = await create(store, credential);
      const key = { kind: 'token', name: 'chain' } as const;
      await rotate(store, key, newSuccessor(), 1000, NOW);
      const again = await store.credentials.rotate({ hash: credential.hash }, newSuccessor(), 1000, NOW);
      assert.deepEqual(again, { kind: 'already-rotated' });
      const third = (await rotate(store, key, newSuccessor(), 1000, NOW + 1)).successor;
      assert.equal(third.family, first.family);
      assert.equal((await store.credentials.list('token')).length, 3);
    });

    it('refuses the absent, the revoked and the expired, and changes nothing', async ({ store }) => {
      const attempt = async (name: string, now: number) =>
        (await store.credentials.rotate({ kind: 'token', name }, newSuccessor(), 0, now)).kind;
      await create(store, newToken('revoked'));
      await create(store, newToken('expired'));
      await store.credentials.revoke({ kind: 'token', name: 'revoked' }, NOW);
      const before = await store.credentials.list('token');
      assert.equal(await attempt('absent', NOW), 'absent');
      assert.equal(await attempt('revoked', NOW), 'revoked');
      assert.equal(await attempt('expired', NOW + HOUR), 'expired');
      assert.deepEqual(await store.credentials.list('token'), before);
    });

    it('keeps the name taken by the successor', async ({ store }) => {
      await create(store, newToken('held'));
      await rotate(store, { kind: 'token', name: 'held' }, newSuccessor(), HOUR, NOW);
      assert.equal(await store.credentials.create(newToken('held'), NOW), 'name-taken');
    });

    it('lets exactly one of several concurrent calls win, over several connections', async ({ store, openAnother }) => {
      const { hash } = newToken('race');
      await create(store, newToken('race', { hash }));
      const stores = [store, await openAnother(), await openAnother()];
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, async (_, index) =>
          stores[index % 3]!.credentials.rotate({ hash }, newSuccessor(), 1000, NOW),
        ),
      );
      const kinds = outcomes.map(({ kind }) => kind).sort();
      assert.deepEqual(kinds, [...Array.from({ length: 11 }, () => 'already-rotated'), 'rotated']);
      assert.equal((await store.credentials.list('token')).length, 2);
    });
  });
}
