import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewCredential, Store } from '../../packages/latchkey/src/core/store.ts';
import { startChild } from './store-child.ts';

/** A storage engine that several processes may use at once. */
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

const LINE = `{"time":"${new Date(NOW).toISOString()}","decision":"deny"}\n`;

let serial = 0;
const digest = () => hash('sha256', `credential ${++serial}`, 'hex');

function newToken(name: string, expiresAt: number | null = NOW + 3_600_000): NewCredential {
  const rights = { owner: null, scopes: ['file:read'], servers: null };
  return { kind: 'token', name, ...rights, expiresAt, hash: digest(), hint: 'lk_abcd' };
}

/** Registers what every engine must show that outlives its processes; the rest is `testStore`. */
export function describeProcesses(engine: Engine): void {
  describe(`processes: ${engine.name}`, () => {
    let location: string;
    let store: Store;
    const others: Store[] = [];

    const openAnother = async (): Promise<Store> => {
      const other = await engine.open(location);
      others.push(other);
      return other;
    };
    const create = async (credential: NewCredential): Promise<void> => {
      expect(await store.credentials.create(credential, NOW)).toMatchObject({ name: credential.name });
    };

    beforeEach(async () => {
      location = await engine.createLocation();
      store = await engine.open(location);
    });

    afterEach(async () => {
      for (const open of [...others.splice(0), store]) await open.close();
      await engine.removeLocation(location);
    });

    describe('rotate', () => {
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
          await store.trail.append(Buffer.from(${JSON.stringify(LINE)}));
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
        expect((await reopened.trail.read({})).records).toHaveLength(1);
      });

      it(
        'at any moment of many rotations leaves one live successor of the last that was acknowledged',
        { timeout: 30_000 },
        async () => {
          await create(newToken('hammered', null));
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
