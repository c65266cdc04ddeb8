import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates, OPENSSL_MISSING } from '../fixtures/certificates.ts';
import { countConnections, hold, type Held, type Holding } from '../fixtures/connections.ts';
import { startFloodingUpstream } from '../fixtures/flooding-upstream.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { residentBytes } from '../fixtures/processes.ts';
import { expectUpstreamUntouched, requestBytes, send, type Site } from './harness.ts';
import { startLimitedSite } from './dos-site.ts';

const linux = process.platform === 'linux';
const SLOWHTTPTEST_MISSING = spawnSync('slowhttptest', ['-h']).error !== undefined;
const MIB = 1024 * 1024;
const HEADERS_MS = 2000;
const BODY_MS = 2000;
const IDLE_MS = 3000;
// Node looks once a second; the rest is for a machine that has much else to do.
const SLACK_MS = 8000;
const LIMITS = {
  headersTimeout: '2s',
  bodyTimeout: '2s',
  idleTimeout: '3s',
  sendTimeout: '2s',
  connectionsPerAddress: 1000,
  failedPerAddress: '100000/min',
};
let site: Site;
let secure: Latchkey | null = null;
beforeAll(async () => {
  site = await startLimitedSite(LIMITS);
  if (OPENSSL_MISSING) return;
  const { right } = await makeCertificates();
  const tls = { cert: right.certFile, key: right.keyFile };
  secure = await startLatchkey({ config: { upstream: { url: site.spy.url }, tls, limits: LIMITS } });
});
afterAll(async () => {
  await site.close();
  await secure?.close();
});

/** Sends one byte of these again and again, as slowly as would hold a connection for ever. */
function trickle(held: Held, byte: string): void {
  const timer = setInterval(() => (held.open ? held.socket.write(byte) : clearInterval(timer)), 200);
  void held.closed.then(() => clearInterval(timer));
}

const HEAD = 'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n';
const TLS_HELLO = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]);

/** Ways to hold a connection before a request is whole. */
const HEADER_HOLDERS: Readonly<Record<string, (held: Held) => void>> = {
  'sends nothing': () => {},
  'sends one byte': (held) => held.socket.write('P'),
  'sends half a request line': (held) => held.socket.write('POST /mc'),
  'sends headers that do not end': (held) => held.socket.write(HEAD),
  'sends its request line byte by byte': (held) => trickle(held, 'P'),
  'sends a header byte by byte': (held) => {
    held.socket.write(`${HEAD}X-Slow: `);
    trickle(held, 'x');
  },
  'sends header after header': (held) => {
    held.socket.write(HEAD);
    trickle(held, 'X-Slow: 1\r\n');
  },
  'sends empty lines': (held) => trickle(held, '\r\n'),
};

async function expectClosedInTime(
  url: string,
  holding: Holding,
  holders: Readonly<Record<string, (held: Held) => void>>,
  limitMs: number,
): Promise<void> {
  const waits = Object.entries(holders).map(async ([holder, begin]) => {
    const held = hold(url, holding);
    await once(held.socket, holding.tls === true ? 'secureConnect' : 'connect');
    begin(held);
    const closed = await Promise.race([held.closed, sleep(limitMs + SLACK_MS, null, { ref: false })]);
    expect({ holder, closed: closed !== null }).toEqual({ holder, closed: true });
  });
  await Promise.all(waits);
}

test('DOS-03 slow headers: each is closed in time', async () => {
  await expectUpstreamUntouched(site, () => expectClosedInTime(site.gateway.url, {}, HEADER_HOLDERS, HEADERS_MS));
});

test.skipIf(OPENSSL_MISSING)('DOS-03 slow headers: over TLS, before it and in its handshake', async () => {
  const url = (secure as Latchkey).url;
  await expectUpstreamUntouched(site, async () => {
    await Promise.all([
      expectClosedInTime(url, { tls: true }, HEADER_HOLDERS, HEADERS_MS * 2),
      expectClosedInTime(url, {}, HEADER_HOLDERS, HEADERS_MS * 2),
      expectClosedInTime(
        url,
        {},
        {
          'stalls in the handshake': (held) => held.socket.write(TLS_HELLO),
          'sends one byte of the handshake': (held) => held.socket.write(TLS_HELLO.subarray(0, 1)),
        },
        HEADERS_MS * 2,
      ),
    ]);
  });
});

