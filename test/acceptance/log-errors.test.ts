import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import { headerValue, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { answerOf, startScriptedUpstream, type ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import { trailRecords } from '../fixtures/trail-files.ts';
import { modernCall, send, startSite, startStdioSite, type Call, type Site, type Spy } from './harness.ts';

const INNER = 'inner-detail-Xq7';
const JSON_TYPE = { 'Content-Type': 'application/json' };

let upstream: ScriptedUpstream;
let site: Site;
beforeAll(async () => {
  upstream = await startScriptedUpstream(null);
  site = await startSite({ upstream: { url: upstream.url, timeout: '1s' } });
}, 180_000);
afterAll(async () => {
  await site.close();
  await upstream.close();
});

/** Sends a call that fails behind the gateway; the answer has one sentence and the request's id, and nothing else. */
async function expectGeneric(on: Site<Spy>, call: Call, statuses: readonly number[]): Promise<RawAnswer> {
  const answer = await send(on, call);
  expect(statuses).toContain(answer.status);
  const { error, ...rest } = json(answer) as {
    error?: { data?: Record<string, unknown>; message: string; code: number };
  };
  expect(Object.keys(rest).toSorted()).toEqual(['id', 'jsonrpc']);
  expect(Object.keys(error ?? {}).toSorted()).toEqual(['code', 'data', 'message']);
  expect(Object.keys(error?.data ?? {})).toEqual(['requestId']);
  // A sentence of ours: no address, path, name, number or line of a stack.
  expect(error?.message).toMatch(/^[A-Z][A-Za-z ,.'-]+\.$/);
  expect(JSON.stringify([answer.body, answer.headers])).not.toMatch(
    /inner|\bat \w|\.[jt]s\b|node:|ECONN|ENO|SQLITE|127\.0\.0\.1:\d/,
  );
  expect(headerValue(answer, 'content-type')).toBe('application/json');
  // The id leads the operator to the reason, which callers are not told.
  await expect
    .poll(
      () =>
        trailRecords(on.gateway.store).find(
          ({ requestId, phase }) => phase !== 'begun' && requestId === error?.data?.['requestId'],
        )?.reason,
    )
    .toMatch(/^(?:upstream|store|trail)-/);
  return answer;
}

test('LOG-10 Error bodies: a crash, an error, nonsense and silence of an HTTP server', async () => {
  const stack = `Error: ${INNER}\n    at Object.<anonymous> (/srv/inner/app.js:1:1)`;
  const scripts: readonly (string | null)[] = [
    null,
    `${INNER} no HTTP\r\n\r\n`,
    answerOf('500 Internal Server Error', { 'Content-Type': 'text/html' }, stack),
    answerOf('500 Internal Server Error', JSON_TYPE, JSON.stringify({ stack })),
    answerOf('503 Busy', { 'Content-Type': 'text/plain', 'Retry-After': INNER }, stack),
    answerOf('302 Found', { Location: `http://${INNER}/` }),
    answerOf('200 OK', { 'Content-Type': 'text/html' }, stack),
    `HTTP/1.1 200 OK\r\n${INNER}\r\n\r\n`,
  ];
  for (const script of scripts) {
    upstream.script = script;
    await expectGeneric(site, {}, [502]);
    await expectGeneric(site, { tool: 'query' }, [502]);
    await expectGeneric(site, modernCall('tools/list'), [502]);
  }
  for (const list of [`{"${INNER}`, `[${INNER}]`]) {
    upstream.script = answerOf('200 OK', JSON_TYPE, list);
    await expectGeneric(site, modernCall('tools/list'), [502]);
  }
  upstream.script = '';
  await expectGeneric(site, {}, [504]);
}, 120_000);

test('LOG-10 Error bodies: a server that is not there, or whose program cannot be run', async () => {
  await upstream.close();
  await expectGeneric(site, {}, [502]);
  const stdio = await startStdioSite('modern', {}, site);
  expect((await send(stdio)).status).toBe(200);
  for (const pid of stdio.spy.running()) process.kill(pid, 'SIGKILL');
  const answer = await send(stdio);
  // It is started again; whoever came in between is told one sentence.
  expect([200, 502]).toContain(answer.status);
  expect(answer.body).not.toMatch(/SIGKILL|spawn|pid|stdio-spy/);
  await stdio.close();
});

test('LOG-10 Error bodies: the gateway’s own failure, of the trail or of the store', async () => {
  const gateway = await startLatchkey({ config: { upstream: { url: site.spy.url } } });
  const own: Site = { ...site, gateway };
  const call: Call = { token: gateway.token };
  expect((await send(own, call)).status).toBe(200);
  const trail = join(gateway.store, 'trail');
  rmSync(trail, { recursive: true });
  writeFileSync(trail, '');
  const isRefused = async (): Promise<boolean> => (await send(own, call)).status === 503;
  await expect.poll(isRefused, { timeout: 10_000 }).toBe(true);
  const answer = await send(own, call);
  expect(answer.status).toBe(503);
  const { error } = json(answer);
  expect(error?.message).toMatch(/^[A-Z][A-Za-z ,.'-]+\.$/);
  expect(Object.keys(error?.data ?? {})).toEqual(['requestId']);
  expect(JSON.stringify(answer)).not.toMatch(/trail|ENOTDIR|\/tmp|seals/);
  await gateway.close();
}, 120_000);
