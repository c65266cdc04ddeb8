import assert from 'node:assert/strict';
import type { Section } from './place.ts';
import { create, HOUR, newDigest, newToken, NOW, sameRecord } from './samples.ts';

/** What `create`, the finding methods and `list` must do. */
export function testCreate({ describe, it }: Section): void {
  describe('create', () => {
    it('keeps everything and finds it by digest, id and name', async ({ store }) => {
      const credential = newToken('deploy', { servers: ['files'], expiresAt: null });
      const record = await create(store, credential);
      const { hash, ...kept } = credential;
      const times = { createdAt: NOW, revokedAt: null, rotatedAt: null, lastUsedAt: null };
      sameRecord(record, { ...kept, id: record.id, family: record.id, ...times, uses: 0 });
      sameRecord(await store.credentials.findByHash(hash), record);
      sameRecord(await store.credentials.find(record.id), record);
      sameRecord(await store.credentials.findByName('token', 'deploy'), record);
    });

    it('finds nothing that was not created', async ({ store }) => {
      await create(store, newToken('deploy'));
      assert.equal(await store.credentials.findByHash(newDigest()), null);
      assert.equal(await store.credentials.findByHash(''), null);
      assert.equal(await store.credentials.find('deploy'), null);
      assert.equal(await store.credentials.findByName('key', 'deploy'), null);
    });

    it('takes a name once for each kind while its holder lives', async ({ store }) => {
      await create(store, newToken('same'));
      assert.equal(await store.credentials.create(newToken('same'), NOW), 'name-taken');
      await create(store, newToken('same', { kind: 'key', owner: 'Ada' }));
      assert.equal((await store.credentials.list('token')).length, 1);
      assert.equal((await store.credentials.list('key')).length, 1);
    });

    it('gives a name again once its holder expired, at that very millisecond', async ({ store }) => {
      await create(store, newToken('again', { expiresAt: NOW + HOUR }));
      assert.equal(await store.credentials.create(newToken('again'), NOW + HOUR - 1), 'name-taken');
      const second = await create(store, newToken('again', { expiresAt: NOW + 2 * HOUR }), NOW + HOUR);
      sameRecord(await store.credentials.findByName('token', 'again'), second);
    });

    it('gives a name again once its holder was revoked, as another family', async ({ store }) => {
      const first = await create(store, newToken('again'));
      await store.credentials.revoke({ kind: 'token', name: 'again' }, NOW);
      assert.notEqual((await create(store, newToken('again'))).family, first.family);
    });

    it('keeps names and owners of any script apart and unchanged', async ({ store }) => {
      const names = ['naïve', 'nai\u0308ve', '令牌', '🔑 key', "'; DROP TABLE credentials; --", 'a"b\\c', 'A', 'a'];
      for (const name of names) await create(store, newToken(name, { kind: 'key', owner: `${name}’s owner` }));
      const listed = await store.credentials.list('key');
      assert.deepEqual(
        listed.map(({ name, owner }) => [name, owner]),
        names.map((name) => [name, `${name}’s owner`]),
      );
    });

    it('lets exactly one of several concurrent calls have the name', async ({ store, openAnother }) => {
      const stores = [store, await openAnother(), await openAnother()];
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, async (_, index) => stores[index % 3]!.credentials.create(newToken('race'), NOW)),
      );
      assert.equal(outcomes.filter((outcome) => outcome !== 'name-taken').length, 1);
      assert.equal((await store.credentials.list('token')).length, 1);
    });

    it('lists a kind oldest first, dead ones too', async ({ store }) => {
      for (const name of ['c', 'a', 'b']) await create(store, newToken(name));
      await store.credentials.revoke({ kind: 'token', name: 'a' }, NOW);
      const listed = await store.credentials.list('token');
      assert.deepEqual(
        listed.map(({ name }) => name),
        ['c', 'a', 'b'],
      );
    });
  });
}
