import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLatchkey, startLatchkey, type Ended } from '../fixtures/latchkey.ts';
import { headerValues } from '../fixtures/raw-http.ts';
import { expectUpstreamUntouched, send, startSite, type Call, type Site } from './harness.ts';

let site: Site;
let folder: string;
beforeAll(async () => {
  site = await startSite({ limits: { failedPerAddress: '100000/min' } });
  folder = await mkdtemp(join(tmpdir(), 'latchkey-net-surface-'));
}, 180_000);
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

interface Open {
  readonly tcp: readonly string[];
  readonly unix: readonly string[];
}

/** What a process listens on: addresses as /proc has them (hexadecimal, of the machine's byte order), and socket files. */
function listening(pid: number): Open {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  const rows = (table: string): readonly (readonly string[])[] => {
    const [, ...lines] = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n');
    return lines.map((line) => line.trim().split(/\s+/));
  };
  const tcp = ['tcp', 'tcp6'].flatMap(rows).filter((row) => row[3] === '0A' && inodes.has(row[9]));
  const unix = rows('unix').filter((row) => row[3] === '00010000' && inodes.has(row[6]));
  return { tcp: tcp.map((row) => row[1]?.split(':')[0] ?? ''), unix: unix.map((row) => row[7] ?? '') };
}

const LOOPBACK = '0100007F';

test.skipIf(process.platform !== 'linux')('NET-10 default bind', async () => {
  const flags = ['run', '--json', '--upstream', site.spy.url];
  const started = await runLatchkey([...flags, '--store', join(folder, 'default')], {}, 10_000);
  // It starts, and is killed after a while; where the port is taken, it says which one it wanted.
  expect(started.stdout + started.stderr).toMatch(
    /"url":"http:\/\/127\.0\.0\.1:8787\/mcp"|^latchkey: E_ADDRESS_IN_USE 127\.0\.0\.1:8787 /m,
  );
  for (const listen of [':0', '0', '127.0.0.1:0', 'localhost:0']) {
    const gateway = await startLatchkey({ config: { listen, upstream: { url: site.spy.url } } });
    const { tcp } = listening(gateway.pid);
    const loopback = listen === 'localhost:0' ? [LOOPBACK, '00000000000000000000000001000000'] : [LOOPBACK];
    expect({ listen, tcp }).toEqual({ listen, tcp: [expect.toBeOneOf(loopback)] });
    await gateway.close();
  }
});

/** Runs `run` with these settings to its end; none of them may start it. */
async function refused(name: string, config: object, flags: readonly string[] = []): Promise<Ended> {
  const file = join(folder, `${name}.yaml`);
  const store = join(folder, `${name}-store`);
  await writeFile(file, JSON.stringify({ upstream: { url: site.spy.url }, store, ...config }));
  const ended = await runLatchkey(['run', '--json', '--config', file, ...flags], {}, 60_000);
  expect({ config, flags, code: ended.code, stdout: ended.stdout }).toEqual({ config, flags, code: 2, stdout: '' });
  return ended;
}

const BEYOND = [
  '0.0.0.0:0',
  '[::]:0',
  '[::ffff:0.0.0.0]:0',
  '[0:0:0:0:0:0:0:0]:0',
  '192.0.2.1:0',
  'host.example:0',
  '0x0:0',
  '0:0',
  '0.0:0',
  '*:0',
  '127.0.0.1.example:0',
  'localhost.example:0',
  '[::1%lo]:0',
  '[::2]:0',
  '128.0.0.1:0',
];

test('NET-10 default bind: beyond loopback only when it is said, and safe', { timeout: 180_000 }, async () => {
  const publicUrl = 'https://mcp.example';
  const proxy = { behindProxy: { trusted: ['10.0.0.0/8'] } };
  const refusals = BEYOND.map((listen, at) => refused(`bare-${at}`, { listen }));
  for (const [at, { stderr }] of (await Promise.all(refusals)).entries())
    expect({ listen: BEYOND[at], stderr }).toMatchObject({
      stderr: expect.stringMatching(/E_(?:ADDRESS_REFUSED|CONFIG_INVALID)/),
    });
  const pairs: readonly (readonly [object, RegExp])[] = [
    [{ listen: '0.0.0.0:0', ...proxy }, /E_PUBLIC_URL/],
    [{ listen: '0.0.0.0:0', publicUrl }, /E_ADDRESS_REFUSED/],
    [{ listen: '0.0.0.0:0', publicUrl: 'http://mcp.example', ...proxy }, /E_PUBLIC_URL/],
    [{ listen: '0.0.0.0:0', publicUrl, ...proxy, auth: { enabled: false } }, /E_AUTH_OFF/],
    [{ listen: '127.0.0.1:0', ...proxy, auth: { enabled: false } }, /E_AUTH_OFF/],
    [{ listen: '127.0.0.1:0', publicUrl, auth: { enabled: false } }, /E_AUTH_OFF/],
  ];
  for (const [at, [config, code]] of pairs.entries())
    expect((await refused(`safe-${at}`, config)).stderr).toMatch(code);
  for (const flags of [
    ['--listen', '0.0.0.0:0', '--no-auth'],
    ['--listen', '[::]:0', '--no-auth'],
  ])
    expect((await refused(`flags-${flags[1]?.length}`, {}, flags)).stderr).toMatch(/E_/);
});

