import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '../fixtures/processes.ts';
import { send } from './harness.ts';
import {
  expectGoneSoon,
  legacyTools,
  modernTools,
  openCall,
  resultOf,
  startToolsSite,
  startVoices,
  TOOLS,
  untilHanging,
  type ToolsSite,
} from './tools-site.ts';

const HASTY = { ...TOOLS.hang, name: 'hasty', script: { ...TOOLS.hang.script, timeout: '1s' } };

let site: ToolsSite;
beforeAll(async () => void (site = await startToolsSite([...Object.values(TOOLS), HASTY])));
afterAll(() => site.close());

test('leaving cancels a call of 2026-07-28: its whole process group is gone within a second', async () => {
  const voice = modernTools(site.tokens.admin);
  const [left, stays] = [
    await openCall(site, voice.call('hang', { label: 'left' })),
    await openCall(site, voice.call('hang', { label: 'stays' })),
  ];
  const pids = await untilHanging(site, 'left');
  const others = await untilHanging(site, 'stays');
  left.leave();
  await expectGoneSoon(pids);
  expect(others.filter(isRunning)).toEqual(others);
  stays.leave();
  await expectGoneSoon(others);
});

test('notifications/cancelled cancels a call of its session: its whole process group is gone within a second', async () => {
  const [voice, other] = [await legacyTools(site), await legacyTools(site)];
  const call = await openCall(site, voice.call('hang', { label: 'cancelled' }, 7));
  const kept = await openCall(site, other.call('hang', { label: 'kept' }, 7));
  const pids = await untilHanging(site, 'cancelled');
  const others = await untilHanging(site, 'kept');
  const answer = await send(site, voice.say('notifications/cancelled', { requestId: 7 }));
  expect([answer.status, answer.body]).toEqual([202, '']);
  await expectGoneSoon(pids);
  // A cancelled call gets no response, only an end.
  expect([await call.ended, call.messages]).toEqual(['whole', []]);
  expect(others.filter(isRunning)).toEqual(others);
  expect(resultOf(await send(site, voice.call('echo', { text: 'still here' }, 7))).text).toBe('still here 1');
  await send(site, other.say('notifications/cancelled', { requestId: 7 }));
  await expectGoneSoon(others);
  expect(await kept.ended).toBe('whole');
});

test('leaving a session is no cancellation; ending the session is', async () => {
  const voice = await legacyTools(site);
  const call = await openCall(site, voice.call('hang', { label: 'deserted' }));
  const pids = await untilHanging(site, 'deserted');
  call.leave();
  expect(resultOf(await send(site, voice.call('echo', { text: 'on' }, 2))).text).toBe('on 1');
  expect(pids.filter(isRunning)).toEqual(pids);
  expect((await send(site, { ...voice.list(), method: 'DELETE', body: null })).status).toBe(200);
  await expectGoneSoon(pids);
});

test('a revoked credential ends its call and the processes of it', async () => {
  const { token } = await site.gateway.createToken('short', '--scope', '*');
  const call = await openCall(site, modernTools(token).call('hang', { label: 'revoked' }));
  const pids = await untilHanging(site, 'revoked');
  await site.gateway.command('token', 'revoke', 'short');
  // A second to notice, and a second to end.
  await expect.poll(() => pids.filter(isRunning), { timeout: 3000, interval: 20 }).toEqual([]);
  await call.ended;
});

test('a time-out does not wait for the child, in both eras', async () => {
  for (const voice of await startVoices(site)) {
    const label = `hasty-${voice.era}`;
    const begun = performance.now();
    const answer = send(site, voice.call('hasty', { label }));
    const pids = await untilHanging(site, label);
    const { isError, text } = resultOf(await answer);
    expect([isError, text]).toEqual([true, expect.stringMatching(/1 ?s|time/i)]);
    expect(performance.now() - begun).toBeLessThan(4000);
    await expectGoneSoon(pids);
  }
});

test('ending the gateway ends what runs, by SIGTERM and by SIGKILL', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const ending = await startToolsSite();
    try {
      const voices = await startVoices(ending);
      const calls = await Promise.all(
        voices.map((voice) => openCall(ending, voice.call('hang', { label: voice.era }))),
      );
      const pids = (await Promise.all(voices.map((voice) => untilHanging(ending, voice.era)))).flat();
      expect(pids).toHaveLength(4);
      // SIGTERM lets calls finish for ten seconds; the second one does not.
      const ended = ending.gateway.kill(signal);
      if (signal === 'SIGTERM') for (const call of calls) call.leave();
      await ended;
      await expect.poll(() => pids.filter(isRunning), { timeout: 5000, interval: 20 }).toEqual([]);
      expect(ending.notes()).not.toContain('late');
    } finally {
      await ending.close();
    }
  }
});
