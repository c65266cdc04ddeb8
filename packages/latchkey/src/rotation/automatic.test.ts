import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.ts';
import type { CredentialRecord, Store } from '../core/store.ts';
import { openStore } from '../store/sqlite/open.ts';
import { digestOf, mintCredential } from '../verify/mint.ts';
import { startRotation, type AutomaticRotation, type RotationOptions } from './automatic.ts';
import type { RotationEvent } from './succession.ts';

const START = 1_780_000_000_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const FAILING = { command: [process.execPath, '-e', 'process.exit(3)'] };

describe('startRotation', () => {
  let folder: string;
  let file: string;
  let store: Store;
  let now: number;
  let events: RotationEvent[];
  const rotations: AutomaticRotation[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-rotation-'));
    file = join(folder, 'tokens.json');
    store = await openStore(join(folder, 'store'));
    now = START;
    events = [];
  });
  afterEach(async () => {
    for (const rotation of rotations.splice(0)) await rotation.stop();
    await store.close();
    await rm(folder, { recursive: true });
  });

  const create = async (name: string, expiresAt: number | null = START + 24 * HOUR, prefix = 'lk_') => {
    const { hash, hint } = mintCredential(prefix);
    const record = await store.credentials.create(
      { kind: 'token', name, owner: null, scopes: ['a'], servers: ['files'], expiresAt, hash, hint },
      START,
    );
    return record as CredentialRecord;
  };

  const start = (more: Partial<RotationOptions> = {}): AutomaticRotation => {
    const rotation = startRotation({
      store: store.credentials,
      names: ['default'],
      everyMs: 12 * HOUR,
      graceMs: 10 * MINUTE,
      ttlMs: 24 * HOUR,
      deliver: { file },
      mint: mintCredential,
      now: () => now,
      lookEveryMs: HOUR,
      onEvent: (event) => events.push(event),
      ...more,
    });
    rotations.push(rotation);
    return rotation;
  };

  const checkAt = async (rotation: AutomaticRotation, at: number) => {
    await rotation.check();
    now = at;
    await rotation.check();
  };
  const delivered = (path = file) =>
    JSON.parse(readFileSync(path, 'utf8')) as Record<string, { name: string; token: string; expiresAt: string }>;
  const newest = async () => (await store.credentials.findByName('token', 'default'))!;

  it('leaves a token alone until it is due', async () => {
    const first = await create('default');
    await checkAt(start(), START + 12 * HOUR - 1);
    expect(await newest()).toEqual(first);
    expect(existsSync(file)).toBe(false);
  });

  it('replaces it when due, delivers the new one, and then gives the old one its grace', async () => {
    const first = await create('default', undefined, 'corp_');
    const at = START + 12 * HOUR;
    await checkAt(start(), at);
    const { token, ...rest } = delivered()['default']!;
    expect(rest).toEqual({ name: 'default', expiresAt: new Date(at + 24 * HOUR).toISOString() });
    expect(token).toMatch(/^corp_/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const successor = await store.credentials.findByHash(digestOf(token));
    expect(successor).toMatchObject({
      family: first.family,
      scopes: ['a'],
      servers: ['files'],
      undelivered: false,
      expiresAt: at + 24 * HOUR,
    });
    expect((await store.credentials.find(first.id))?.expiresAt).toBe(at + 10 * MINUTE);
    expect(events).toEqual([{ kind: 'rotated', name: 'default', expiresAt: at + 24 * HOUR }]);
    expect(readdirSync(folder).sort()).toEqual(['store', 'tokens.json']);
  });

  it('replaces a token before it ends, however young it is', async () => {
    await create('default', START + HOUR);
    await checkAt(start(), START + HOUR - 10 * MINUTE);
    expect(delivered()['default']).toBeDefined();
  });

  it('touches neither other names nor tokens that are dead', async () => {
    await create('other');
    await create('default', START + HOUR);
    const rotation = start();
    for (const hours of [13, 14]) await checkAt(rotation, START + hours * HOUR);
    expect(await store.credentials.list('token')).toHaveLength(2);
    // Once, since somebody still waits for the next one.
    expect(events).toMatchObject([{ kind: 'failed', name: 'default', error: { code: 'E_CREDENTIAL_DEAD' } }]);
  });

  it('says nothing of a token that was revoked', async () => {
    const { id } = await create('default');
    await store.credentials.revoke({ id }, START);
    await checkAt(start(), START + HOUR);
    expect(events).toEqual([]);
  });

  it('delivers at once a token that was just made', async () => {
    const { id, name } = await create('default');
    const first = { id, name, secret: new Secret('the first'), expiresAt: START + 24 * HOUR };
    const rotation = start({ first });
    await rotation.check();
    expect(delivered()['default']?.token).toBe('the first');
    await checkAt(rotation, START + 12 * HOUR);
    expect(delivered()['default']?.token).toMatch(/^lk_/);
  });

  it('ends a delivery that keeps it from stopping', async () => {
    await create('default');
    const rotation = start({ deliver: { command: [process.execPath, '-e', 'setTimeout(() => {}, 60_000)'] } });
    await rotation.check();
    now = START + 12 * HOUR;
    void rotation.check();
    const begun = performance.now();
    await rotation.stop();
    expect(performance.now() - begun).toBeLessThan(8000);
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'E_DELIVERY' } });
  });

  it('keeps what the file says of other names, and never overwrites a file that is something else', async () => {
    await create('default');
    writeFileSync(file, '{"other":{"name":"other","token":"t","expiresAt":null}}');
    chmodSync(file, 0o644);
    const rotation = start();
    await checkAt(rotation, START + 12 * HOUR);
    expect(Object.keys(delivered()).sort()).toEqual(['default', 'other']);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    writeFileSync(file, 'precious');
    await checkAt(rotation, START + 24 * HOUR);
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'E_DELIVERY' } });
  });

  it('hands the token to a program by standard input only', async () => {
    await create('default');
    const out = join(folder, 'out.json');
    const script = `
      let text = '';
      process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
        require('node:fs').writeFileSync(${JSON.stringify(out)},
          JSON.stringify({ stdin: JSON.parse(text), argv: process.argv, env: process.env }));
      });`;
    process.env['LATCHKEY_TEST_SECRET'] = 'not for the child';
    await checkAt(
      start({ deliver: { command: [process.execPath, '-e', script, 'one two; $(x)'] } }),
      START + 12 * HOUR,
    );
    delete process.env['LATCHKEY_TEST_SECRET'];
    const seen = JSON.parse(readFileSync(out, 'utf8')) as {
      stdin: { token: string; name: string };
      argv: string[];
      env: object;
    };
    expect(await store.credentials.findByHash(digestOf(seen.stdin.token))).toMatchObject({ undelivered: false });
    expect(seen.argv).toContain('one two; $(x)');
    expect(JSON.stringify([seen.argv, seen.env])).not.toContain(seen.stdin.token);
    expect(seen.env).not.toHaveProperty('LATCHKEY_TEST_SECRET');
  });

  it('keeps the old token alive while delivery fails, and tries the same new one again later', async () => {
    const first = await create('default');
    const gate = join(folder, 'gate');
    const script = `
      const fs = require('node:fs');
      if (!fs.existsSync(${JSON.stringify(gate)})) process.exit(3);
      fs.writeFileSync(${JSON.stringify(gate)}, fs.readFileSync(0));`;
    const rotation = start({ deliver: { command: [process.execPath, '-e', script] } });
    await checkAt(rotation, START + 12 * HOUR);
    expect(events).toMatchObject([{ kind: 'failed', name: 'default', error: { code: 'E_DELIVERY' } }]);
    expect(JSON.stringify(events)).not.toMatch(/lk_[0-9A-Za-z]{20}/);
    expect((await store.credentials.find(first.id))?.expiresAt).toBe(first.expiresAt);
    const made = await newest();
    expect(made.undelivered).toBe(true);

    await rotation.check();
    expect(events).toHaveLength(1);
    writeFileSync(gate, '');
    now += 2000;
    await rotation.check();
    expect(await newest()).toEqual({ ...made, undelivered: false });
    const { token } = JSON.parse(readFileSync(gate, 'utf8')) as { token: string };
    expect((await store.credentials.findByHash(digestOf(token)))?.id).toBe(made.id);
    expect((await store.credentials.find(first.id))?.expiresAt).toBe(now + 10 * MINUTE);
  });

  it('replaces what a process that died never delivered, after a while, all alive till then', async () => {
    const first = await create('default');
    const died = start({ deliver: FAILING });
    await checkAt(died, START + 12 * HOUR);
    await died.stop();
    const lost = await newest();

    const next = start();
    await checkAt(next, START + 12 * HOUR + 59_999);
    expect((await newest()).id).toBe(lost.id);
    await checkAt(next, START + 12 * HOUR + 60_000);
    const { token } = delivered()['default']!;
    expect((await newest()).id).toBe((await store.credentials.findByHash(digestOf(token)))?.id);
    for (const { id } of [first, lost]) expect((await store.credentials.find(id))?.expiresAt).toBe(now + 10 * MINUTE);
  });

  it('replaces a token of which a clock that was set back does not tell the age', async () => {
    const first = await create('default');
    await checkAt(start(), START - 12 * HOUR);
    expect((await newest()).id).toBe(first.id);
    await checkAt(start(), START - 12 * HOUR - 1);
    expect((await newest()).id).not.toBe(first.id);
    expect(delivered()['default']).toBeDefined();
  });

  it('waits no longer with a delivery that failed where the clock is set back', async () => {
    await create('default');
    mkdirSync(file);
    const rotation = start();
    await checkAt(rotation, START + 12 * HOUR);
    rmdirSync(file);
    await checkAt(rotation, START + 11 * HOUR);
    expect(delivered()['default']).toBeDefined();
  });

  it('gives up what a process that died never delivered where the clock is set back', async () => {
    await create('default');
    const died = start({ deliver: FAILING });
    await checkAt(died, START + 12 * HOUR);
    await died.stop();
    const lost = await newest();
    await checkAt(start(), START + 11 * HOUR);
    expect((await newest()).id).not.toBe(lost.id);
    expect(delivered()['default']).toBeDefined();
  });

  it('gives up a successor that was revoked before it was delivered', async () => {
    await create('default');
    const rotation = start({ deliver: FAILING });
    await checkAt(rotation, START + 12 * HOUR);
    await store.credentials.revoke({ kind: 'token', name: 'default' }, now);
    await checkAt(rotation, now + HOUR);
    expect(events).toHaveLength(1);
    expect(await store.credentials.list('token')).toHaveLength(2);
  });

  it('makes one successor when two gateways look at once', async () => {
    await create('default');
    const other = await openStore(join(folder, 'store'));
    now = START + 12 * HOUR;
    await Promise.all([start().check(), start({ store: other.credentials }).check()]);
    expect(await store.credentials.list('token')).toHaveLength(2);
    expect(events.filter((event) => event.kind === 'rotated')).toHaveLength(1);
    await other.close();
  });
});