/** What an administrator, a collector of metrics, a debugger or an OAuth client would look for. */
const SURFACES =
  '/ /admin /admin/ /admin/api /api /api/v1/tokens /console /dashboard /ui /login /logout /metrics /metrics/ /prometheus /stats /status /debug /debug/pprof /debug/vars /inspector /json /json/list /trace /trail /audit /logs /config /env /actuator /actuator/env /server-status /_health /health /livez /version /tokens /token /keys /users /revoke /introspect /register /oauth/register /oauth/token /oauth/authorize /oauth/revoke /oauth/introspect /authorize /callback /consent /jwks /.well-known/jwks.json /.well-known/oauth-authorization-server /.well-known/openid-configuration /.well-known/security.txt /.well-known/ /.well-known/oauth-protected-resource /.latchkey /.latchkey/ /.latchkey/admin /.latchkey/metrics /.latchkey/tunnel /.latchkey/revoke /tunnel /tunnel/connect /relay /agent /connect /sse/ /mcp/sse /messages/ /mcp/tools /mcp/tools/call /graphql /favicon.ico /robots.txt /index.html /.env /.git/config /latchkey.yaml /credentials.db /trail/ /node_modules /package.json'.split(
    ' ',
  );

async function expectNoSurface(token: string | null): Promise<void> {
  await expectUpstreamUntouched(site, async () => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const calls = SURFACES.map((target): Call => ({
        method,
        target,
        token,
        ...(method === 'POST' ? {} : { body: null }),
      }));
      const answers = await Promise.all(calls.map((call) => send(site, call)));
      for (const [at, answer] of answers.entries()) {
        expect({ method, target: SURFACES[at], status: answer.status }).toMatchObject({ status: 404 });
        for (const name of ['location', 'set-cookie', 'www-authenticate', 'server', 'x-powered-by'])
          expect(headerValues(answer, name)).toEqual([]);
      }
    }
  });
}

test('NET-30 tunnel surface: nothing but MCP, its metadata, health and rotation is there, with or without a credential', async () => {
  await expectNoSurface(null);
  await expectNoSurface(site.tokens.admin);
  await expectNoSurface(site.gateway.token);
});

test(
  'NET-31 tunnel needs auth: this release has no tunnel, and asking for one starts nothing',
  { timeout: 180_000 },
  async () => {
    const relay = 'https://relay.example';
    for (const flags of [
      ['--tunnel', relay],
      ['--tunnel', relay, '--no-auth'],
      ['--no-auth', `--tunnel=${relay}`],
      ['--tunnel'],
    ])
      expect((await refused('flags', {}, flags)).stderr).toMatch(/unknown option '--tunnel/);
    for (const tunnel of [relay, true, { relay }, { enabled: true }]) {
      expect((await refused('config', { tunnel })).stderr).toMatch(/E_CONFIG_INVALID .*tunnel/);
      expect((await refused('config', { tunnel, auth: { enabled: false } })).stderr).toMatch(
        /E_CONFIG_INVALID .*tunnel/,
      );
    }
    for (const command of ['relay', 'tunnel', 'agent']) {
      const ended = await runLatchkey([command, '--domain', 'relay.example']);
      expect({ command, code: ended.code, stdout: ended.stdout }).toEqual({ command, code: 2, stdout: '' });
    }
  },
);

test.skipIf(process.platform !== 'linux')(
  "NET-32 admin channel: there is one listener, and the store is its owner's alone",
  async () => {
    // Administration is the command line on the store's folder: no port, no socket file, nothing a user's token opens.
    expect(listening(site.gateway.pid)).toEqual({ tcp: [LOOPBACK], unix: [] });
    const { store } = site.gateway;
    const entries = readdirSync(store, { recursive: true, withFileTypes: true });
    expect(statSync(store).mode & 0o777).toBe(0o700);
    expect(entries.length).toBeGreaterThan(1);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const mode = statSync(path).mode & 0o777;
      expect({ path, mode: mode.toString(8) }).toEqual({ path, mode: entry.isDirectory() ? '700' : '600' });
      expect(entry.isSocket() || entry.isFIFO()).toBe(false);
    }
  },
);

test('NET-32 admin channel: flags and settings for one are refused', { timeout: 180_000 }, async () => {
  for (const flags of [['--admin'], ['--admin', '127.0.0.1:8788'], ['--metrics', ':9090']])
    expect((await refused('admin-flags', {}, flags)).stderr).toMatch(/unknown option '--/);
  for (const key of ['admin', 'metrics', 'debug', 'console'])
    expect((await refused('admin-config', { [key]: { listen: '127.0.0.1:0' } })).stderr).toMatch(/E_CONFIG_INVALID/);
  const ended = await runLatchkey(['admin']);
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: '' });
});
