import { describe, expect, it } from 'vitest';
import type { NewCredential } from '../../core/store.ts';
import { createMemoryStore } from './open.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const TOKEN: NewCredential = {
  kind: 'token',
  name: 'a',
  owner: null,
  scopes: ['x'],
  servers: ['files'],
  expiresAt: null,
  hash: 'a'.repeat(64),
  hint: 'lk_aaaa',
};
const SUCCESSOR = { hash: 'b'.repeat(64), hint: 'lk_bbbb', expiresAt: null };
const line = (number: number) => new TextEncoder().encode(`{"time":"${new Date(NOW + number).toISOString()}"}\n`);

// What every engine must do is in test/contract.
describe('createMemoryStore', () => {
  it('answers without a promise, and each store is one of its own', () => {
    const [store, other] = [createMemoryStore(), createMemoryStore()];
    expect(store.credentials.create(TOKEN, NOW)).toMatchObject({ name: 'a' });
    expect(other.credentials.findByHash(TOKEN.hash)).toBeNull();
    expect(store.secret('x')).not.toBe(other.secret('x'));
  });

  it('takes a digest once, and then nothing is written down', () => {
    const store = createMemoryStore();
    store.credentials.create(TOKEN, NOW);
    const credentials = store.credentialsBy('user:ada');
    const twice = expect.objectContaining({ code: 'E_INTERNAL' });
    expect(() => credentials.create({ ...TOKEN, name: 'b' }, NOW)).toThrow(twice);
    expect(() => credentials.rotate({ hash: TOKEN.hash }, { ...SUCCESSOR, hash: TOKEN.hash }, 0, NOW)).toThrow(twice);
    expect(store.credentials.list('token')).toMatchObject([{ name: 'a', rotatedAt: null }]);
    expect(store.trail.read({})).toEqual({ records: [], end: 0 });
  });

  it('says that the clock is wrong where it shows no year of the trail', () => {
    const store = createMemoryStore();
    const wrong = expect.objectContaining({ code: 'E_CLOCK' });
    for (const now of [Date.UTC(10_000, 0, 1), Date.UTC(-1, 0, 1)])
      expect(() => store.credentialsBy('user:ada').create(TOKEN, now)).toThrow(wrong);
    expect(store.credentials.list('token')).toEqual([]);
  });

  it('gives out records that nobody can change, the store itself included', () => {
    const { credentials } = createMemoryStore();
    const scopes = ['x'];
    credentials.create({ ...TOKEN, scopes }, NOW);
    scopes.push('*');
    const before = credentials.findByHash(TOKEN.hash);
    credentials.revoke({ hash: TOKEN.hash }, NOW);
    expect(before).toMatchObject({ scopes: ['x'], revokedAt: null });
    expect(() => Object.assign(before as object, { revokedAt: 1 })).toThrow(TypeError);
    expect(credentials.findByHash(TOKEN.hash)).toMatchObject({ revokedAt: NOW });
  });

  it('ends no life by an undelivered successor, and never one that had no end', () => {
    const { credentials } = createMemoryStore();
    credentials.create(TOKEN, NOW);
    credentials.rotate({ hash: TOKEN.hash }, { ...SUCCESSOR, undelivered: true }, 0, NOW);
    expect(credentials.findByHash(TOKEN.hash)).toMatchObject({ expiresAt: null, rotatedAt: NOW });
  });

  it('keeps the newest lines of the trail, 100,000 where nothing else is said', async () => {
    const store = createMemoryStore({ trailLines: 3 });
    for (let number = 0; number < 5; number++) store.trail.append(line(number));
    expect((await store.trail.read({})).records.map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(await store.trail.read({ limit: 0 })).toEqual({ records: [], end: 5 });
    expect(await store.trail.verify()).toMatchObject({ records: 3, bad: null });
    const large = createMemoryStore();
    const lines = new TextEncoder().encode(new TextDecoder().decode(line(1)).repeat(100_001));
    large.trail.append(lines);
    expect((await large.trail.read({ limit: 1_000_000 })).records).toHaveLength(100_000);
  });

  it('lists the tools of a server by their names', () => {
    const { pins } = createMemoryStore();
    pins.see('files', new Map(['write', 'read', 'list'].map((tool) => [tool, 'a'.repeat(64)])), NOW);
    expect(pins.list('files')).toMatchObject([{ tool: 'list' }, { tool: 'read' }, { tool: 'write' }]);
  });
});
