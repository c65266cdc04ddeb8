import assert from 'node:assert/strict';
import type { Section } from './place.ts';
import { DAY, newToken, NOW, rotate } from './samples.ts';

interface ChangeLine {
  readonly method: string;
  readonly principal: string;
  readonly target: string;
  readonly change: { readonly id: string; readonly family: string; readonly ended: readonly string[] };
}

/** What `credentialsBy` must do. */
export function testChanges({ describe, it }: Section): void {
  describe('credentialsBy', () => {
    it('writes each change to the trail, and nothing where nothing changed', async ({ store }) => {
      const credentials = store.credentialsBy('user:ada');
      const token = newToken('a\u2028"b', { hash: 'a'.repeat(64), hint: 'lk_aaaa', expiresAt: NOW + DAY });
      const key = { kind: 'token', name: token.name } as const;
      const next = { hash: 'b'.repeat(64), hint: 'lk_bbbb', expiresAt: NOW + DAY, undelivered: true };
      await credentials.create(token, NOW);
      await credentials.create(token, NOW);
      const by = { ...store, credentials };
      const { predecessor, successor } = await rotate(by, key, next, 1000, NOW + 1);
      await credentials.rotate({ hash: token.hash }, next, 1000, NOW + 1);
      for (const _ of ['once', 'twice']) await credentials.settle(successor.id, 1000, NOW + 2);
      for (const _ of ['once', 'twice']) await credentials.revoke(key, NOW + 3);

      const { records } = await store.trail.read({});
      const lines = records.map(({ json }) => JSON.parse(json) as ChangeLine);
      const [first, second] = [predecessor.id, successor.id];
      assert.deepEqual(
        lines.map(({ method, change }) => [method, change.id, change.ended]),
        [
          ['token create', first, []],
          ['token rotate', second, []],
          ['token deliver', second, [first]],
          ['token revoke', second, [first, second]],
        ],
      );
      for (const { principal, target, change } of lines)
        assert.deepEqual([principal, target, change.family], ['user:ada', token.name, first]);
      assert.doesNotMatch(JSON.stringify(records), /a{64}|b{64}|lk_/);
    });

    it('is of the same credentials', async ({ store }) => {
      const token = newToken('shared');
      await store.credentialsBy('user:ada').create(token, NOW);
      assert.equal((await store.credentials.findByHash(token.hash))?.name, 'shared');
      assert.equal(await store.credentials.create(newToken('shared'), NOW), 'name-taken');
    });
  });
}
