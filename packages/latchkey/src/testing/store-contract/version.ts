import assert from 'node:assert/strict';
import type { Section } from './place.ts';
import { bytesOf, create, lineAt, newSuccessor, newToken, NOW } from './samples.ts';

/** What `countUses`, `version` and `secret` must do. */
export function testVersion({ describe, it }: Section): void {
  describe('countUses', () => {
    it('adds up counts and keeps the latest time, of any connection', async ({ store, openAnother }) => {
      const a = await create(store, newToken('a'));
      const b = await create(store, newToken('b'));
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
      const usesOf = async (id: string) => {
        const found = await store.credentials.find(id);
        return [found?.uses, found?.lastUsedAt];
      };
      assert.deepEqual(await usesOf(a.id), [5, NOW + 9]);
      assert.deepEqual(await usesOf(b.id), [1, NOW]);
    });
  });

  describe('version', () => {
    it('stays while nothing is granted or taken away, through uses and trail lines', async ({ store, openAnother }) => {
      const record = await create(store, newToken('a'));
      const before = await store.version();
      await store.credentials.countUses(new Map([[record.id, { count: 1, lastUsedAt: NOW }]]));
      await store.trail.append(bytesOf(lineAt(NOW, 1)));
      await (await openAnother()).trail.append(bytesOf(lineAt(NOW, 1)));
      assert.equal(await store.version(), before);
    });

    it('changes with each revocation and rotation, here and in another connection', async ({ store, openAnother }) => {
      const other = await openAnother();
      const seen = [await store.version()];
      const note = async () => {
        const version = await store.version();
        assert.ok(!seen.includes(version), `version ${version} came again`);
        seen.push(version);
      };
      await create(store, newToken('a'));
      await create(store, newToken('b'));
      await store.credentials.rotate({ kind: 'token', name: 'a' }, newSuccessor(), 0, NOW);
      await note();
      await store.credentials.revoke({ kind: 'token', name: 'a' }, NOW);
      await note();
      await other.credentials.rotate({ kind: 'token', name: 'b' }, newSuccessor(), 0, NOW);
      await note();
      await other.credentials.revoke({ kind: 'token', name: 'b' }, NOW);
      await note();
    });

    it('has changed in every connection when a revocation answers, however often it is asked', async (place) => {
      const { store, openAnother } = place;
      const other = await openAnother();
      for (let round = 0; round < 10; round += 1) {
        await create(store, newToken('a'));
        const versions = async () => [await store.version(), await other.version()] as const;
        const before = await versions();
        await other.credentials.revoke({ kind: 'token', name: 'a' }, NOW);
        const after = await versions();
        assert.ok(
          after.every((version, index) => version !== before[index]),
          `still ${String(after)} after a revocation`,
        );
      }
    });
  });

  describe('secret', () => {
    it('is made once, differs by name, and is the same for everyone ever after', async ({ store, openAnother }) => {
      const other = await openAnother();
      const [here, there] = await Promise.all([store.secret('sessions'), other.secret('sessions')]);
      assert.match(here, /^[0-9a-f]{64}$/);
      assert.equal(there, here);
      assert.notEqual(await store.secret('another'), here);
      assert.equal(await (await openAnother()).secret('sessions'), here);
    });
  });
}
