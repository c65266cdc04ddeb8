import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../packages/latchkey/src/store/sqlite/open.ts';
import { digestOf } from '../../packages/latchkey/src/verify/mint.ts';
import { runLatchkey, runLatchkeyInto, startLatchkey } from './run-latchkey.ts';

const TOKEN = /^lk_[0-9A-Za-z]{49}\n$/;
const KEY = /^lkk_[0-9A-Za-z]{49}\n$/;
const HOUR = 3_600_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

const latchkey = (...args: string[]) => runLatchkey(args, folder);

const intoNothing = (...args: string[]) => runLatchkeyInto('/dev/full', args, folder);

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await latchkey(...args, '--json');
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

async function failure(...args: string[]) {
  const { code, stdout, stderr } = await latchkey(...args);
  return {
    code,
    stdout,
    error: /latchkey: (E_[A-Z_]+) /.exec(stderr)?.[1] ?? null,
    hint: /hint: (.+)/.exec(stderr)?.[1] ?? '',
  };
}

async function findStored(text: string) {
  const store = await openStore(join(folder, '.local/state/latchkey'));
  const record = await store.credentials.findByHash(digestOf(text.trim()));
  await store.close();
  return record;
}

interface Listed {
  readonly name: string;
  readonly status: string;
  readonly scopes: string[];
  readonly servers: string[] | null;
  readonly expiresAt: string | null;
}

