import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventStream } from '../fixtures/event-stream.ts';
import { legacyVoice, modernVoice, open, startBusySites, type BusySite, type Voice } from './busy-sites.ts';
import { send } from './harness.ts';

const MEGABYTE = 1024 * 1024;
const SEND_TIMEOUT_MS = 3000;
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

/** A call whose caller reads nothing of the answer. */
async function openStalled(site: BusySite, voice: Voice, tool: string, args: object, id: number): Promise<EventStream> {
  const stream = await open(site, voice.call(tool, args, id, { progressToken: id }));
  stream.socket.pause();
  return stream;
}

/** What else goes on: the most memory the gateway took, and how long the slowest call of somebody else took. */
async function watch(site: BusySite, forMs: number): Promise<{ readonly peak: number; readonly slowest: number }> {
  let peak = 0;
  let slowest = 0;
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const begun = performance.now();
    const answer = await send(site, modernVoice(site.tokens.bob).call('echo', { text: 'still served' }));
    expect(answer.status).toBe(200);
    slowest = Math.max(slowest, performance.now() - begun);
    peak = Math.max(peak, residentOf(site));
  }
  return { peak, slowest };
}

const READERS = 6;
const FLOOD = 50;

test.skipIf(!linux)(
  'STR-07 slow reader: streams of 50 MB that nobody reads',
  async () => {
    for (const site of sites) {
      const voice = modernVoice(site.tokens.aliceWrite);
      await watch(site, 500);
      const before = residentOf(site);
      const stalled: EventStream[] = [];
      for (let reader = 0; reader < READERS; reader += 1)
        stalled.push(await openStalled(site, voice, 'flood', { megabytes: FLOOD, text: `reader ${reader}` }, reader));
      const { peak, slowest } = await watch(site, 2500);
      // Held for all of them together: less than one of them would take.
      expect(peak - before).toBeLessThan(READERS * FLOOD * 0.4);
      expect(slowest).toBeLessThan(5000);
      // And closed, so that the server behind is not kept busy either.
      const cancelled = (): number => site.notes().filter((note) => /^flood of reader \d cancelled$/.test(note)).length;
      await expect.poll(cancelled, { timeout: SEND_TIMEOUT_MS * 4 }).toBe(READERS);
      for (const stream of stalled) stream.socket.resume();
      expect(new Set(await Promise.all(stalled.map(({ ended }) => ended)))).toEqual(new Set(['cut']));
    }
  },
  120_000,
);

test.skipIf(!linux)('STR-07 slow reader: one large answer that nobody reads', async () => {
  for (const site of sites) {
    const voices = [modernVoice(site.tokens.aliceWrite), await legacyVoice(site, site.tokens.aliceWrite)];
    const stalled = await Promise.all(
      voices.map((voice, id) => openStalled(site, voice, 'big', { megabytes: 12 }, id)),
    );
    const { slowest } = await watch(site, SEND_TIMEOUT_MS * 2.5);
    expect(slowest).toBeLessThan(5000);
    for (const stream of stalled) stream.socket.resume();
    expect(await Promise.all(stalled.map(({ ended }) => ended))).toEqual(['cut', 'cut']);
  }
});

test('STR-07 slow reader: who reads slowly but does read gets it all', async () => {
  const streams = await Promise.all(
    sites.map((site) => openStalled(site, modernVoice(site.tokens.aliceWrite), 'big', { megabytes: 12 }, 1)),
  );
  const until = performance.now() + SEND_TIMEOUT_MS * 2;
  while (performance.now() < until) {
    for (const { socket } of streams) socket.resume();
    await sleep(2);
    for (const { socket } of streams) socket.pause();
    await sleep(300);
  }
  for (const { socket } of streams) socket.resume();
  expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(['whole', 'whole', 'whole']);
  for (const stream of streams) {
    expect(stream.text.length).toBeGreaterThan(12 * MEGABYTE);
    stream.leave();
  }
});

test('STR-07 slow reader: what one caller leaves unread is bounded, and costs nobody else', async () => {
  // A server over HTTP is made to wait; one over stdio cannot be without making all its callers wait.
  for (const site of sites.slice(1)) {
    const other = await openStalled(site, modernVoice(site.tokens.bob), 'big', { megabytes: 10 }, 1);
    const voice = modernVoice(site.tokens.aliceWrite);
    const greedy = await Promise.all(
      Array.from({ length: 6 }, (_, id) => openStalled(site, voice, 'big', { megabytes: 8 }, id)),
    );
    await sleep(SEND_TIMEOUT_MS / 2);
    for (const stream of [other, ...greedy]) stream.socket.resume();
    expect(await other.ended).toBe('whole');
    const ends = await Promise.all(greedy.map(({ ended }) => ended));
    // At most two of them fit; what a kernel holds of each does not count.
    expect(ends.filter((end) => end === 'cut').length).toBeGreaterThanOrEqual(3);
    for (const stream of [other, ...greedy]) stream.leave();
  }
});
