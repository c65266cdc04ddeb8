import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLatchkey } from './run-latchkey.ts';

const CONFIG = `store: ./kept
scopes: { admin: { implies: [file:read, file:write] } }
servers:
  files:
    upstream: { url: "https://files.example/mcp" }
    tools:
      read_*: { scopes: [file:read] }
      write_file: { scopes: [file:write], when: args.path.startsWith("/data/") }
      mine: { when: 'principal.name == "alice"' }
      secret: { hidden: true }
      drop: { deny: true }
    resources:
      file:///data/*: { scopes: [file:read] }
  db:
    upstream: { url: "https://db.example/mcp" }
    prompts:
      ask: { scopes: [db:query] }
`;

let folder: string;
/** Texts of the tokens, which nothing may print again. */
let secrets: readonly string[];
const latchkey = (...args: string[]) => runLatchkey(args, folder);
const explain = (...args: string[]) => latchkey('policy', 'explain', ...args);
const made = async (...args: string[]) => (await latchkey(...args)).stdout.trim();

async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await explain(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  for (const secret of secrets) expect(stdout).not.toContain(secret);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  await writeFile(join(folder, 'latchkey.yaml'), CONFIG);
  secrets = [
    await made('token', 'create', 'alice', '--scope', 'file:read', '--server', 'files', '--ttl', '8h'),
    await made('key', 'create', 'ci', '--owner', 'Ada', '--scope', 'admin'),
    await made('token', 'create', 'gone', '--scope', '*'),
  ];
  await latchkey('token', 'revoke', 'gone');
});
afterAll(() => rm(folder, { recursive: true }));

describe('latchkey policy explain', () => {
  it('says which rule judges a call, where it stands, and what it needs', async () => {
    const call = ['--server', 'files', '--tool', 'write_file', '--args', '{"path":"/data/x"}'];
    expect(await explain(...call, '--scope', 'admin')).toEqual({
      code: 0,
      stdout: 'allow\nrule   write_file  latchkey.yaml:8:7\nwhen   args.path.startsWith("/data/")\nneeds  file:write\n',
      stderr: '',
    });
    expect((await explain(...call, '--scope', 'file:read')).stdout).toMatch(
      /^deny\nwhy {4}a scope is missing \(policy-scope in the trail\)\nrule /,
    );
    expect(await json(...call, '--scope', 'file:write')).toEqual({
      decision: 'allow',
      reason: null,
      rules: [
        { kind: 'tools', pattern: 'write_file', where: 'latchkey.yaml:8:7', when: 'args.path.startsWith("/data/")' },
      ],
      scopes: ['file:write'],
      readsPrincipal: false,
    });
  });

  it.each([
    [['--server', 'files', '--resource', 'file:///data/a.txt', '--scope', 'file:read'], 'allow', null],
    [['--server', 'files', '--resource', 'file:///etc/passwd', '--scope', '*'], 'deny', 'policy-no-rule'],
    [['--server', 'db', '--prompt', 'ask', '--scope', 'db:query'], 'allow', null],
    [['--server', 'db', '--method', 'tools/list'], 'allow', null],
    [['--server', 'files', '--tool', 'drop', '--scope', '*'], 'deny', 'policy-denied'],
    [['--server', 'files', '--tool', 'secret', '--scope', '*'], 'deny', 'policy-hidden'],
  ])('judges %j', async (words, decision, reason) => {
    expect(await json(...words)).toMatchObject({ decision, reason });
  });

  it('says that a condition reads who calls, where nobody is named', async () => {
    const call = ['--server', 'files', '--tool', 'mine', '--scope', '*'];
    expect((await explain(...call)).stdout).toMatch(
      /^deny\nwhy {4}the condition .*policy-condition[^]*\nnote {3}.*anonymous/,
    );
  });

  it('says of what no rule is about that no scope helps', async () => {
    const { stdout } = await explain('--server', 'files', '--tool', 'other', '--scope', '*');
    expect(stdout).toBe('deny\nwhy    no rule allows it (policy-no-rule in the trail)\nrule   none\n');
  });

  it('says why a call would not be read', async () => {
    const { code, stderr } = await explain('--server', 'files', '--method', 'no name');
    expect([code, stderr]).toEqual([2, expect.stringContaining('method is not a name')]);
  });

  it('refuses what is no call', async () => {
    for (const words of [
      [],
      ['--tool', 'a', '--prompt', 'b'],
      ['--tool', 'a'],
      ['--server', 'nowhere', '--tool', 'a'],
      ['--server', 'db', '--tool', 'a', '--args', '[]'],
      ['--as', 'alice'],
      ['--as', 'user:alice'],
      ['--as', 'token:alice', '--scope', 'a'],
      ['--as', 'token:alice', '--args', '{}'],
      ['--store', 'kept', '--server', 'db', '--tool', 'a'],
    ])
      expect([words, await explain(...words)]).toMatchObject([
        words,
        { code: 2, stdout: '', stderr: expect.stringMatching(/^latchkey: E_USAGE [^]*hint: /) },
      ]);
  });
});