test('DOS-03 slow headers: a connection that idles between requests is closed', async () => {
  const held = hold(site.gateway.url);
  held.socket.write(requestBytes(site, {}));
  await held.heard('"result"');
  const served = performance.now();
  await held.closed;
  expect(performance.now() - served).toBeGreaterThan(IDLE_MS - 500);
  expect(performance.now() - served).toBeLessThan(IDLE_MS + SLACK_MS);
});

/** Requests whose body never ends, by a caller who is known and by one who is not. */
function bodyHolders(known: string): Readonly<Record<string, (held: Held) => void>> {
  const begin =
    (headers: Record<string, string | null>, token: string | null = known) =>
    (held: Held) =>
      held.socket.write(requestBytes(site, { token, headers, body: '' }));
  const chunked = { 'Transfer-Encoding': 'chunked', 'Content-Length': null };
  const long = { 'Content-Length': '4096' };
  return {
    'sends no body': begin(long),
    'sends no chunk': begin(chunked),
    'waits after 100 Continue': begin({ ...long, Expect: '100-continue' }),
    'sends a body byte by byte': (held) => {
      begin(long)(held);
      trickle(held, ' ');
    },
    'sends chunk after chunk': (held) => {
      begin(chunked)(held);
      trickle(held, '1\r\n \r\n');
    },
    'sends one chunk byte by byte': (held) => {
      begin(chunked)(held);
      held.socket.write('ffff\r\n');
      trickle(held, ' ');
    },
    'sends a body byte by byte, unknown': (held) => {
      begin(long, null)(held);
      trickle(held, ' ');
    },
    'sends chunk after chunk, unknown': (held) => {
      begin(chunked, 'lk_wrong')(held);
      trickle(held, '1\r\n \r\n');
    },
  };
}

test('DOS-04 slow body: each is closed in time, which trickling does not extend', async () => {
  const holders = bodyHolders(site.tokens.aliceRead);
  await expectUpstreamUntouched(site, () => expectClosedInTime(site.gateway.url, {}, holders, HEADERS_MS + BODY_MS));
});

test.skipIf(OPENSSL_MISSING)('DOS-04 slow body: over TLS', async () => {
  const gateway = secure as Latchkey;
  const own = { ...site, gateway };
  expect(new URL(own.gateway.url).protocol).toBe('https:');
  const holders = Object.fromEntries(
    Object.entries(bodyHolders(gateway.token)).map(([holder, begin]) => [
      holder,
      (held: Held) => {
        // The Host of the other gateway would be refused at once.
        const write = held.socket.write.bind(held.socket);
        held.socket.write = ((bytes: Buffer | string) =>
          write(bytes.toString().replace(new URL(site.gateway.url).host, new URL(gateway.url).host))) as never;
        begin(held);
      },
    ]),
  );
  await expectUpstreamUntouched(site, () =>
    expectClosedInTime(gateway.url, { tls: true }, holders, HEADERS_MS + BODY_MS),
  );
});

test('DOS-04 slow body: a second request on a connection has no more time than the first', async () => {
  const held = hold(site.gateway.url);
  held.socket.write(requestBytes(site, {}));
  await held.heard('"result"');
  const begun = performance.now();
  held.socket.write(requestBytes(site, { headers: { 'Content-Length': '4096' }, body: '{' }));
  trickle(held, ' ');
  await held.closed;
  expect(performance.now() - begun).toBeLessThan(HEADERS_MS + BODY_MS + SLACK_MS);
});

