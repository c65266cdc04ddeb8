import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createCaller } from '../../../../../test/fixtures/stdio-caller.ts';
import {
  closeUpstreams,
  createLogFile,
  RAW,
  REVISIONS,
  startUpstream,
  textOf,
  tool,
} from '../../../../../test/fixtures/stdio-servers.ts';

afterEach(closeUpstreams);

describe.skipIf(process.platform === 'win32')('SharedChild', { timeout: 30_000 }, () => {
  it('costs its callers, when it dies, an error within 1 s, and later calls work', async () => {
    const caller = createCaller(startUpstream(RAW));
    const pid = Number(textOf((await caller.modern({ id: 1, ...tool('pid') }).finished).messages[0]));
    const waiting = [
      caller.modern({ id: 2, ...tool('hang') }),
      caller.modern({ id: 3, ...tool('progress', {}, { progressToken: 1 }) }),
      caller.modern({ id: 4, ...tool('hang') }),
    ];
    await waiting[1]?.finished;
    const killedAt = performance.now();
    process.kill(pid, 'SIGKILL');
    const [first] = await Promise.all(waiting.map((answer) => answer.finished));
    expect(performance.now() - killedAt).toBeLessThan(1000);
    expect(first?.refusal).toMatchObject({ reason: 'upstream-exited', retryAfterSeconds: expect.any(Number) });
    expect((await caller.modern({ id: 5, ...tool('pid') }).finished).refusal?.reason).toBe('upstream-exited');
    await expect
      .poll(
        async () => textOf((await caller.modern({ id: 6, ...tool('echo', { text: 'back' }) }).finished).messages[0]),
        { timeout: 5000, interval: 100 },
      )
      .toBe('back');
  });

  it('tells of its death on an open stream by a JSON-RPC error', async () => {
    const caller = createCaller(startUpstream(RAW));
    const listening = caller.modern({
      id: 'l',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true } },
    });
    await listening.message(() => true);
    void caller.modern({ id: 1, ...tool('exit') });
    expect((await listening.finished).messages.at(-1)).toMatchObject({ id: 'l', error: { code: -32603 } });
  });

  it('ends a subscription that the server takes back as the server does', async () => {
    const caller = createCaller(startUpstream(REVISIONS));
    const params = { notifications: { toolsListChanged: true } };
    const { messages } = await caller.modern({ id: 'l', method: 'subscriptions/listen', params }).finished;
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 'l' };
    expect(messages.slice(1)).toEqual([{ jsonrpc: '2.0', id: 'l', result: { resultType: 'complete', _meta } }]);
  });

  it('is replaced once it closed its output', async () => {
    const caller = createCaller(startUpstream(RAW));
    expect((await caller.modern({ id: 1, ...tool('close-output') }).finished).refusal?.reason).toBe('upstream-exited');
  });

  it('is ended for an endless line, and its callers are told', async () => {
    const caller = createCaller(startUpstream(RAW, { maxLineBytes: 4 * 1024 * 1024 }));
    expect((await caller.modern({ id: 1, ...tool('flood') }).finished).refusal?.reason).toBe('upstream-too-large');
  });

  it('is told to stop what it does not answer in time', async () => {
    const log = createLogFile();
    const caller = createCaller(startUpstream(RAW, { callTimeoutMs: 300, env: { RAW_LOG: log } }));
    expect((await caller.modern({ id: 1, ...tool('hang') }).finished).refusal?.reason).toBe('upstream-timeout');
    await expect.poll(() => readFileSync(log, 'utf8')).toMatch(/cancelled \d+/);
  });

  it('is not started at every call when it never starts', async () => {
    const caller = createCaller(startUpstream(RAW, { env: { RAW_CRASH: '1' } }));
    const refusals = [];
    for (let id = 0; id < 5; id += 1) refusals.push((await caller.modern({ id, ...tool('pid') }).finished).refusal);
    expect(refusals.map((refusal) => refusal?.reason)).toEqual(Array(5).fill('upstream-exited'));
    expect(refusals[4]?.retryAfterSeconds).toBeGreaterThan(0);
    await expect(startUpstream(['/nowhere/program']).start()).rejects.toMatchObject({
      code: 'E_UPSTREAM_MISSING',
    });
  });

  it.each(['/nowhere', process.execPath])(
    'says at the start that it is to run in what is no folder: %s',
    async (cwd) => {
      await expect(startUpstream(RAW, { cwd }).start()).rejects.toMatchObject({
        code: 'E_UPSTREAM_MISSING',
        message: expect.stringContaining(`"${cwd}"`),
      });
    },
  );

  it('says at the start that a program ends at once', async () => {
    await expect(startUpstream(['false']).start()).rejects.toMatchObject({ code: 'E_UPSTREAM_START' });
  });

  it.each(['0', '1'])(
    'says at the start that a server speaks later revisions only, refusing others: %s',
    async (refuses) => {
      const env = (revisions: string) => ({ env: { REVISIONS: revisions, REFUSES: refuses } });
      await expect(startUpstream(REVISIONS, env('2031-01-01,2030-01-01')).start()).rejects.toMatchObject({
        code: 'E_UPSTREAM_START',
        message: expect.stringContaining('2031-01-01, 2030-01-01'),
      });
      expect(await startUpstream(REVISIONS, env('2031-01-01,2025-11-25')).start()).toMatchObject({ era: 'legacy' });
    },
  );

  it('cuts off a caller who does not read, and nobody else', async () => {
    const caller = createCaller(startUpstream(RAW));
    const slow = caller.modern({ id: 1, ...tool('echo', { text: 'late', delayMs: 20_000 }, { progressToken: 't' }) });
    const listening = caller.modern({
      id: 2,
      method: 'subscriptions/listen',
      params: { notifications: { resourceSubscriptions: ['a:'] } },
    });
    await listening.message(() => true);
    listening.stall();
    for (let id = 0; id < 100 && listening.outcome === 'open'; id += 1)
      await caller.modern({ id, ...tool('changed', { uri: `a:/${'x'.repeat(100_000)}` }) }).finished;
    expect(listening.outcome).toBe('cut');
    expect(slow.outcome).toBe('open');
    expect(textOf((await caller.modern({ id: 3, ...tool('echo', { text: 'fine' }) }).finished).messages[0])).toBe(
      'fine',
    );
  });
});
