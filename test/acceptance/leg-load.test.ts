import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeRaw, headerValue } from '../fixtures/raw-http.ts';
import { ranBy, responseOf } from './answers.ts';
import {
  initializeCall,
  legacyCall,
  openSession,
  requestBytes,
  send,
  startEverySite,
  type Call,
  type Site,
  type Spy,
} from './harness.ts';

const RATE = '10000000/min';
let http: Site;
let legacyStdio: Site<Spy>;
let modernStdio: Site<Spy>;
beforeAll(async () => {
  const limits = { sessions: 100_000, callsPerCredential: RATE, requestsPerAddress: RATE };
  [http, legacyStdio, modernStdio] = await startEverySite({ limits });
});
afterAll(() => Promise.all([http, legacyStdio, modernStdio].map((site) => site.close())));

const ROUNDS = 1000;
const BATCH = 250;

async function openMany(site: Site<Spy>, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  const batch = Buffer.concat(Array.from({ length: BATCH }, () => requestBytes(site, initializeCall())));
  while (ids.length < count) {
    for (const answer of await exchangeRaw(site.gateway.url, batch, BATCH, 30_000)) {
      expect(answer.status).toBe(200);
      ids.push(headerValue(answer, 'mcp-session-id') ?? '');
    }
  }
  return ids;
}

/** Bits of chance in ids of equal length, place by place, as far as this many ids can show. */
function measureBits(ids: readonly string[]): number {
  let bits = 0;
  for (let at = 0; at < (ids[0] ?? '').length; at += 1) {
    const counts = Map.groupBy(ids, (id) => id[at] ?? '');
    for (const { length } of counts.values()) bits -= (length / ids.length) * Math.log2(length / ids.length);
  }
  return bits;
}

test('LEG-01 session id quality', async () => {
  // Each session of a legacy stdio server is a process, so there the ids of one kind of server stand for all.
  for (const [site, count] of [
    [http, 10_000],
    [modernStdio, 1000],
  ] as const) {
    const ids = await openMany(site, count);
    expect(ids.length).toBe(count);
    expect(new Set(ids).size).toBe(count);
    expect(ids.filter((id) => !/^[\x21-\x7e]+$/.test(id))).toEqual([]);
    expect(measureBits(ids)).toBeGreaterThanOrEqual(128);
  }
}, 180_000);

interface Params {
  readonly name: string;
  readonly arguments: object;
}
const tell = (text: string, delayMs: number): Params => ({ name: 'echo', arguments: { text, delayMs } });

/** Two clients send the same id at the same moment, and each must get what it asked for. */
async function expectNoCrossing(
  site: Site<Spy>,
  callOf: (who: 'alice' | 'bob', params: Params) => Call,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const both = [`alice-${round}`, `bob-${round}`];
    const answers = await Promise.all([
      send(site, callOf('alice', tell(both[0] as string, round % 3))),
      send(site, callOf('bob', tell(both[1] as string, (round >> 1) % 3))),
    ]);
    expect(answers.map((answer) => responseOf(answer).id)).toEqual([1, 1]);
    expect(answers.map((answer) => ranBy(answer).args['text'])).toEqual(both);
  }
}

async function expectNoCrossingInSessions(site: Site<Spy>): Promise<void> {
  const tokens = { alice: site.tokens.aliceRead, bob: site.tokens.bob };
  const sessions = { alice: await openSession(site, tokens.alice), bob: await openSession(site, tokens.bob) };
  await expectNoCrossing(site, (who, params) => ({
    ...legacyCall('tools/call', params, sessions[who]),
    token: tokens[who],
  }));
}

function expectNoCrossingWithoutSessions(site: Site<Spy>): Promise<void> {
  return expectNoCrossing(site, (who, params) => ({
    args: params.arguments,
    token: who === 'bob' ? site.tokens.bob : site.tokens.aliceRead,
  }));
}

test('LEG-19 concurrent equal ids, two clients', async () => {
  await Promise.all([http, legacyStdio, modernStdio].map(expectNoCrossingInSessions));
  // Callers of 2026-07-28 share one child of a stdio server, where a crossing would show most.
  await Promise.all([legacyStdio, modernStdio].map(expectNoCrossingWithoutSessions));
}, 180_000);
