import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { freePort } from '../fixtures/free-port.ts';
import { PROGRAM, startLatchkey } from '../fixtures/latchkey.ts';
import { descendantsOf, isRunning } from '../fixtures/processes.ts';
import { MODERN } from '../fixtures/stdio-servers.ts';
import { ranBy, responseOf } from './answers.ts';
import {
  callBody,
  callsSeen,
  modernCall,
  openSession,
  requestBytes,
  send,
  startSite,
  startStdioSite,
} from './harness.ts';
import type { Site, Spy } from './harness.ts';

const linux = process.platform === 'linux';
const SCRIPT_MISSING = !linux || spawnSync('script', ['--version']).status !== 0;
const GRACE_MS = 10_000;
const LIMITS = {
  callsPerCredential: '1000000/min',
  requestsPerAddress: '1000000/min',
  failedPerAddress: '1000000/min',
};

/** Callers that call until they are told to stop or the gateway is gone; resolves with the statuses they got. */
function callAll(site: Site<Spy>, callers: number): { stop(): Promise<readonly number[]> } {
  const stopping = new AbortController();
  const loop = async (): Promise<readonly number[]> => {
    const statuses: number[] = [];
    while (!stopping.signal.aborted) {
      try {
        statuses.push((await send(site)).status);
      } catch {
        // Nobody listens any more, or the connection was closed before the request was read.
        break;
      }
    }
    return statuses;
  };
  const loops = Array.from({ length: callers }, loop);
  return {
    async stop() {
      stopping.abort();
      return (await Promise.all(loops)).flat();
    },
  };
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The trail's files as they are: the program that wrote them has ended. */
async function recordsOf({ gateway }: Site<Spy>): Promise<readonly { decision: string; status: number }[]> {
  const folder = join(gateway.store, 'trail');
  const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as never),
  );
}

test.skipIf(!linux)('ROB-10 SIGTERM and SIGHUP: SIGTERM under load', async () => {
  const http = await startSite({ limits: LIMITS });
  const sites: Site<Spy>[] = [http];
  for (const era of ['legacy', 'modern'] as const) sites.push(await startStdioSite(era, { limits: LIMITS }, http));
  for (const site of sites) {
    await openSession(site);
    const load = callAll(site, 4);
    const slow = [1, 2, 3, 4].map((id) => send(site, { id, body: callBody({ id, args: { delayMs: 1500 } }) }));
    await expect
      .poll(() => callsSeen(site).filter(({ body }) => body.includes('delayMs')), { timeout: 20_000 })
      .toHaveLength(4);
    const below = descendantsOf(site.gateway.pid).map(({ pid }) => pid);
    const begun = performance.now();
    expect(await site.gateway.kill('SIGTERM')).toBe(0);
    expect(performance.now() - begun).toBeLessThan(GRACE_MS + 5000);
    // Whoever was being served got all of it.
    for (const answer of await Promise.all(slow))
      expect(ranBy(answer)).toEqual({ ran: 'echo', args: { delayMs: 1500 } });
    const statuses = await load.stop();
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    const served = statuses.filter((status) => status === 200).length + slow.length;
    expect(served).toBeGreaterThan(slow.length);
    const allowed = (await recordsOf(site)).filter(({ decision, status }) => decision === 'allow' && status === 200);
    expect(allowed.length).toBeGreaterThanOrEqual(served);
    expect(below.filter(isRunning)).toEqual([]);
  }
  for (const site of sites) await site.close();
});

test.skipIf(!linux)('ROB-10 SIGTERM and SIGHUP: SIGTERM with streams and calls that do not end', async () => {
  const site = await startSite();
  const { hostname, port } = new URL(site.gateway.url);
  const stream = connect(Number(port), hostname);
  let received = '';
  stream.on('data', (chunk: Buffer) => void (received += chunk.toString()));
  const closed = new Promise((resolve) => stream.on('error', () => {}).on('close', resolve));
  stream.write(requestBytes(site, modernCall('subscriptions/listen', { notifications: {} })));
  const hanging = send(site, { body: callBody({ args: { delayMs: 600_000 } }) }).catch(() => null);
  await expect.poll(() => [received.includes('acknowledged'), callsSeen(site).length]).toEqual([true, 1]);
  const begun = performance.now();
  const exited = site.gateway.kill('SIGTERM');
  // While it stops nobody is let in.
  await expect
    .poll(
      () =>
        send(site).then(
          ({ status }) => status,
          () => 'closed',
        ),
      { timeout: 5000 },
    )
    .not.toBe(200);
  expect(await exited).toBe(0);
  expect(performance.now() - begun).toBeLessThan(GRACE_MS + 5000);
  await closed;
  // A subscription has its final result, and a call that did not end has none.
  expect(received).toContain('"resultType":"complete"');
  expect((await hanging)?.status).not.toBe(200);
  await site.close();
});

const SERVED = {
  run: { upstream: { url: 'http://127.0.0.1:9/mcp' } },
  'forward-auth': { publicUrl: 'https://mcp.example', forwardAuth: { proxy: 'nginx' } },
} as const;

