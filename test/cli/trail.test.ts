import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Store } from '../../packages/latchkey/src/core/store.ts';
import type { TrailEntry } from '../../packages/latchkey/src/core/trail.ts';
import { openStore } from '../../packages/latchkey/src/store/sqlite/open.ts';
import { createTrail } from '../../packages/latchkey/src/trail/writer.ts';
import { runLatchkey, startLatchkey } from './run-latchkey.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  store = await openStore(join(folder, 'kept'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function record(...entries: Partial<TrailEntry>[]): Promise<void> {
  const trail = createTrail({ store: store.trail });
  for (const [index, entry] of entries.entries()) {
    trail.record({
      at: Date.now(),
      requestId: `r${index}`,
      address: '127.0.0.1',
      server: 'files',
      principal: 'token:x',
      credential: 'alice',
      client: null,
      httpMethod: 'POST',
      method: 'tools/call',
      target: 'read_file',
      decision: 'allow',
      reason: 'allowed',
      status: 200,
      durationMs: 2,
      ...entry,
    });
  }
  await trail.close();
}

const trail = (...args: string[]) => runLatchkey(['trail', '--store', 'kept', ...args], folder);
const idsOf = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { requestId: string }).requestId);

describe('latchkey trail', () => {
  it('prints a table in which no caller can move the cursor', async () => {
    await record({}, { decision: 'deny', reason: 'policy-scope', target: 'x\u001b[2J\nforged', status: 403 });
    const { code, stdout } = await trail();
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^TIME +DECISION +REASON/);
    expect(lines[2]).toMatch(/deny +policy-scope +403 +alice +tools\/call +x\\u001b\[2J\\u000aforged/);
    expect(stdout).not.toContain('\u001b');
  });

  it('chooses by decision, time and number', async () => {
    await record({ at: Date.now() - 7_200_000 }, { decision: 'deny', reason: 'policy-denied' }, {});
    expect(idsOf((await trail('--json')).stdout)).toEqual(['r0', 'r1', 'r2']);
    expect(idsOf((await trail('--json', '--since', '1h')).stdout)).toEqual(['r1', 'r2']);
    expect(idsOf((await trail('--json', '--decision', 'deny')).stdout)).toEqual(['r1']);
    expect(idsOf((await trail('--json', '--limit', '1')).stdout)).toEqual(['r2']);
  });

  it('says so when nothing matches, and refuses what it does not understand', async () => {
    expect(await trail()).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/./) });
    for (const args of [
      ['--since', 'yesterday'],
      ['--limit', '0'],
      ['--limit', 'x'],
      ['--decision', 'maybe'],
    ]) {
      expect(await trail(...args)).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it('follows what another process writes', async () => {
    await record({});
    const child = startLatchkey(['trail', '--store', 'kept', '--follow', '--json'], folder);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await vi.waitFor(() => expect(idsOf(stdout)).toEqual(['r0']), 5000);
    await record({ requestId: 'late' });
    await vi.waitFor(() => expect(idsOf(stdout)).toEqual(['r0', 'late']), 5000);
    child.kill();
    await once(child, 'close');
  });

  it('tells of a call that lasts when it has begun and, to who follows, again when it has ended', async () => {
    await record({ phase: 'begun', status: 0, durationMs: 1005 });
    expect((await trail()).stdout).toMatch(/ allow +allowed +- .* - +begun, not ended\n$/);
    const child = startLatchkey(['trail', '--store', 'kept', '--follow', '--json'], folder);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await vi.waitFor(() => expect(idsOf(stdout)).toEqual(['r0']), 5000);
    await record({ phase: 'ended', durationMs: 4000 });
    await vi.waitFor(() => expect(idsOf(stdout)).toEqual(['r0', 'r0']), 5000);
    child.kill();
    await once(child, 'close');
    const { stdout: table } = await trail();
    expect([table.split('\n').length, table]).toEqual([3, expect.stringMatching(/ 200 .* 4000\n$/)]);
  });

  it.runIf(process.platform === 'linux')('reads what comes while it follows, and nothing again', async () => {
    await record(...Array.from({ length: 5000 }, () => ({})));
    const child = startLatchkey(['trail', '--store', 'kept', '--follow', '--decision', 'deny'], folder);
    await once(child.stdout, 'data');
    const before = bytesRead(child.pid!);
    await sleep(1500);
    // The records are more than a megabyte; looking for others takes a few hundred bytes.
    expect(bytesRead(child.pid!) - before).toBeLessThan(100_000);
    child.kill();
    await once(child, 'close');
  });
});

/** What a process has read so far, from whatever it was. */
const bytesRead = (pid: number) => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

describe('latchkey trail verify', () => {
  beforeEach(async () => {
    await record({}, {});
    const file = (await readdir(join(folder, 'kept', 'trail')))[0] as string;
    const path = join(folder, 'kept', 'trail', file);
    await writeFile(path, (await readFile(path, 'utf8')).replace('read_file', 'send_mail'));
  });

  it('holds the store that was named, on whichever side of the word', async () => {
    await writeFile(join(folder, 'kept.yaml'), 'store: ./kept\nupstream: { command: [x] }\n');
    for (const args of [
      ['trail', 'verify', '--store', 'kept'],
      ['trail', '--store', 'kept', 'verify'],
      ['trail', '--store', 'other', 'verify', '--store', 'kept'],
      ['trail', '--config', 'kept.yaml', 'verify'],
    ])
      expect(await runLatchkey(args, folder)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('E_TRAIL_BROKEN'),
      });
    const { code, stdout } = await runLatchkey(['trail', '--json', 'verify', '--store', 'kept'], folder);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { ok: false }]);
  });

  it('refuses what would choose among the records', async () => {
    for (const args of [['--follow'], ['--since', '1h'], ['--decision', 'deny'], ['--limit', '5']])
      expect(await trail(...args, 'verify')).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('E_USAGE'),
      });
  });
});

describe('a store that is not there', () => {
  it.for([
    ['trail'],
    ['trail', '--follow'],
    ['trail', 'verify'],
    ['token', 'list'],
    ['token', 'show', 'a'],
    ['token', 'rotate', 'a'],
    ['token', 'revoke', 'a'],
    ['key', 'list'],
    ['key', 'usage'],
    ['key', 'revoke', 'a'],
    ['tools', 'list'],
    ['tools', 'accept', 'a'],
  ])('is not made by %s', async (words) => {
    const outcome = await runLatchkey([...words, '--store', 'mistyped'], folder);
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('E_STORE_MISSING') });
    expect(outcome.stderr).toContain('mistyped');
    expect(await readdir(folder)).toEqual(['kept']);
  });

  it('is not made of a URL, whose password is not told', async () => {
    for (const words of [
      ['token', 'create', 'a'],
      ['token', 'list'],
    ]) {
      const outcome = await runLatchkey([...words, '--store', 'postgres://user:hushhush@db/x'], folder);
      expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('E_CONFIG_INVALID') });
      expect(outcome.stderr).not.toContain('hush');
    }
    expect(await readdir(folder)).toEqual(['kept']);
  });

  it('is made by what makes a credential', async () => {
    expect(await runLatchkey(['token', 'create', 'a', '--store', 'new'], folder)).toMatchObject({ code: 0 });
    expect(await runLatchkey(['token', 'list', '--store', 'new'], folder)).toMatchObject({ code: 0 });
  });
});