test.skipIf(!linux)(
  'DOS-04 slow body: a caller who does not read its answer is cut, and its memory with it',
  async () => {
    const upstream = await startFloodingUpstream();
    const own = await startLimitedSite(LIMITS, { upstream: { url: upstream.url }, tools: { '*': {} } });
    const before = residentBytes(own.gateway.pid);
    const port = Number(new URL(own.gateway.url).port);
    const held = Array.from({ length: 10 }, () => {
      const caller = hold(own.gateway.url, { reads: false });
      caller.socket.pause();
      caller.socket.write(requestBytes(own, { tool: 'huge', args: { bytes: 64 * MIB } }));
      return caller;
    });
    await expect.poll(upstream.open, { timeout: SLACK_MS }).toBe(held.length);
    await expect.poll(upstream.open, { timeout: 2000 + SLACK_MS, interval: 200 }).toBe(0);
    expect(countConnections(port)).toBe(0);
    // What is not read is left with the server, not kept here.
    expect(upstream.written()).toBeLessThan(held.length * 32 * MIB);
    expect(residentBytes(own.gateway.pid) - before).toBeLessThan(100 * MIB);
    for (const caller of held) caller.socket.destroy();
    expect((await send(own)).status).toBe(200);
    await own.close();
    await upstream.close();
  },
);

test.skipIf(!linux)('DOS-04 slow body: a caller who sends on without reading is cut', async () => {
  const held = hold(site.gateway.url, { reads: false });
  held.socket.pause();
  const refused = Buffer.concat(Array.from({ length: 200 }, () => requestBytes(site, { token: null, body: '{}' })));
  let stuck = false;
  for (let sent = 0; !stuck && sent < 64 * MIB; sent += refused.length)
    stuck = !held.socket.write(refused) && !(await Promise.race([once(held.socket, 'drain'), sleep(1000, false)]));
  expect(stuck).toBe(true);
  const port = Number(new URL(site.gateway.url).port);
  await expect.poll(() => countConnections(port), { timeout: 4000 + SLACK_MS, interval: 200 }).toBe(0);
  held.socket.destroy();
});

const CONNECTIONS = 50;
const SECONDS = 15;

/** Runs Debian's slowhttptest against the gateway while a good client calls. */
async function attackSlowly(
  mode: '-H' | '-B',
  target: Site,
): Promise<{ served: number; worstMs: number; most: number; last: number; report: string }> {
  const kind = ['-f', 'application/json', '-m', 'application/json', '-u', target.gateway.url];
  const args = [mode, '-c', CONNECTIONS, '-r', CONNECTIONS, '-i', 1, '-l', SECONDS, '-p', 5, ...kind].map(String);
  const attack = spawn('slowhttptest', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let report = '';
  for (const stream of [attack.stdout, attack.stderr])
    stream.on('data', (chunk: Buffer) => void (report += chunk.toString()));
  const ended = once(attack, 'close');
  const port = Number(new URL(target.gateway.url).port);
  const counts: number[] = [];
  let served = 0;
  let worstMs = 0;
  for (const until = performance.now() + (SECONDS - 3) * 1000; performance.now() < until; await sleep(100)) {
    const begun = performance.now();
    if ((await send(target, { id: served })).status === 200) served += 1;
    worstMs = Math.max(worstMs, performance.now() - begun);
    counts.push(countConnections(port));
    // It opens no new ones, and ends by itself when all are closed.
    if (attack.exitCode !== null) break;
  }
  await ended;
  return { served, worstMs, most: Math.max(...counts), last: counts.at(-1) ?? -1, report };
}

for (const [id, mode, name] of [
  ['DOS-03', '-H', 'headers'],
  ['DOS-04', '-B', 'body'],
] as const)
  test.skipIf(!linux || SLOWHTTPTEST_MISSING)(
    `${id} slowhttptest in ${name} mode leaves no connection open past the time-out`,
    async () => {
      // Without authentication, so that bodies are waited for at all.
      const open = await startLimitedSite(LIMITS, { auth: { enabled: false } });
      const { served, worstMs, most, last, report } = await attackSlowly(mode, open);
      expect(most).toBeGreaterThanOrEqual(CONNECTIONS / 2);
      expect({ report, last }).toMatchObject({ report: expect.stringContaining('No open connections left'), last: 0 });
      expect(served).toBeGreaterThan(3);
      expect(worstMs).toBeLessThan(5000);
      await open.close();
    },
  );
