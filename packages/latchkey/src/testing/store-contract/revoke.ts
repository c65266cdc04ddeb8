import assert from 'node:assert/strict';
import type { Section } from './place.ts';
import { create, HOUR, newDigest, newSuccessor, newToken, NOW, rotate } from './samples.ts';

/** What `revoke` must do. */
export function testRevoke({ describe, it }: Section): void {
  describe('revoke', () => {
    it('ends the credential and all its live family, in grace too', async ({ store }) => {
      await create(store, newToken('leaked', { expiresAt: null }));
      await create(store, newToken('other'));
      const key = { kind: 'token', name: 'leaked' } as const;
      await rotate(store, key, newSuccessor(), 0, NOW);
      await rotate(store, key, newSuccessor(), HOUR, NOW);
      const revoked = await store.credentials.revoke(key, NOW + 1);
      // The first was past its grace of nothing: it had ended already.
      assert.deepEqual(
        revoked.map(({ name, revokedAt }) => [name, revokedAt]),
        [
          ['leaked', NOW + 1],
          ['leaked', NOW + 1],
        ],
      );
      assert.equal((await store.credentials.findByName('token', 'other'))?.revokedAt, null);
      assert.deepEqual(await store.credentials.revoke(key, NOW + 2), []);
    });

    it('by digest of a predecessor ends the successor as well', async ({ store }) => {
      const { hash } = newToken('leaked');
      await create(store, newToken('leaked', { hash }));
      const next = newSuccessor();
      await rotate(store, { hash }, next, 0, NOW);
      assert.equal((await store.credentials.revoke({ hash }, NOW + 1)).length, 1);
      assert.equal((await store.credentials.findByHash(next.hash))?.revokedAt, NOW + 1);
    });

    it('by name ends a predecessor in grace whose successor expired, though the name was given again', async ({
      store,
    }) => {
      const credential = newToken('n', { expiresAt: null });
      await create(store, credential);
      const key = { kind: 'token', name: 'n' } as const;
      await rotate(store, key, newSuccessor(NOW + 10), HOUR, NOW);
      await create(store, newToken('n'), NOW + 20);
      assert.equal((await store.credentials.revoke(key, NOW + 30)).length, 2);
      assert.equal((await store.credentials.findByHash(credential.hash))?.revokedAt, NOW + 30);
    });

    it('holds too when the clock that said a credential had expired is set back', async ({ store }) => {
      const credential = newToken('early', { expiresAt: NOW + HOUR });
      await create(store, credential);
      assert.deepEqual(await store.credentials.revoke({ kind: 'token', name: 'early' }, NOW + 2 * HOUR), []);
      assert.equal((await store.credentials.findByHash(credential.hash))?.revokedAt, NOW + 2 * HOUR);
    });

    it('answers with nothing for what is not there', async ({ store }) => {
      assert.deepEqual(await store.credentials.revoke({ kind: 'token', name: 'absent' }, NOW), []);
      assert.deepEqual(await store.credentials.revoke({ hash: newDigest() }, NOW), []);
    });
  });
}