test.skipIf(!linux).each(['run', 'forward-auth'] as const)(
  'ROB-10 SIGTERM and SIGHUP: %s gets them as soon as it is ready',
  async (serve) => {
    for (let round = 0; round < 3; round += 1) {
      const lock = await startLatchkey({ serve, config: SERVED[serve] });
      process.kill(lock.pid, 'SIGHUP');
      expect(await lock.kill('SIGTERM')).toBe(0);
      await lock.close();
    }
  },
);

test.skipIf(!linux).each(['run', 'forward-auth'] as const)(
  'ROB-10 SIGTERM and SIGHUP: %s gets them as soon as its port is open',
  async (serve) => {
    const port = await freePort();
    const pid = Promise.withResolvers<number>();
    const starting = startLatchkey({
      serve,
      config: { ...SERVED[serve], listen: `127.0.0.1:${port}` },
      onStart: pid.resolve,
    });
    for (;;) if (await isOpen(port)) break;
    for (const signal of ['SIGHUP', 'SIGTERM'] as const) process.kill(await pid.promise, signal);
    // The token was made, so it is handed over first.
    const lock = await starting;
    expect(lock.token).toMatch(/^lk_/);
    expect(await lock.ended).toBe(0);
    await lock.close();
  },
);

test.skipIf(!linux)('ROB-10 SIGTERM and SIGHUP: SIGTERM while the server starts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-early-'));
  const words = ['run', '--listen', '127.0.0.1:0', '--store', folder, '--', 'sleep', '600'];
  const early = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(early, 'close');
  const below = (): readonly number[] => descendantsOf(early.pid as number).map(({ pid }) => pid);
  await expect.poll(() => below().length, { timeout: 20_000 }).toBeGreaterThan(1);
  const all = below();
  const begun = performance.now();
  early.kill('SIGTERM');
  expect(await ended).toEqual([1, null]);
  expect(performance.now() - begun).toBeLessThan(GRACE_MS);
  await expect.poll(() => all.filter(isRunning), { timeout: GRACE_MS }).toEqual([]);
  await rm(folder, { recursive: true });
});

test.skipIf(!linux)('ROB-10 SIGTERM and SIGHUP: SIGHUP under load', async () => {
  const rules = [{ write_file: {} }, { copy_secret: {}, query: {} }] as const;
  const toolsOf = (at: number): object => ({ echo: { scopes: ['file:read'] }, ...rules[at % 2] });
  const site = await startSite({ limits: LIMITS, tools: toolsOf(0) });
  const before = JSON.parse(await readFile(site.gateway.configFile, 'utf8')) as object;
  const write = (config: unknown): Promise<void> =>
    writeFile(site.gateway.configFile, typeof config === 'string' ? config : JSON.stringify(config));
  const listed = async (): Promise<string> => {
    const { tools } = responseOf(await send(site, modernCall('tools/list'))).result as { tools: { name: string }[] };
    return tools
      .map(({ name }) => name)
      .toSorted()
      .join(' ');
  };
  const whole = ['echo write_file', 'copy_secret echo query'] as const;
  const load = callAll(site, 3);
  for (let round = 1; round <= 10; round += 1) {
    await write({ ...before, tools: toolsOf(round) });
    process.kill(site.gateway.pid, 'SIGHUP');
    const seen = await Promise.all(Array.from({ length: 8 }, listed));
    // The old rules or the new ones, and nothing in between.
    for (const each of seen) expect(whole).toContain(each);
    await expect.poll(listed).toBe(whole[round % 2]);
  }
  // It reads also what has not changed, and what is bad changes nothing.
  const replaced = (): number => site.gateway.talk().split('the rules were replaced').length;
  const times = replaced();
  process.kill(site.gateway.pid, 'SIGHUP');
  await expect.poll(replaced, { timeout: 5000 }).toBeGreaterThan(times);
  const complaints = (): number => site.gateway.talk().split(/stays? in force/).length;
  for (const bad of ['tools: {', { ...before, tools: { echo: { scope: [] } } }, '', null]) {
    const told = complaints();
    await (bad === null ? rm(site.gateway.configFile) : write(bad));
    process.kill(site.gateway.pid, 'SIGHUP');
    await expect.poll(complaints, { timeout: 5000 }).toBeGreaterThan(told);
    expect(await listed()).toBe(whole[0]);
  }
  const statuses = await load.stop();
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await site.gateway.kill('SIGTERM')).toBe(0);
  await site.close();
});

test.skipIf(SCRIPT_MISSING)('ROB-10 SIGTERM and SIGHUP: a terminal that is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-terminal-'));
  const words = [
    process.execPath,
    PROGRAM,
    'run',
    '--json',
    '--listen',
    '127.0.0.1:0',
    '--store',
    folder,
    '--',
    ...MODERN,
  ];
  const terminal = spawn('script', ['-qec', words.join(' '), '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let pid = 0;
  for await (const line of createInterface({ input: terminal.stdout })) {
    if (!line.includes('"event":"ready"')) continue;
    ({ pid } = JSON.parse(line) as { pid: number });
    break;
  }
  const all = [pid, ...descendantsOf(pid).map((each) => each.pid)];
  expect(all.filter(isRunning).length).toBeGreaterThan(1);
  terminal.kill('SIGKILL');
  await expect.poll(() => all.filter(isRunning), { timeout: GRACE_MS }).toEqual([]);
  await rm(folder, { recursive: true });
});
