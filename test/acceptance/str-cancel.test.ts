import { afterAll, beforeAll, expect, test } from 'vitest';
import { responseOf } from './answers.ts';
import {
  legacyVoice,
  modernVoice,
  open,
  startBusyHttp,
  startBusySites,
  tell,
  type BusySite,
  type Voice,
} from './busy-sites.ts';
import { modernCall, send } from './harness.ts';

let sites: readonly BusySite[];
beforeAll(async () => void (sites = await startBusySites()), 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

const SOON = { timeout: 1000, interval: 20 };

/** Cancellations that the server behind was sent. */
const cancels = (site: BusySite): readonly string[] =>
  site.notes().filter((note) => note.startsWith('> ') && note.includes('notifications/cancelled'));

test('STR-01 close means cancel: a stream', async () => {
  for (const site of sites) {
    const voice = modernVoice(site.tokens.aliceRead);
    const stream = await open(site, voice.call('hang', { text: 'streamed' }, 'call', { progressToken: 'p' }));
    await stream.until(({ method }) => method === 'notifications/progress');
    stream.leave();
    await expect.poll(site.notes, SOON).toContain('cancelled streamed');
  }
});

test('STR-01 close means cancel: before a byte of the answer', async () => {
  for (const site of sites) {
    const before = cancels(site).length;
    // One of the two shares the process of all; the other may be asked back, so it has one to itself.
    for (const capabilities of [{}, { elicitation: {} }]) {
      const text = `silent ${JSON.stringify(capabilities)}`;
      const silent = await open(site, modernVoice(site.tokens.aliceRead, capabilities).call('hang', { text }));
      await expect.poll(site.notes, { timeout: 10_000 }).toContain(`started ${text}`);
      silent.leave();
      await expect.poll(site.notes, SOON).toContain(`cancelled ${text}`);
    }
    // Over HTTP the closed request says it all; over stdio it takes a message, and one is enough.
    expect(cancels(site).length - before).toBe(site.kind === 'http' ? 0 : 2);
  }
});

test('STR-01 close means cancel: a subscription', async () => {
  for (const site of sites) {
    const token = site.tokens.aliceRead;
    const filter = { toolsListChanged: true, resourceSubscriptions: ['file:///data/watched'] };
    const stream = await open(site, {
      ...modernCall('subscriptions/listen', { notifications: filter }, 'sub'),
      token,
    });
    await stream.until(({ method }) => method === 'notifications/subscriptions/acknowledged');
    const before = site.notes().length;
    stream.leave();
    const told = site.kind === 'stdio of 2025' ? 'resources/unsubscribe' : 'unlistened';
    await expect.poll(() => site.notes().slice(before).join('\n'), SOON).toContain(told);
  }
});

test('STR-01 close means cancel: nothing is sent after', async () => {
  for (const site of sites) {
    const voice = modernVoice(site.tokens.aliceRead);
    const leaving = await open(
      site,
      voice.call('steps', { text: 'left', stepMs: 200 }, 'same', { progressToken: 'same' }),
    );
    await leaving.until(({ method }) => method === 'notifications/progress');
    leaving.leave();
    // What the server still says of the first call must not be taken for the second, which has its id and its token.
    const stream = await open(
      site,
      voice.call('steps', { text: 'came', stepMs: 300 }, 'same', { progressToken: 'same' }),
    );
    expect(await stream.ended).toBe('whole');
    const texts = stream.messages.map(({ params, result }) => params?.['message'] ?? result?.['content'][0].text);
    expect(texts).toEqual(['came', 'came', 'came', 'came']);
  }
});

test('STR-01 close means cancel: nothing begins for a caller who left while the gateway asked for the tools', async () => {
  const slow = await startBusyHttp(sites[0] as BusySite, {}, { listMs: 1000 });
  const asked = (): boolean => slow.notes().some((note) => note.includes('tools/list'));
  const voice = modernVoice(slow.tokens.aliceRead);
  const leaving = await open(slow, voice.call('hang', { text: 'left' }));
  await expect.poll(asked).toBe(true);
  const staying = await open(slow, voice.call('echo', { text: 'stayed' }));
  leaving.leave();
  expect(await staying.ended).toBe('whole');
  expect(slow.notes().filter((note) => note.includes('tools/call'))).toEqual([expect.stringContaining('stayed')]);
  // Nor is the call kept in mind: the gateway has nothing to wait for.
  const begun = performance.now();
  await slow.close();
  expect(performance.now() - begun).toBeLessThan(5000);
});

/** What the server behind is told of the end of a call, and what it must not be told. */
async function cancelInSession(site: BusySite, voice: Voice, text: string): Promise<void> {
  const calls = await Promise.all(
    [7, 8].map((id) => open(site, voice.call('hang', { text: `${text} ${id}` }, id, { progressToken: id }))),
  );
  for (const call of calls) await call.until(({ method }) => method === 'notifications/progress');
  const cancel = { method: 'notifications/cancelled', params: { requestId: 7 } };
  const answer = await send(site, tell(voice, cancel));
  expect([answer.status, answer.body]).toEqual([202, '']);
  await expect.poll(() => site.notes().some((note) => note.includes('notifications/cancelled')), SOON).toBe(true);
  expect(site.notes()).not.toContain(`cancelled ${text} 8`);
  for (const call of calls) call.leave();
}

test('STR-01 close means cancel: a session of 2025 says so', async () => {
  for (const site of sites) {
    const voice = await legacyVoice(site, site.tokens.aliceRead);
    await cancelInSession(site, voice, 'in a session');
    // Leaving is no cancellation there (2025-11-25, Transports), so the session goes on.
    expect(responseOf(await send(site, voice.call('echo', { text: 'still here' }, 9))).result).toBeDefined();
  }
  for (const site of sites.slice(1)) expect(site.notes()).toContain('cancelled in a session 7');
});
