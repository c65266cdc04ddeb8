import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect, getCiphers, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates, OPENSSL_MISSING, type Certificates, type KeyPair } from '../fixtures/certificates.ts';
import { runLatchkey } from '../fixtures/latchkey.ts';
import { converseRaw, type RawConversation } from '../fixtures/raw-connection.ts';
import { startBareSite } from './bare-site.ts';
import { callsSeen, requestBytes, startSite, type Call, type Site } from './harness.ts';

let certificates: Certificates;
let folder: string;
let files: { readonly cert: string; readonly key: string };
let site: Site;
beforeAll(async () => {
  if (OPENSSL_MISSING) return;
  certificates = await makeCertificates();
  folder = await mkdtemp(join(tmpdir(), 'latchkey-net-tls-'));
  files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await install(certificates.right);
  site = await startSite({ tls: files, limits: { failedPerAddress: '100000/min' } });
}, 180_000);
afterAll(async () => {
  if (OPENSSL_MISSING) return;
  await site.close();
  await rm(folder, { recursive: true });
  await rm(dirname(certificates.authority.certFile), { recursive: true });
});

async function install({ certFile, keyFile }: KeyPair): Promise<void> {
  await copyFile(certFile, files.cert);
  await copyFile(keyFile, files.key);
}

const plainUrl = (): string => site.gateway.url.replace('https:', 'http:');
const whole = (text: string): boolean => text.includes('\r\n\r\n');
const over = (url: string, call: Call): Promise<RawConversation> =>
  converseRaw(url, requestBytes(site, call), { until: whole });

/** A handshake with these offers; null where the gateway refuses it. */
function shake(options: ConnectionOptions): Promise<TLSSocket | null> {
  const port = Number(new URL(site.gateway.url).port);
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.on('error', () => resolve(null));
  });
}

async function accepts(options: ConnectionOptions): Promise<boolean> {
  const socket = await shake(options);
  socket?.destroy();
  return socket !== null;
}

