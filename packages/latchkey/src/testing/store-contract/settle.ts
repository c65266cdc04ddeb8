import assert from 'node:assert/strict';
import type { Successor } from '../../core/store.ts';
import type { Section } from './place.ts';
import { create, newSuccessor, newToken, NOW, rotate, sameRecord } from './samples.ts';

const key = { kind: 'token', name: 'handed-over' } as const;
const undelivered = (): Successor => ({ ...newSuccessor(), undelivered: true });

/** What `settle` must do, and `rotate` with a successor that nobody holds yet. */
export function testSettle({ describe, it }: Section): void {
  describe('settle', () => {
    it('ends the predecessors only once the successor is with its holder', async ({ store }) => {
      const first = await create(store, newToken('handed-over', { expiresAt: null }));
      const lost = await rotate(store, key, undelivered(), 1000, NOW);
      sameRecord(lost.predecessor, { ...first, rotatedAt: NOW });
      assert.equal(lost.successor.undelivered, true);
      const second = await rotate(store, key, undelivered(), 1000, NOW + 10);
      assert.equal(second.predecessor.expiresAt, lost.successor.expiresAt);

      assert.equal(await store.credentials.settle(second.successor.id, 1000, NOW + 20), true);
      sameRecord(await store.credentials.find(second.successor.id), { ...second.successor, undelivered: false });
      assert.equal((await store.credentials.find(first.id))?.expiresAt, NOW + 1020);
      assert.equal((await store.credentials.find(lost.successor.id))?.expiresAt, NOW + 1020);
    });

    it('is not needed once an undelivered successor was itself replaced by hand', async ({ store }) => {
      const first = await create(store, newToken('handed-over', { expiresAt: null }));
      const { successor } = await rotate(store, { id: first.id }, undelivered(), 1000, NOW);
      await rotate(store, key, newSuccessor(), 1000, NOW + 5);
      assert.equal((await store.credentials.find(first.id))?.expiresAt, NOW + 1005);
      assert.equal((await store.credentials.find(successor.id))?.expiresAt, NOW + 1005);
    });

    it('never lengthens a life', async ({ store }) => {
      const first = await create(store, newToken('handed-over', { expiresAt: NOW + 500 }));
      const { successor } = await rotate(store, key, undelivered(), 1000, NOW);
      await store.credentials.settle(successor.id, 1000, NOW);
      assert.equal((await store.credentials.find(first.id))?.expiresAt, NOW + 500);
    });

    it('is told once, and changes nothing of anything else', async ({ store }) => {
      const other = await create(store, newToken('other'));
      await create(store, newToken('handed-over'));
      const { successor } = await rotate(store, key, undelivered(), 1000, NOW);
      const version = await store.version();
      assert.equal(await store.credentials.settle(successor.id, 0, NOW), true);
      assert.notEqual(await store.version(), version);
      for (const id of [successor.id, other.id, 'absent'])
        assert.equal(await store.credentials.settle(id, 0, NOW), false);
      sameRecord(await store.credentials.find(other.id), other);
    });
  });
}
