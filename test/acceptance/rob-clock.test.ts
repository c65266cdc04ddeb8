import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFakeClock, FAKETIME_MISSING, type FakeClock } from '../fixtures/fake-clock.ts';
import {
  callBody,
  callsSeen,
  expectRefused,
  initializeCall,
  legacyCall,
  openSession,
  send,
  startSite,
} from './harness.ts';
import type { Call, Site } from './harness.ts';

const JUMPS = [2, -2];
const DAY = 86_400_000;

let clock: FakeClock;
let site: Site;
/** Of a key, which has no end: what happens to it has nothing to do with expiry. */
let keyed: Call;
beforeAll(async () => {
  if (FAKETIME_MISSING) return;
  clock = createFakeClock();
  site = await startSite(
    { limits: { failedPerAddress: '5/min', callsPerCredential: '30/min', sessions: 1, sessionIdle: '3s' } },
    clock.env,
  );
  keyed = { headers: { Authorization: null, 'X-API-Key': site.apiKey } };
});
afterAll(async () => {
  if (FAKETIME_MISSING) return;
  await site.close();
  clock.close();
});

const withKey = (call: Call): Call => ({ ...call, headers: { ...call.headers, ...keyed.headers } });

test.skipIf(FAKETIME_MISSING)('ROB-08 dependency outage: a clock that jumps by two days, and tokens', async () => {
  const { bob, aliceRead, expired, revoked } = site.tokens;
  clock.set(2);
  // They live for a day.
  await expectRefused(site, { token: bob }, 401);
  await expectRefused(site, { token: revoked }, 401);
  expect((await send(site, keyed)).status).toBe(200);
  await expect(site.gateway.command('token', 'revoke', 'bob')).rejects.toThrow('E_CREDENTIAL_DEAD');
  for (const days of [0, -2]) {
    clock.set(days);
    // What was revoked while it seemed to have expired stays revoked, and what was not works again.
    await expectRefused(site, { token: bob }, 401);
    await expectRefused(site, { token: revoked }, 401);
    expect((await send(site, { token: aliceRead })).status).toBe(200);
  }
  clock.set(0);
  await expectRefused(site, { token: expired }, 401);
});

test.skipIf(FAKETIME_MISSING)('ROB-08 dependency outage: a clock that jumps by two days, and limits', async () => {
  for (const days of JUMPS) {
    const { token } = await site.gateway.createToken(`busy${days}`, '--scope', 'file:read', '--ttl', '9d');
    const useUp = async (call: Call): Promise<void> => {
      for (let turn = 0; turn < 40; turn += 1) if ((await send(site, call)).status === 429) return;
      throw new Error('the limit was not reached');
    };
    clock.set(days);
    await useUp({ token });
    await useUp({ token: 'lk_wrong' });
    clock.set(0);
    // Nobody waits for as long as the clock jumped.
    expect((await send(site, { token })).status).toBe(200);
    expect((await send(site, { token: 'lk_wrong' })).status).toBe(401);
    await useUp({ token });
    clock.set(days);
    expect((await send(site, { token })).status).toBe(200);
    clock.set(0);
  }
});

test.skipIf(FAKETIME_MISSING)('ROB-08 dependency outage: a clock that jumps by two days, and sessions', async () => {
  for (const days of JUMPS) {
    const { token } = await site.gateway.createToken(`session${days}`, '--scope', 'file:read', '--ttl', '9d');
    const session = await openSession(site, token);
    const list = { ...legacyCall('tools/list', {}, session), token };
    for (const at of [days, 0, days]) {
      clock.set(at);
      // Longer than the gateway takes to look for idle sessions.
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect((await send(site, list)).status).toBe(200);
    }
    clock.set(0);
    // It still ends when it was really idle, and makes room for the next one.
    await expect
      .poll(async () => (await send(site, { ...initializeCall(), token })).status, { timeout: 20_000, interval: 500 })
      .toBe(200);
    await expectRefused(site, list, 404);
  }
});

test.skipIf(FAKETIME_MISSING)('ROB-08 dependency outage: a clock that jumps by two days, and time-outs', async () => {
  const own = await startSite({ upstream: { url: site.spy.url, timeout: '5s' } }, clock.env);
  const key = { headers: { Authorization: null, 'X-API-Key': own.apiKey } };
  const call = (delayMs: number): Call => ({ ...key, body: callBody({ args: { delayMs } }) });
  site.spy.reset();
  for (const days of JUMPS) {
    const short = send(own, call(1500));
    await expect.poll(() => callsSeen(site), { timeout: 20_000 }).toHaveLength(1);
    clock.set(days);
    expect((await short).status).toBe(200);
    site.spy.reset();
    const long = send(own, call(30_000));
    await expect.poll(() => callsSeen(site), { timeout: 20_000 }).toHaveLength(1);
    clock.set(0);
    expect((await long).status).toBe(504);
    site.spy.reset();
  }
  await own.close();
});

async function recorded(...flags: readonly string[]): Promise<readonly { time: string; target: string }[]> {
  const text = await site.gateway.command('trail', '--json', '--limit', '100000', ...flags);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { time: string; target: string });
}

test.skipIf(FAKETIME_MISSING)('ROB-08 dependency outage: a clock that jumps by two days, and the trail', async () => {
  for (const days of [0, 2, 0, -2, 0]) {
    clock.set(days);
    const target = `at-${days}-days`;
    expect((await send(site, withKey({ tool: target }))).status).toBe(403);
    const seen = async (): Promise<boolean> => (await recorded('--since', '1h')).some((each) => each.target === target);
    await expect.poll(seen, { timeout: 10_000 }).toBe(true);
  }
  const all = await recorded();
  for (const days of [2, -2]) {
    const found = all.filter(({ target }) => target === `at-${days}-days`);
    expect(found.length).toBe(1);
    const off = Date.parse(found[0]?.time ?? '') - Date.now() - days * DAY;
    expect(Math.abs(off)).toBeLessThan(300_000);
  }
  expect(all.filter(({ target }) => target === 'at-0-days').length).toBe(3);
});
