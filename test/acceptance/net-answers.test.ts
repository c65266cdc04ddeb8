import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValues, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { answerOf, startScriptedUpstream, type ScriptedUpstream } from '../fixtures/scripted-upstream.ts';
import {
  initializeCall,
  legacyCall,
  modernCall,
  openSession,
  send,
  startSite,
  type Call,
  type Site,
} from './harness.ts';

const SECRET = 'inner-marker';
const RESULT = '{"jsonrpc":"2.0","id":1,"result":{}}';
const INITIALIZED = answerOf(
  '200 OK',
  { 'Content-Type': 'application/json', 'Mcp-Session-Id': `${SECRET}-session` },
  '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"x","version":"1"}}}',
);
/** What the gateway and Node themselves say, and what of an MCP server's headers means anything to an MCP client. */
const ALLOWED = new Set([
  'connection',
  'date',
  'keep-alive',
  'transfer-encoding',
  'content-type',
  'content-length',
  'cache-control',
  'mcp-session-id',
  'mcp-protocol-version',
  'retry-after',
  'x-accel-buffering',
  'allow',
]);

let upstream: ScriptedUpstream;
let site: Site;
beforeAll(async () => {
  upstream = await startScriptedUpstream(INITIALIZED);
  site = await startSite({ upstream: { url: upstream.url, timeout: '5s' } });
}, 180_000);
afterAll(async () => {
  await site.close();
  await upstream.close();
});

const CALLS: readonly Call[] = [modernCall('server/discover'), {}, initializeCall()];

async function answerTo(call: Call, script: string): Promise<RawAnswer> {
  upstream.script = script;
  return send(site, call);
}

const NOT_PASSED = {
  'Set-Cookie': `a=${SECRET}`,
  'Set-Cookie2': `a=${SECRET}`,
  'WWW-Authenticate': `Bearer realm="${SECRET}"`,
  'Proxy-Authenticate': `Basic realm="${SECRET}"`,
  'Authentication-Info': SECRET,
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Allow-Headers': SECRET,
  'Access-Control-Allow-Private-Network': 'true',
  'Access-Control-Expose-Headers': SECRET,
  'Access-Control-Max-Age': '1',
  'Timing-Allow-Origin': '*',
  Location: `http://${SECRET}/`,
  'Content-Location': `/${SECRET}`,
  Refresh: `0; url=http://${SECRET}/`,
  Link: `<http://${SECRET}/>; rel=preload`,
  Server: SECRET,
  'X-Powered-By': SECRET,
  Via: SECRET,
  'Alt-Svc': `h2="${SECRET}:443"`,
  'Strict-Transport-Security': 'max-age=0',
  'Public-Key-Pins': SECRET,
  'Content-Security-Policy': SECRET,
  'Clear-Site-Data': '"*"',
  'Service-Worker-Allowed': '/',
  'Content-Disposition': `attachment; filename=${SECRET}`,
  SourceMap: SECRET,
  'X-Sendfile': '/etc/passwd',
  'X-Accel-Redirect': '/etc/passwd',
  'X-Latchkey': SECRET,
  'X-Debug': SECRET,
  ETag: `"${SECRET}"`,
  'Last-Modified': 'Thu, 01 Jan 1970 00:00:00 GMT',
  Expires: 'Fri, 01 Jan 2100 00:00:00 GMT',
  Age: '1',
  Vary: SECRET,
  Upgrade: 'h2c',
  'Keep-Alive': 'timeout=9999',
  Trailer: SECRET,
  Warning: SECRET,
  'Mcp-Name': SECRET,
  'Mcp-Param-Region': SECRET,
  Mcp_Session_Id: SECRET,
};

test('NET-24 response headers allow-list', async () => {
  const types = ['application/json', 'text/event-stream', 'application/json; charset=utf-8'];
  for (const call of CALLS) {
    for (const type of types) {
      const body = type.startsWith('text/') ? `data: ${RESULT}\n\n` : RESULT;
      for (const status of ['200 OK', '202 Accepted', '400 Bad Request', '404 Not Found', '429 Slow down']) {
        const answer = await answerTo(call, answerOf(status, { ...NOT_PASSED, 'Content-Type': type }, body));
        const names = answer.headers.map(([name]) => name.toLowerCase());
        expect({ status, type, strange: names.filter((name) => !ALLOWED.has(name)) }).toEqual({
          status,
          type,
          strange: [],
        });
        expect(new Set(names).size).toBe(names.length);
        expect(JSON.stringify(answer.headers)).not.toMatch(/inner-marker|passwd|9999/);
      }
    }
  }
});