test.skipIf(OPENSSL_MISSING)('NET-22 HTTP/2 is not offered', async () => {
  const offers: readonly (readonly [readonly string[], string | null])[] = [
    [['h2', 'http/1.1'], 'http/1.1'],
    [['http/1.1', 'h2'], 'http/1.1'],
    [['http/1.1'], 'http/1.1'],
    [['h2'], null],
    [['h2c'], null],
    [['h3', 'h2'], null],
    [['spdy/3.1'], null],
    [['http/1.0'], null],
    [['HTTP/1.1'], null],
    [['acme-tls/1'], null],
  ];
  for (const [ALPNProtocols, agreed] of offers) {
    const socket = await shake({ ALPNProtocols: [...ALPNProtocols] });
    expect({ ALPNProtocols, agreed: socket?.alpnProtocol ?? null }).toEqual({ ALPNProtocols, agreed });
    socket?.destroy();
  }
  site.spy.reset();
  // With prior knowledge, whatever was agreed: the preface, then frames, then a request of HTTP/1.1.
  const frames = '\0\0\0\x04\0\0\0\0\0\0\0\x04\x01\x05\0\0\0\x01\x82\x86\x84\x41';
  for (const url of [site.gateway.url, plainUrl()]) {
    const preface = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frames}`;
    const { statuses, closed } = await converseRaw(url, preface + requestBytes(site, {}).toString());
    expect({ statuses, closed }).toEqual({ statuses: [400], closed: true });
  }
  const upgrade = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' };
  const answer = await over(site.gateway.url, { token: null, headers: upgrade });
  expect(answer.statuses).toEqual([401]);
  expect(answer.text).not.toMatch(/^upgrade:/im);
  expect(site.spy.bytes()).toBe('');
});

test.skipIf(OPENSSL_MISSING)('NET-26 plain HTTP with token', async () => {
  const secrets = { bearer: {}, key: { headers: { Authorization: null, 'X-API-Key': site.apiKey } } };
  const without: Record<string, Call> = {
    none: { token: null },
    wrong: { token: 'garbage' },
    malformed: { token: 'gar bage' },
  };
  const calls: Record<string, Call> = { ...secrets, ...without };
  site.spy.reset();
  for (const [name, call] of Object.entries(calls)) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      const { statuses, text } = await over(plainUrl(), { ...call, method });
      expect({ name, method, statuses }).toEqual({ name, method, statuses: [400] });
      // Nothing that a client follows with its credential, and no promise that plain HTTP could not keep.
      expect(text).not.toMatch(/^(?:location|refresh|alt-svc|strict-transport-security|link):/im);
    }
  }
  // What a caller says of the connection does not make it a safe one.
  for (const name of ['X-Forwarded-Proto', 'X-Forwarded-Ssl', 'Front-End-Https', 'X-Url-Scheme'])
    expect((await over(plainUrl(), { headers: { [name]: 'https' } })).statuses).toEqual([400]);
  for (const target of ['/', '/nothing', '/mcp/']) expect((await over(plainUrl(), { target })).statuses).toEqual([404]);
  expect((await over(plainUrl(), { target: '/.latchkey/rotate' })).statuses).toEqual([400]);
  const health = await over(plainUrl(), { method: 'GET', target: '/healthz', token: null });
  expect(health.statuses).toEqual([200]);
  expect(health.text).not.toMatch(/strict-transport-security/i);
  expect(site.spy.bytes()).toBe('');
  // The trail says which credential was exposed.
  const read = async (): Promise<readonly string[]> =>
    (await site.gateway.command('trail', '--json', '--limit', '1000')).split('\n');
  const exposed = async (): Promise<readonly unknown[]> => {
    const records = (await read()).filter((line) => line.includes('"exposed":true'));
    return [...new Set(records.map((line) => (JSON.parse(line) as { credential: unknown }).credential))];
  };
  await expect.poll(exposed, { timeout: 30_000 }).toEqual(expect.arrayContaining(['alice-read', 'robot']));
});

test.skipIf(OPENSSL_MISSING)('NET-26 HSTS on https', async () => {
  const answers: Readonly<Record<string, readonly [Call | string, number]>> = {
    call: [{}, 200],
    list: [{ headers: { 'Mcp-Method': 'tools/list', 'Mcp-Name': null }, body: listBody() }, 200],
    'no credential': [{ token: null }, 401],
    'missing scope': [{ tool: 'write_file' }, 403],
    'no such path': [{ target: '/nothing' }, 404],
    'wrong method': [{ method: 'PUT', body: null }, 405],
    'foreign host': [{ headers: { Host: 'evil.example' } }, 421],
    'foreign origin': [{ headers: { Origin: 'https://evil.example' } }, 403],
    preflight: [{ method: 'OPTIONS', headers: { Origin: new URL(site.gateway.url).origin } }, 204],
    metadata: [{ method: 'GET', target: '/.well-known/oauth-protected-resource/mcp' }, 200],
    health: [{ method: 'HEAD', target: '/healthz' }, 200],
    rotate: [{ target: '/.latchkey/rotate', token: 'garbage' }, 401],
    'large headers': [{ headers: { 'X-Big': 'x'.repeat(20_000) } }, 431],
    'no HTTP': ['garbage\r\n\r\n', 400],
    'bad version': ['POST /mcp HTTP/2.0\r\n\r\n', 400],
    'bad expectation': [{ headers: { Expect: 'x' } }, 400],
  };
  for (const [kind, [call, status]] of Object.entries(answers)) {
    const bytes = typeof call === 'string' ? call : requestBytes(site, call);
    const { statuses, text } = await converseRaw(site.gateway.url, bytes, { until: whole });
    expect({ kind, statuses }).toEqual({ kind, statuses: [status] });
    const values = [...text.matchAll(/^strict-transport-security: (.*)\r$/gim)].map(([, value]) => value);
    expect({ kind, values }).toEqual({ kind, values: ['max-age=31536000'] });
  }
});

function listBody(): string {
  return requestBytes(site, {}).toString().split('\r\n\r\n')[1]?.replace('tools/call', 'tools/list') ?? '';
}

/** With forward secrecy and authentication, for the certificate at hand. */
const TLS12 = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'];

async function expectProfile(): Promise<void> {
  for (const version of ['TLSv1', 'TLSv1.1'] as const)
    expect(await accepts({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' })).toBe(false);
  const old = getCiphers().filter((name) => !name.startsWith('tls_'));
  expect(old.length).toBeGreaterThan(30);
  const offered = await Promise.all(
    old.map(async (name) => {
      const ciphers = `${name.toUpperCase()}:@SECLEVEL=0`;
      return (await accepts({ maxVersion: 'TLSv1.2', ciphers })) ? name.toUpperCase() : null;
    }),
  );
  expect(offered.filter((name) => name !== null).toSorted()).toEqual(TLS12);
}

test.skipIf(OPENSSL_MISSING)('NET-27 TLS profile', async () => {
  await expectProfile();
  for (const [version, suites] of [
    ['TLSv1.2', TLS12],
    ['TLSv1.3', ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']],
  ] as const) {
    for (const suite of suites)
      expect(await accepts({ minVersion: version, maxVersion: version, ciphers: suite })).toBe(true);
  }
  for (const suite of ['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'])
    expect(await accepts({ minVersion: 'TLSv1.3', ciphers: suite })).toBe(false);
  for (const group of ['X25519', 'prime256v1', 'secp384r1', 'X25519MLKEM768'])
    expect({ group, taken: await accepts({ ecdhCurve: group }) }).toEqual({ group, taken: true });
  // Finite fields cost the server more than the client that asks for them.
  for (const group of ['ffdhe2048', 'ffdhe3072', 'ffdhe8192', 'secp521r1'])
    expect({ group, taken: await accepts({ ecdhCurve: group }) }).toEqual({ group, taken: false });
});

test.skipIf(OPENSSL_MISSING)('NET-27 TLS profile: no renegotiation', async () => {
  const socket = await shake({ maxVersion: 'TLSv1.2' });
  const outcome = await new Promise((resolve) => {
    socket?.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    socket?.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : 'refused'));
  });
  socket?.destroy();
  expect(['ERR_SSL_NO_RENEGOTIATION', 'refused']).toContain(outcome);
});

test.skipIf(OPENSSL_MISSING)(
  'NET-28 certificate reload: a connection that says nothing does not keep the gateway from ending',
  { timeout: 180_000 },
  async () => {
    const own = await startBareSite({ tls: files });
    const port = Number(new URL(own.gateway.url).port);
    const idle = await new Promise<TLSSocket>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve(socket));
    });
    idle.on('error', () => {}).resume();
    const closed = new Promise((resolve) => void idle.once('close', resolve));
    await own.close();
    await closed;
    expect(idle.destroyed).toBe(true);
  },
);

/** The serial number of the certificate that a new connection gets. */
async function presented(): Promise<string | undefined> {
  const socket = await shake({});
  const { serialNumber } = socket?.getPeerCertificate() ?? {};
  socket?.destroy();
  return serialNumber;
}

const until = (text: string): boolean => text.includes('"result"');
const refusals = (): number => site.gateway.talk().split('the old one stays').length - 1;

test.skipIf(OPENSSL_MISSING)('NET-28 certificate reload: while 50 streams run', { timeout: 180_000 }, async () => {
  const before = await presented();
  site.spy.reset();
  const slow = requestBytes(site, { tool: 'slow', args: { delayMs: 20_000 } });
  const ended = { count: 0 };
  const streams = Array.from({ length: 50 }, async () => {
    const conversation = await converseRaw(site.gateway.url, slow, { until, timeoutMs: 120_000 });
    ended.count += 1;
    return conversation;
  });
  await expect.poll(() => callsSeen(site).length, { timeout: 60_000 }).toBe(50);
  await install(certificates.selfSigned);
  await expect.poll(presented, { timeout: 60_000 }).not.toBe(before);
  // A call of a newcomer, under the new certificate, and every stream goes on to its end.
  expect((await over(site.gateway.url, {})).statuses).toEqual([200]);
  expect(ended.count).toBe(0);
  for (const { text, statuses } of await Promise.all(streams)) {
    expect(statuses).toEqual([200]);
    expect(text.match(/notifications\/progress/g)).toHaveLength(3);
    expect(text).toContain('"result"');
  }
  await expectProfile();
});

test.skipIf(OPENSSL_MISSING)(
  'NET-28 certificate reload: a pair that would not work',
  { timeout: 180_000 },
  async () => {
    const good = await presented();
    const { right, expired, early, wrongName } = certificates;
    const pairs: Readonly<Record<string, readonly [string, string]>> = {
      'key of another': [right.cert, wrongName.key],
      expired: [expired.cert, expired.key],
      'not yet valid': [early.cert, early.key],
      'no certificate': ['nothing here\n', right.key],
      'no key': [right.cert, 'nothing here\n'],
      'cut in the middle': [right.cert.slice(0, 300), right.key],
      'chain in the wrong order': [certificates.authority.cert + right.cert, right.key],
    };
    for (const [name, [cert, key]] of Object.entries(pairs)) {
      const told = refusals();
      await writeFile(files.cert, `${cert}\n`);
      await writeFile(files.key, `${key}\n`);
      await expect.poll(refusals, { timeout: 30_000 }).toBeGreaterThan(told);
      expect({ name, presented: await presented() }).toEqual({ name, presented: good });
      expect((await over(site.gateway.url, {})).statuses).toEqual([200]);
    }
    await rm(files.cert);
    await expect
      .poll(() => site.gateway.talk(), { timeout: 30_000 })
      .toMatch(/there is no such file.*the old one stays/);
    expect((await over(site.gateway.url, {})).statuses).toEqual([200]);
    expect(site.gateway.talk()).not.toContain('PRIVATE KEY');
    await install(right);
    await expect.poll(presented, { timeout: 30_000 }).not.toBe(good);
  },
);

test.skipIf(OPENSSL_MISSING)('NET-28 certificate reload: such a pair does not start the gateway', async () => {
  const { right, expired, early, wrongName } = certificates;
  const pairs: readonly (readonly [string, string])[] = [
    [expired.certFile, expired.keyFile],
    [early.certFile, early.keyFile],
    [right.certFile, wrongName.keyFile],
    [right.certFile, join(folder, 'missing.pem')],
  ];
  await Promise.all(
    pairs.map(async ([cert, key], at) => {
      const file = join(folder, `refused-${at}.yaml`);
      const config = {
        listen: '127.0.0.1:0',
        store: `${file}-store`,
        upstream: { url: site.spy.url },
        tls: { cert, key },
      };
      await writeFile(file, JSON.stringify(config));
      const ended = await runLatchkey(['run', '--config', file, '--json'], {}, 60_000);
      expect({ cert, code: ended.code, stdout: ended.stdout }).toEqual({ cert, code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/^latchkey: E_TLS .*\n {2}hint: /m);
    }),
  );
});
