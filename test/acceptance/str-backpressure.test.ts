import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventStream } from '../fixtures/event-stream.ts';
import { exchangeRaw } from '../fixtures/raw-http.ts';
import { legacyVoice, modernVoice, open, startBusySites, type BusySite, type Voice } from './busy-sites.ts';
import { requestBytes } from './harness.ts';

const MEGABYTE = 1024 * 1024;
const SEND_TIMEOUT_MS = 6000;
const UNREAD = 16;
let sites: readonly BusySite[];
beforeAll(async () => {
  sites = await startBusySites({
    limits: { sendTimeout: `${SEND_TIMEOUT_MS / 1000}s`, unreadBytes: `${UNREAD}MiB`, callTimeout: '50s' },
  });
}, 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

const linux = process.platform === 'linux';

/** Memory of the gateway itself that is in RAM, in MB. */
function residentOf({ gateway }: BusySite): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** A call whose caller reads nothing of the answer but its beginning. */
async function openStalled(site: BusySite, voice: Voice, tool: string, args: object, id: number): Promise<EventStream> {
  const stream = await open(site, voice.call(tool, args, id, { progressToken: id }));
  await stream.started;
  stream.socket.pause();
  return stream;
}

/** Somebody else goes on calling, and is served; gives the most memory the gateway took meanwhile. */
async function watch(site: BusySite, forMs: number): Promise<number> {
  let peak = 0;
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const call = requestBytes(site, modernVoice(site.tokens.bob).call('echo', { text: 'still served' }));
    const [answer] = await exchangeRaw(site.gateway.url, call, 1, 40_000);
    expect(answer?.status).toBe(200);
    peak = Math.max(peak, residentOf(site));
    await sleep(20);
  }
  return peak;
}

const READERS = 4;
const FLOOD = 50;

async function expectBoundedStreams(site: BusySite): Promise<void> {
  const voice = modernVoice(site.tokens.aliceWrite);
  await watch(site, 500);
  const before = residentOf(site);
  const stalled: EventStream[] = [];
  for (let reader = 0; reader < READERS; reader += 1)
    stalled.push(await openStalled(site, voice, 'flood', { megabytes: FLOOD, text: `reader ${reader}` }, reader));
  const peak = await watch(site, 4000);
  // Held for all of them together: not even half of what they would take.
  expect(peak - before).toBeLessThan(READERS * FLOOD * 0.4);
  // And closed, so that the server behind is not kept busy either.
  const cancelled = (): number => site.notes().filter((note) => /^flood of reader \d cancelled$/.test(note)).length;
  await expect.poll(cancelled, { timeout: SEND_TIMEOUT_MS * 6 }).toBe(READERS);
  for (const stream of stalled) stream.socket.resume();
  expect(new Set(await Promise.all(stalled.map(({ ended }) => ended)))).toEqual(new Set(['cut']));
}

test.skipIf(!linux)(
  'STR-07 slow reader: streams of 50 MB that nobody reads',
  async () => void (await Promise.all(sites.map(expectBoundedStreams))),
  120_000,
);

async function expectUnreadEnded(site: BusySite): Promise<void> {
  const voices = [modernVoice(site.tokens.aliceWrite), await legacyVoice(site, site.tokens.aliceWrite)];
  const stalled = await Promise.all(voices.map((voice, id) => openStalled(site, voice, 'big', { megabytes: 24 }, id)));
  await watch(site, SEND_TIMEOUT_MS * 2);
  for (const stream of stalled) stream.socket.resume();
  expect(await Promise.all(stalled.map(({ ended }) => ended))).toEqual(['cut', 'cut']);
}

test.skipIf(!linux)(
  'STR-07 slow reader: one large answer that nobody reads',
  async () => void (await Promise.all(sites.map(expectUnreadEnded))),
  120_000,
);

/** Reads 9 MB, half a megabyte at a time. */
async function readInSteps(socket: Socket): Promise<void> {
  for (let step = 1; step <= 18 && !socket.destroyed; step += 1) {
    socket.resume();
    while (socket.bytesRead < (step * MEGABYTE) / 2 && !socket.destroyed) await sleep(1);
    socket.pause();
    await sleep(400);
  }
}

test('STR-07 slow reader: who reads slowly but does read gets it all', async () => {
  const streams = await Promise.all(
    sites.map((site) => openStalled(site, modernVoice(site.tokens.aliceWrite), 'big', { megabytes: 12 }, 1)),
  );
  const begun = performance.now();
  await Promise.all(streams.map(({ socket }) => readInSteps(socket)));
  // For longer than one may stop.
  expect(performance.now() - begun).toBeGreaterThan(SEND_TIMEOUT_MS);
  for (const { socket } of streams) socket.resume();
  expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(['whole', 'whole', 'whole']);
  for (const stream of streams) {
    expect(stream.text.length).toBeGreaterThan(12 * MEGABYTE);
    stream.leave();
  }
});

async function expectBoundedUnread(site: BusySite): Promise<void> {
  const [alice, bob] = [modernVoice(site.tokens.aliceWrite), modernVoice(site.tokens.bob)];
  const greedy = await Promise.all(
    Array.from({ length: 4 }, (_, id) => openStalled(site, alice, 'big', { megabytes: 14 }, id)),
  );
  const other = await openStalled(site, bob, 'big', { megabytes: 14 }, 1);
  await sleep(1000);
  for (const stream of [other, ...greedy]) stream.socket.resume();
  expect(await other.ended).toBe('whole');
  const ends = await Promise.all(greedy.map(({ ended }) => ended));
  expect(ends.filter((end) => end === 'cut').length).toBeGreaterThanOrEqual(2);
  for (const stream of [other, ...greedy]) stream.leave();
}

test('STR-07 slow reader: what one caller leaves unread is bounded, and costs nobody else', async () => {
  // A server over HTTP is made to wait; one over stdio cannot be without making all its callers wait.
  await Promise.all(sites.slice(1).map(expectBoundedUnread));
});
