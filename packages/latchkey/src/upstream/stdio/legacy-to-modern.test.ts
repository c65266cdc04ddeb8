import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createCaller } from '../../../../../test/fixtures/stdio-caller.ts';
import {
  closeUpstreams,
  createLogFile,
  MODERN,
  startUpstream,
  tool,
} from '../../../../../test/fixtures/stdio-servers.ts';

afterEach(closeUpstreams);

const cancel = (requestId: unknown) => ({ method: 'notifications/cancelled', params: { requestId } });

/** A server of 2026-07-28 that acknowledges one subscription and no other, and writes down what it hears. */
const LISTENED_TO_ONCE = `
  const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
  let listening = false;
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    require('node:fs').appendFileSync(process.env.LOG, line + '\\n');
    const { id, method, params } = JSON.parse(line);
    if (method === 'initialize') say({ id, error: { code: -32601, message: 'unknown' } });
    if (method === 'server/discover')
      say({ id, result: {
        resultType: 'complete', supportedVersions: ['2026-07-28'],
        capabilities: { resources: { listChanged: true, subscribe: true } },
      } });
    if (method !== 'subscriptions/listen' || listening) return;
    listening = true;
    const meta = { 'io.modelcontextprotocol/subscriptionId': id };
    say({ method: 'notifications/subscriptions/acknowledged', params: { _meta: meta, notifications: params.notifications } });
  });`;

describe.skipIf(process.platform === 'win32')('LegacySession', { timeout: 30_000 }, () => {
  it('never sends a call that was cancelled, or whose session ended, before it could be sent', async () => {
    const log = createLogFile();
    const caller = createCaller(startUpstream(MODERN, { env: { MODERN_LOG: log } }));
    const [first, second] = [await caller.openSession(), await caller.openSession()];
    const cancelled = caller.legacy({ id: 1, ...tool('echo', { text: 'cancelled' }) }, first);
    caller.legacy(cancel(1), first);
    const ended = caller.legacy({ id: 1, ...tool('echo', { text: 'ended' }) }, second);
    caller.remove(second);
    await caller.legacy({ id: 2, ...tool('echo', { text: 'after' }) }, first).finished;
    expect((await cancelled.finished).messages).toEqual([]);
    expect((await ended.finished).refusal?.reason).toBe('session-unknown');
    expect(readFileSync(log, 'utf8')).toBe('echo after\n');
  });

  it('drops a call that was cancelled while its client was asked, though another has its id by now', async () => {
    const log = createLogFile();
    const caller = createCaller(startUpstream(MODERN, { env: { MODERN_LOG: log } }));
    const session = await caller.openSession({ elicitation: {} });
    const asking = caller.legacy({ id: 1, ...tool('ask') }, session);
    const question = await asking.message(({ method }) => method === 'elicitation/create');
    caller.legacy(cancel(1), session);
    const next = caller.legacy({ id: 1, ...tool('hang') }, session);
    const answer = { id: question['id'], result: { action: 'accept', content: { name: 'Ada' } } };
    await caller.legacy(answer, session).finished;
    await caller.legacy({ id: 2, ...tool('echo', { text: 'after' }) }, session).finished;
    await caller.legacy(cancel(1), session).finished;
    expect((await next.finished).messages).toEqual([]);
    await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 5000 }).toBe('waits\necho after\naborted\n');
  });

  it('refuses an id that is in flight, and more than 100 calls, those of callers who left among them', async () => {
    const caller = createCaller(startUpstream(MODERN));
    const session = await caller.openSession();
    const calls = Array.from({ length: 100 }, (_, id) => caller.legacy({ id, ...tool('hang') }, session));
    for (const call of calls.slice(0, 50)) call.leave();
    const echo = tool('echo', { text: 'hi' });
    const reasonOf = async (id: number) => (await caller.legacy({ id, ...echo }, session).finished).refusal?.reason;
    expect(await reasonOf(7)).toBe('id-in-use');
    expect(await reasonOf(100)).toBe('upstream-unreachable');
    const other = await caller.openSession();
    expect((await caller.legacy({ id: 7, ...echo }, other).finished).status).toBe(200);
    caller.legacy(cancel(7), session);
    expect(await reasonOf(7)).toBeUndefined();
  });

  it('ends all that it listens to, also where it is just about to listen to more', async () => {
    const log = createLogFile();
    const caller = createCaller(startUpstream([process.execPath, '-e', LISTENED_TO_ONCE], { env: { LOG: log } }));
    const sent = (method: string) => readFileSync(log, 'utf8').split(`"method":"${method}"`).length - 1;
    const session = await caller.openSession();
    await expect.poll(() => sent('subscriptions/listen')).toBe(1);
    const watching = caller.legacy({ id: 1, method: 'resources/subscribe', params: { uri: 'file:///a' } }, session);
    await expect.poll(() => sent('subscriptions/listen')).toBe(2);
    caller.remove(session);
    await expect.poll(() => sent('notifications/cancelled'), { timeout: 3000 }).toBe(2);
    await watching.finished;
  });

  it('listens once more at a time, however often a client changes what it wants to hear', async () => {
    const log = createLogFile();
    const caller = createCaller(startUpstream([process.execPath, '-e', LISTENED_TO_ONCE], { env: { LOG: log } }));
    const sent = () => readFileSync(log, 'utf8').split('"method":"subscriptions/listen"').length - 1;
    const session = await caller.openSession();
    await expect.poll(sent).toBe(1);
    const uris = Array.from({ length: 20 }, (_, id) => `file:///${id}`);
    const watching = uris.map((uri, id) =>
      caller.legacy({ id, method: 'resources/subscribe', params: { uri } }, session),
    );
    for (let again = 0; again < 20; again += 1) caller.legacy({ method: 'notifications/initialized' }, session);
    // What the server hears of it comes behind all of the first one's.
    const other = await caller.openSession();
    await expect.poll(sent).toBeGreaterThanOrEqual(3);
    for (const each of [session, other]) caller.remove(each);
    for (const each of watching) await each.finished;
    expect(sent()).toBe(3);
  });
});
