import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { upstreams } from '../clients/upstreams.ts';
import { startBearerServer } from '../fixtures/bearer-server.ts';
import { makeCertificates, OPENSSL_MISSING, type Certificates } from '../fixtures/certificates.ts';
import {
  answerMessage,
  error,
  issuerMetadata,
  ISSUER_PATH,
  resourceMetadata,
  RESOURCE_PATH,
  startFlawedServer,
  type Flaw,
  type FlawedServer,
} from '../fixtures/flawed-server.ts';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { startSpyUpstream } from '../fixtures/spy-upstream.ts';
import { runLatchkey, type Outcome } from './run-latchkey.ts';

const MAIN = fileURLToPath(new URL('../../packages/latchkey/src/cli/main.ts', import.meta.url));
const SCRIPT_MISSING = spawnSync('script', ['--version']).status !== 0;
const NO_TOOL = /^latchkey-check-no-such-tool/;
const REAL_TOOL = /echo|write_file|copy_secret|query|ask|slow|delete_all|"wipe"/;

interface Report {
  readonly ok: boolean;
  readonly complete: boolean;
  readonly token: boolean;
  readonly server: string | null;
  readonly revisions: readonly string[];
  readonly summary: Readonly<Record<string, number>>;
  readonly findings: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly saw: string;
    readonly why: string;
    readonly source: string;
    readonly advice: string | null;
  }[];
}

let folder: string;
let closing: (() => Promise<void>)[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-check-'));
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await rm(folder, { recursive: true });
});

function closeAfter<Closable extends { close(): Promise<void> }>(closable: Closable): Closable {
  closing.push(() => closable.close());
  return closable;
}

const check = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  runLatchkey(['check', ...args], folder, env);

async function report(
  url: string,
  { token, args = [], env = {} }: { token?: string; args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Report & { code: number | null }> {
  const { code, stdout, stderr } = await check([url, '--json', ...args], {
    ...env,
    ...(token === undefined ? {} : { LATCHKEY_CHECK_TOKEN: token }),
  });
  expect(stderr).toBe('');
  const parsed = JSON.parse(stdout) as Report;
  expect(code).toBe(parsed.ok ? 0 : 1);
  if (token !== undefined) expect(stdout).not.toContain(token);
  return { code, ...parsed };
}

const idsOf = ({ findings }: Report, verdict: string): readonly string[] =>
  findings.filter((finding) => finding.verdict === verdict).map(({ id }) => id);

const findingOf = ({ findings }: Report, id: string) => findings.find((finding) => finding.id === id);

async function startFlawed(flaw?: Flaw): Promise<FlawedServer> {
  return closeAfter(await startFlawedServer(flaw));
}

/** The JSON document at that path with other members; undefined leaves one out. */
function withMembers(path: string, members: Record<string, unknown>): Flaw {
  const document = path === ISSUER_PATH ? issuerMetadata : resourceMetadata;
  return (asked) =>
    asked.path === path ? { status: 200, body: JSON.stringify({ ...document(asked.url), ...members }) } : null;
}

describe('latchkey check of Latchkey', () => {
  it('passes without and with a token, and no tool was called', async () => {
    const spy = closeAfter(await startSpyUpstream());
    const gateway = closeAfter(await startLatchkey({ config: { upstream: { url: spy.url } } }));

    const stranger = await report(gateway.url);
    expect(idsOf(stranger, 'fail')).toEqual([]);
    expect(idsOf(stranger, 'warn')).toEqual(['authorization-servers']);
    expect(spy.requests).toEqual([]);

    const holder = await report(gateway.url, { token: gateway.token });
    expect(holder).toMatchObject({ code: 0, ok: true, complete: true, token: true, server: 'spy 1' });
    expect(holder.revisions).toEqual(['2026-07-28', '2025-11-25']);
    expect(idsOf(holder, 'warn')).toEqual(['authorization-servers']);
    expect(idsOf(holder, 'skip').filter((id) => !/^(?:issuer-|pkce|registration|plain-http)/.test(id))).toEqual([]);
    expect(findingOf(holder, 'mcp-name-lie')).toMatchObject({
      verdict: 'pass',
      saw: expect.stringContaining('-32020'),
    });
    expect(spy.requests.length).toBeGreaterThan(5);
    for (const { body } of spy.requests) if (body.includes('tools/call')) expect(body).not.toMatch(REAL_TOOL);
  });

  it('passes before declared tools, whose processes it does not start', async () => {
    const file = join(folder, 'gantz.yaml');
    const shell = `touch ${join(folder, 'ran')}`;
    await writeFile(
      file,
      `name: t\nversion: 1.0.0\ntools:\n  - { name: mark, description: Leaves a mark, script: { shell: "${shell}" } }\n`,
    );
    const gateway = closeAfter(await startLatchkey({ args: ['--tools', file] }));
    const found = await report(gateway.url, { token: gateway.token });
    expect(idsOf(found, 'fail')).toEqual([]);
    expect(findingOf(found, 'token-accepted')?.saw).toBe('accepted; it sees 1 tool');
    expect(spawnSync('ls', [folder]).stdout.toString()).not.toContain('ran');
  });
});

describe('latchkey check of other servers', () => {
  it('fails an open one: the published "everything" server', async () => {
    const everything = upstreams.find(({ name }) => name === 'everything over HTTP');
    const running = closeAfter(await everything!.start(join(folder, 'journal')));
    const found = await report((running.config as { url: string }).url);
    expect(found).toMatchObject({ code: 1, revisions: ['2025-11-25'], server: 'mcp-servers/everything 2.0.0' });
    expect(idsOf(found, 'fail')).toEqual(['no-token', 'lying-host', 'foreign-origin']);
    expect(idsOf(found, 'warn')).toEqual(['batch', 'duplicate-keys']);
    expect(findingOf(found, 'bad-token')?.verdict).toBe('skip');
  });

  it('says what the guard of the official SDK lets through', async () => {
    const server = closeAfter(await startBearerServer());
    const stranger = await report(server.url);
    expect(idsOf(stranger, 'fail')).toEqual([]);
    const holder = await report(server.url, { token: server.token });
    expect({ fail: idsOf(holder, 'fail'), warn: idsOf(holder, 'warn') }).toEqual({ fail: [], warn: [] });
    expect(server.calls()).toBe(0);
  });

  it('passes one without flaws in every probe it can try', async () => {
    const server = await startFlawed();
    const found = await report(server.url, { token: server.token });
    expect({ fail: idsOf(found, 'fail'), warn: idsOf(found, 'warn') }).toEqual({ fail: [], warn: [] });
    expect(idsOf(found, 'skip')).toEqual(['plain-http', 'session-alone']);
    expect(server.called.length).toBeGreaterThan(3);
    expect(server.called.filter((name) => !NO_TOOL.test(name))).toEqual([]);
  });
});