describe('latchkey policy explain --as', () => {
  it('judges a call as the gateway would judge it of that token or key', async () => {
    const read = ['--server', 'files', '--tool', 'read_file'];
    const { code, stdout, stderr } = await explain('--as', 'token:alice', ...read);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^allow\nas {5}token alice, active, ends in \S+, scopes file:read, servers files\nrule {3}read_/,
    );
    expect(await json('--as', 'token:alice', '--server', 'files', '--tool', 'mine')).toMatchObject({
      decision: 'allow',
      as: { kind: 'token', name: 'alice', status: 'active', scopes: ['file:read'], servers: ['files'] },
    });
    const write = ['--server', 'files', '--tool', 'write_file', '--args', '{"path":"/data/x"}'];
    expect(await json('--as', 'token:alice', ...write)).toMatchObject({ decision: 'deny', reason: 'policy-scope' });
    expect(await json('--as', 'key:ci', ...write)).toMatchObject({ decision: 'allow', as: { owner: 'Ada' } });
  });

  it('knows that a token is dead, or of another server', async () => {
    expect(await json('--as', 'token:gone', '--server', 'files', '--tool', 'read_file')).toMatchObject({
      decision: 'deny',
      reason: 'credential-revoked',
    });
    expect(await json('--as', 'token:alice', '--server', 'db', '--method', 'tools/list')).toMatchObject({
      decision: 'deny',
      reason: 'credential-audience',
    });
  });

  it('says without a call what it may do', async () => {
    const { stdout } = await explain('--as', 'token:alice');
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  '))).toEqual([
      expect.stringMatching(/^token alice, active, ends in \S+, scopes file:read, servers files$/),
      '',
      'SERVER  DECISION  WHY  RULE  NEEDS  WHEN',
      'files  deny  a scope is missing  tools write_file  file:write  args.path.startsWith("/data/")',
      'files  allow  -  tools mine  -  principal.name == "alice"',
      'files  deny  the rule hides it  tools secret  -',
      'files  deny  the rule denies it  tools drop  -',
      'files  allow  -  tools read_*  file:read',
      'files  allow  -  resources file:///data/*  file:read',
      'db  deny  the credential is for other servers  -  -',
      '',
    ]);
    expect(await json('--as', 'key:ci')).toMatchObject({
      as: { kind: 'key', name: 'ci' },
      servers: [
        {
          name: 'files',
          reason: null,
          rules: expect.arrayContaining([
            {
              kind: 'tools',
              pattern: 'write_file',
              where: 'latchkey.yaml:8:7',
              when: 'args.path.startsWith("/data/")',
              decision: 'allow',
              reason: null,
              scopes: ['file:write'],
            },
          ]),
        },
        { name: 'db', reason: null, rules: [{ pattern: 'ask', decision: 'deny', reason: 'policy-scope' }] },
      ],
    });
    expect(await json('--as', 'token:gone', '--server', 'db')).toMatchObject({
      as: { status: 'revoked' },
      servers: [{ name: 'db', reason: 'credential-revoked', rules: [] }],
    });
  });

  it('needs the rules of no server where there are none', async () => {
    await writeFile(join(folder, 'open.yaml'), 'store: ./kept\nupstream: { command: [x] }\n');
    const open = ['--config', 'open.yaml'];
    expect(await json(...open, '--as', 'key:ci')).toMatchObject({ servers: [{ reason: 'policy-no-rule', rules: [] }] });
    expect((await explain(...open, '--as', 'key:ci')).stdout).toMatch(/\ndefault +deny +no rule allows it +- +\*\n$/);
  });

  it('says when there is no such token, or no store', async () => {
    expect(await explain('--as', 'token:alcie')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^latchkey: E_CREDENTIAL_ABSENT [^]*"alice"/),
    });
    expect(await explain('--as', 'token:alice', '--store', 'elsewhere')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('E_STORE_MISSING'),
    });
  });
});