describe('latchkey token', () => {
  it('create prints the token alone on standard output, and keeps only its digest', async () => {
    const { code, stdout, stderr } = await latchkey(
      'token',
      'create',
      'alice',
      '--scope',
      'file:read',
      '--scope',
      'x',
      '--ttl',
      '8h',
      '--server',
      'files',
    );
    expect([code, stdout]).toEqual([0, expect.stringMatching(TOKEN)]);
    expect(stderr).toContain('alice');
    expect(stderr).not.toContain(stdout.trim());
    const record = await findStored(stdout);
    expect(record).toMatchObject({ name: 'alice', scopes: ['file:read', 'x'], servers: ['files'] });
    expect(record!.expiresAt! - record!.createdAt).toBe(8 * HOUR);
  });

  it('create without --scope says that the token may do everything', async () => {
    const { stdout, stderr } = await latchkey('token', 'create', 'alice');
    expect(stderr).toContain('"*"');
    const record = await findStored(stdout);
    expect(record?.scopes).toEqual(['*']);
    expect(record!.expiresAt! - record!.createdAt).toBe(24 * HOUR);
  });

  it('create --json prints one document', async () => {
    const made = await json<Record<string, unknown>>('token', 'create', 'alice', '--scope', 'a');
    expect(made).toEqual({
      name: 'alice',
      token: expect.stringMatching(/^lk_/),
      scopes: ['a'],
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  it('list, rotate, show and revoke follow one token through its life', async () => {
    const { stdout: first } = await latchkey('token', 'create', 'alice', '--scope', 'a', '--ttl', '2h');
    const rotated = await latchkey('token', 'rotate', 'alice', '--grace', '1h');
    expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringMatching(TOKEN)]);
    expect(rotated.stdout).not.toBe(first);
    expect((await json<Listed[]>('token', 'list')).map(({ status }) => status)).toEqual(['in grace', 'active']);
    const [newest] = await json<Listed[]>('token', 'show', 'alice');
    expect(newest).toMatchObject({ status: 'active', scopes: ['a'] });

    expect(await json('token', 'revoke', 'alice')).toMatchObject({ name: 'alice', revoked: [{}, {}] });
    expect(await json('token', 'list')).toEqual([]);
    expect((await json<Listed[]>('token', 'list', '--all')).map(({ status }) => status)).toEqual([
      'revoked',
      'revoked',
    ]);
    for (const text of [first, rotated.stdout]) expect((await findStored(text))?.revokedAt).not.toBeNull();
  });

  it('rotate --grace 0s ends the old token at once', async () => {
    const { stdout } = await latchkey('token', 'create', 'alice');
    await latchkey('token', 'rotate', 'alice', '--grace', '0s');
    const record = await findStored(stdout);
    expect(record?.expiresAt).toBe(record?.rotatedAt);
  });

  it('list shows a table that no name can disturb', async () => {
    await latchkey('token', 'create', '令牌 🔑', '--scope', 'a');
    const { stdout } = await latchkey('token', 'list');
    const [head, row] = stdout.split('\n');
    expect(head).toMatch(/^NAME +STATUS +SCOPES/);
    // Five characters that take seven columns.
    expect(row!.indexOf('active') + 3).toBe(head!.indexOf('STATUS') + 1);
    expect(stdout).not.toContain('\u001b');
  });

  it('takes the store, the prefix and the servers from latchkey.yaml', async () => {
    writeFileSync(
      join(folder, 'latchkey.yaml'),
      `store: ./kept
auth: { tokens: { prefix: corp_, ttl: 1h } }
servers:
  files: { upstream: { url: "http://127.0.0.1:9/mcp" } }
`,
    );
    const { stdout, stderr } = await latchkey('token', 'create', 'alice', '--scope', 'a', '--server', 'files');
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^corp_/), expect.stringContaining('1h')]);
    expect(existsSync(join(folder, 'kept', 'credentials.db'))).toBe(true);
    expect(await failure('token', 'create', 'bob', '--server', 'file')).toMatchObject({
      code: 2,
      error: 'E_USAGE',
      hint: expect.stringContaining('"files"'),
    });
  });

  it('revokes with --store though latchkey.yaml is broken', async () => {
    await latchkey('token', 'create', 'alice', '--store', 'kept');
    writeFileSync(join(folder, 'latchkey.yaml'), 'tools: [');
    expect((await latchkey('token', 'revoke', 'alice', '--store', 'kept')).code).toBe(0);
    expect((await failure('token', 'revoke', 'alice')).error).toBe('E_CONFIG_INVALID');
  });

  it('fails with a code, a hint and an exit code, and prints no result', async () => {
    await latchkey('token', 'create', 'alice');
    await latchkey('token', 'create', 'gone');
    await latchkey('token', 'revoke', 'gone');
    const cases: [string[], string | null, number][] = [
      [['create', 'alice'], 'E_NAME_TAKEN', 1],
      [['create', ''], 'E_NAME_INVALID', 2],
      [['create', 'x'.repeat(65)], 'E_NAME_INVALID', 2],
      [['create', 'a\u001b[31mb'], 'E_NAME_INVALID', 2],
      [['create', 'a\u202eb'], 'E_NAME_INVALID', 2],
      [['create', 'b', '--scope', 'two words'], 'E_USAGE', 2],
      [['create', 'b', '--scope', ''], 'E_USAGE', 2],
      [['create', 'b', '--ttl', '5'], 'E_USAGE', 2],
      [['create', 'b', '--ttl', '0s'], 'E_USAGE', 2],
      [['create', 'b', '--ttl', 'never'], 'E_USAGE', 2],
      [['create'], 'E_USAGE', 2],
      [['create', 'b', '--token', 'lk_x'], 'E_USAGE', 2],
      [['rotate', 'alcie'], 'E_CREDENTIAL_ABSENT', 1],
      [['rotate', 'gone'], 'E_CREDENTIAL_DEAD', 1],
      [['rotate', 'alice', '--grace', 'soon'], 'E_USAGE', 2],
      [['revoke', 'gone'], 'E_CREDENTIAL_DEAD', 1],
      [['revoke', 'nobody'], 'E_CREDENTIAL_ABSENT', 1],
      [['show', 'nobody'], 'E_CREDENTIAL_ABSENT', 1],
      [['list', '--store', '/dev/null'], 'E_STORE_UNREADABLE', 1],
    ];
    const outcomes = await Promise.all(cases.map(async ([args]) => failure('token', ...args)));
    cases.forEach(([args, error, code], index) => {
      expect([args, outcomes[index]]).toEqual([args, { code, error, stdout: '', hint: outcomes[index]!.hint }]);
    });
    expect(outcomes.filter(({ error, hint }) => error !== null && hint === '')).toEqual([]);
    expect(outcomes[12]!.hint).toContain('"alice"');
    expect(await json('token', 'list')).toHaveLength(1);
  });
});

