import assert from 'node:assert/strict';
import type { Store } from '../../core/store.ts';
import type { Section } from './place.ts';
import { newDigest, NOW } from './samples.ts';

const [first, second, third] = [newDigest(), newDigest(), newDigest()] as const;

const see = async (store: Store, definition: string, now: number): Promise<void> =>
  store.pins.see('files', new Map([['read', definition]]), now);

/** What pins of tool definitions must do. */
export function testPins({ describe, it }: Section): void {
  describe('pins', () => {
    it('keep the first definition of a tool, and what was found last until it is accepted', async ({
      store,
      openAnother,
    }) => {
      await see(store, first, NOW);
      await see(store, first, NOW + 1);
      const pin = { server: 'files', tool: 'read', digest: first, found: null, at: NOW };
      assert.deepEqual((await store.pins.list('files')).map(toPlain), [pin]);
      await see(store, second, NOW + 2);
      await see(store, third, NOW + 3);
      const [changed] = await (await openAnother()).pins.list(null);
      assert.ok(changed !== undefined);
      assert.deepEqual(toPlain(changed), { ...pin, found: third });
      assert.equal(await store.pins.accept({ ...changed, found: second }, NOW + 4), false);
      assert.equal(await store.pins.accept(changed, NOW + 4), true);
      assert.equal(await store.pins.accept(changed, NOW + 5), false);
      assert.deepEqual((await store.pins.list('files')).map(toPlain), [{ ...pin, digest: third, at: NOW + 4 }]);
    });

    it('forget what was found when the pinned definition comes back, and are of one server', async ({ store }) => {
      await see(store, first, NOW);
      await see(store, second, NOW + 1);
      await see(store, first, NOW + 2);
      const [pin] = await store.pins.list('files');
      assert.deepEqual([pin?.digest, pin?.found], [first, null]);
      await store.pins.see('db', new Map([['read', second]]), NOW);
      assert.deepEqual(await store.pins.list('other'), []);
      const listed = await store.pins.list(null);
      assert.deepEqual(
        listed.map(({ server }) => server),
        ['db', 'files'],
      );
    });

    it('cannot be accepted on the word of who has not seen what was accepted meanwhile', async ({ store }) => {
      await see(store, first, NOW);
      await see(store, second, NOW + 1);
      const [before] = await store.pins.list('files');
      assert.ok(before !== undefined);
      await store.pins.accept(before, NOW + 2);
      await see(store, first, NOW + 3);
      assert.equal(await store.pins.accept({ ...before, found: first }, NOW + 4), false);
    });

    it('cannot be accepted where nothing else was found, or nothing at all', async ({ store }) => {
      await see(store, first, NOW);
      const [pin] = await store.pins.list('files');
      assert.ok(pin !== undefined);
      assert.equal(await store.pins.accept(pin, NOW + 1), false);
      assert.equal(await store.pins.accept({ ...pin, tool: 'other', found: second }, NOW + 1), false);
    });
  });

  describe('pinsBy', () => {
    it('writes to the trail what is accepted, and nothing else', async ({ store }) => {
      const pins = store.pinsBy('user:ada');
      await pins.see('files', new Map([['read', first]]), NOW);
      await pins.see('files', new Map([['read', second]]), NOW + 1);
      const [pin] = await store.pins.list('files');
      assert.ok(pin !== undefined);
      for (const accepted of [true, false]) assert.equal(await pins.accept(pin, NOW + 2), accepted);
      const { records } = await store.trail.read({});
      const lines = records.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
      assert.deepEqual(
        lines.map(({ time, principal, method, server, target, change }) => [
          time,
          principal,
          method,
          server,
          target,
          change,
        ]),
        [
          [
            new Date(NOW + 2).toISOString(),
            'user:ada',
            'tool accept',
            'files',
            'read',
            { digest: second, previous: first },
          ],
        ],
      );
      assert.deepEqual((await store.pins.list('files')).map(toPlain), [
        { ...pin, digest: second, found: null, at: NOW + 2 },
      ]);
    });
  });
}

/** Rows of a database have no prototype. */
const toPlain = <T extends object>(row: T): T => ({ ...row });
