import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBusySites, type BusySite } from './busy-sites.ts';
import { request, startSse, textOf, toolCall } from './sse-client.ts';

const SEND_TIMEOUT_MS = 4000;
let sites: readonly BusySite[];
beforeAll(async () => {
  sites = await startBusySites({ limits: { sendTimeout: `${SEND_TIMEOUT_MS / 1000}s`, unreadBytes: '8MiB' } });
}, 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

/** Reads nothing for a while. */
const stall = (socket: Socket): void => void socket.pause();

test('SSE a reader that takes nothing is cut, and what waits for it is bounded', async () => {
  for (const site of sites) {
    const stalled = await startSse(site, site.tokens.aliceWrite);
    const other = await startSse(site, site.tokens.bob);
    stall(stalled.stream.socket);
    await stalled.post(toolCall('flood', { megabytes: 30, text: 'unread' }, 1, { progressToken: 1 }));
    const ended = (): boolean => site.notes().some((note) => /^flood of unread (?:cancelled|ended)$/.test(note));
    for (let round = 0; round < 5; round += 1) {
      const text = `served ${round}`;
      expect(textOf(await other.ask('tools/call', { name: 'echo', arguments: { text } }, round))).toBe(text);
    }
    // The process of a session of its own ends before it can say so.
    await expect.poll(() => site.kind === 'stdio of 2025' || ended(), { timeout: SEND_TIMEOUT_MS * 4 }).toBe(true);
    await expect
      .poll(async () => (await stalled.post(request('ping', {}, 2))).status, { timeout: SEND_TIMEOUT_MS * 4 })
      .toBe(404);
    stalled.stream.socket.resume();
    expect(await stalled.stream.ended).toBe('cut');
    other.stream.leave();
  }
}, 120_000);

test('SSE answers that together are more than may be unread cut the stream', async () => {
  for (const site of sites) {
    const stalled = await startSse(site, site.tokens.aliceWrite);
    stall(stalled.stream.socket);
    for (let id = 1; id <= 4; id += 1) await stalled.post(toolCall('big', { megabytes: 5 }, id));
    await expect
      .poll(async () => (await stalled.post(request('ping', {}, 'p'))).status, { timeout: 10_000, interval: 50 })
      .toBe(404);
    stalled.stream.socket.resume();
    expect(await stalled.stream.ended).toBe('cut');
  }
});

test('SSE a stream that is read gets large answers whole', async () => {
  for (const site of sites) {
    const client = await startSse(site, site.tokens.aliceWrite);
    const answer = await client.ask('tools/call', { name: 'big', arguments: { megabytes: 2 } }, 1);
    expect(textOf(answer).length).toBe(2 * 1024 * 1024);
    client.stream.leave();
  }
});