describe.runIf(existsSync('/dev/full'))('output that cannot be written', () => {
  it.for([
    ['token', 'create', 'alice'],
    ['token', 'create', 'alice', '--json'],
    ['key', 'create', 'alice', '--owner', 'Ada'],
  ])('fails %s %s, and leaves nothing that works', async (words) => {
    const { code, stderr } = await intoNothing(...words);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^latchkey: E_DELIVERY .*ENOSPC.*\n {2}hint: .*revoked/)]);
    expect(stderr).not.toContain('Made');
    const listed = await json<Listed[]>(words[0]!, 'list', '--all');
    expect(listed.map(({ name, status }) => [name, status])).toEqual([['alice', 'revoked']]);
  });

  it('fails rotate, says how to get a token all the same, and that works', async () => {
    await latchkey('token', 'create', 'alice');
    const { code, stderr } = await intoNothing('token', 'rotate', 'alice', '--grace', '1h');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^latchkey: E_DELIVERY .*ENOSPC.*\n {2}hint: .*rotate/)]);
    expect((await json<Listed[]>('token', 'list')).map(({ status }) => status)).toEqual(['in grace', 'active']);
    const { stdout } = await latchkey('token', 'rotate', 'alice', '--grace', '0s');
    expect((await findStored(stdout))?.revokedAt).toBeNull();
  });

  it('fails what only tells, too', async () => {
    await latchkey('token', 'create', 'alice');
    expect(await intoNothing('token', 'list')).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOSPC') });
  });

  it('is no failure where the reader has seen enough', async () => {
    await latchkey('token', 'create', 'alice');
    const child = startLatchkey(['token', 'list'], folder);
    child.stdout.destroy();
    expect((await once(child, 'close'))[0]).toBe(0);
    // Nobody read this one.
    const deaf = startLatchkey(['token', 'create', 'bob'], folder);
    deaf.stdout.destroy();
    expect((await once(deaf, 'close'))[0]).toBe(1);
    expect((await json<Listed[]>('token', 'list')).map(({ name }) => name)).toEqual(['alice']);
  });
});

describe('latchkey key', () => {
  it('create, list, usage and revoke follow a key through its life', async () => {
    const { stdout } = await latchkey('key', 'create', 'ci', '--owner', 'Büro', '--scope', 'repo:read');
    expect(stdout).toMatch(KEY);
    const record = await findStored(stdout);
    expect(record).toMatchObject({ kind: 'key', owner: 'Büro', expiresAt: null });
    const store = await openStore(join(folder, '.local/state/latchkey'));
    await store.credentials.countUses(new Map([[record!.id, { count: 41, lastUsedAt: Date.now() }]]));
    await store.close();
    expect(await json('key', 'list')).toMatchObject([{ name: 'ci', owner: 'Büro', uses: 41, status: 'active' }]);
    expect((await latchkey('key', 'usage')).stdout).toMatch(/^ci +Büro +active +41 /m);
    expect((await latchkey('key', 'revoke', 'ci')).code).toBe(0);
    expect(await json('key', 'list')).toEqual([]);
  });

  it('create asks who owns the key, and lets it end', async () => {
    expect((await latchkey('key', 'create', 'ci')).code).toBe(2);
    const made = await json<Record<string, unknown>>('key', 'create', 'ci', '--owner', 'Ada', '--ttl', '90d');
    expect(made).toMatchObject({ name: 'ci', owner: 'Ada', key: expect.stringMatching(/^lkk_/), scopes: ['*'] });
    expect(made['expiresAt']).not.toBeNull();
  });
});