test('NET-24 response headers allow-list: a page of another origin gets what the gateway grants', async () => {
  const own = new URL(site.gateway.url).origin;
  const script = answerOf('200 OK', { ...NOT_PASSED, 'Content-Type': 'application/json' }, RESULT);
  const call = modernCall('server/discover');
  const answer = await answerTo({ ...call, headers: { ...call.headers, Origin: own } }, script);
  expect(headerValues(answer, 'access-control-allow-origin')).toEqual([own]);
  expect(headerValues(answer, 'access-control-allow-credentials')).toEqual([]);
  expect(headerValues(answer, 'vary')).toEqual(['Origin']);
});

test('NET-24 response headers allow-list: what passes is what MCP defines', async () => {
  const script = answerOf(
    '200 OK',
    {
      'Content-Type': 'application/json',
      'Mcp-Protocol-Version': '2026-07-28',
      'Retry-After': '3',
      'X-Accel-Buffering': 'no',
      'Cache-Control': 'no-cache, no-transform',
      'Mcp-Session-Id': `${SECRET}-session`,
    },
    RESULT,
  );
  const answer = await answerTo(modernCall('server/discover'), script);
  expect(headerValues(answer, 'mcp-protocol-version')).toEqual(['2026-07-28']);
  expect(headerValues(answer, 'retry-after')).toEqual(['3']);
  expect(headerValues(answer, 'cache-control')).toEqual(['no-store, no-transform']);
  // 2026-07-28 has no sessions; a session of an older revision goes out sealed.
  expect(headerValues(answer, 'mcp-session-id')).toEqual([]);
  upstream.script = INITIALIZED;
  expect(await openSession(site)).not.toBe(`${SECRET}-session`);
  expect((await send(site, legacyCall('ping', {}, `${SECRET}-session`))).status).toBe(404);
});

test('NET-24 response headers allow-list: no shared cache may keep what one caller was told', async () => {
  const values = [
    'public',
    'public, max-age=600',
    's-maxage=600',
    'PUBLIC',
    'max-age=600',
    'immutable',
    'x',
    'no-cache, public',
  ];
  for (const value of values)
    for (const call of CALLS) {
      const headers = { 'Content-Type': 'application/json', 'Cache-Control': value };
      const answer = await answerTo(call, answerOf('200 OK', headers, RESULT));
      expect({ value, passed: headerValues(answer, 'cache-control') }).toEqual({
        value,
        passed: ['no-store, no-transform'],
      });
    }
});

const raw = (header: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${header}\r\nContent-Length: ${RESULT.length}\r\n\r\n${RESULT}`;

test('NET-24 response headers allow-list: line ends and other bytes in a header', async () => {
  const injections = [
    'Cache-Control: no-store\nSet-Cookie: a=injected',
    'Cache-Control: no-store\rSet-Cookie: a=injected',
    'Cache-Control: no-store\r\n Set-Cookie: a=injected',
    'Cache-Control: no-store\r\n\tSet-Cookie: a=injected',
    'Cache-Control: no-store\0Set-Cookie: a=injected',
    'Cache-Control: no-store\r\r\nSet-Cookie: a=injected',
    'Cache-Control : no-store\r\nSet-Cookie : a=injected',
    'Retry-After: 1\r\nSet-Cookie: a=injected',
    'Retry-After: 1\nX: injected',
    'Retry-After: \x01injected',
    'Retry-After: \xe9injected',
    'Allow: GET\x7finjected',
    'Mcp-Session-Id: a\nSet-Cookie: a=injected',
    'Mcp-Session-Id: a\r\n injected',
    'Mcp-Session-Id: a b\xe9',
    'Mcp-Protocol-Version: x\n\ninjected',
    'Content-Type: application/json\nX: injected',
    'Content-Type: text/html',
    'Set-Cookie\r\n: a=injected',
  ];
  for (const injection of injections) {
    for (const call of CALLS) {
      const answer = await answerTo(call, raw(injection));
      // Either the answer is none, or it has lost what does not belong.
      expect([200, 502]).toContain(answer.status);
      expect(answer.headers.filter(([name]) => !ALLOWED.has(name.toLowerCase()))).toEqual([]);
      expect(JSON.stringify(answer.headers)).not.toMatch(/injected|[^\x20-\x7e]/);
      expect(json(answer)).toHaveProperty(answer.status === 200 ? 'result' : 'error');
    }
  }
  // After all that it still serves.
  expect((await answerTo(modernCall('server/discover'), raw('X: y'))).status).toBe(200);
});
