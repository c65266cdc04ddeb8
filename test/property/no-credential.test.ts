import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { META } from '../acceptance/harness.ts';
import { sendBytes, startPropertySite, TOKEN, type PropertySite } from './site.ts';

const CASES = 2000;
// Some answers only end when the gateway stops waiting for the rest of a body.
const TOGETHER = 100;
let site: PropertySite;
beforeAll(async () => {
  site = await startPropertySite();
});
afterAll(() => site.close());

const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: {}, _meta: META },
});

/** Nearly right: cut, grown, changed in one place, in another case, quoted, or with the right one beside it. */
const wrongToken = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    TOKEN.slice(1),
    TOKEN.slice(0, -1),
    `${TOKEN}x`,
    `x${TOKEN}`,
    TOKEN.toLowerCase(),
    TOKEN.toUpperCase(),
    `"${TOKEN}"`,
    `${TOKEN},${TOKEN}`,
    `${TOKEN} ${TOKEN}`,
    `${TOKEN}\0`,
    `${TOKEN}%00`,
    encodeURIComponent(`${TOKEN}=`),
  ),
  fc.nat(TOKEN.length - 1).map((at) => `${TOKEN.slice(0, at)}${TOKEN[at] === 'a' ? 'b' : 'a'}${TOKEN.slice(at + 1)}`),
  fc.string({ maxLength: 60 }).filter((text) => text !== TOKEN),
  fc.base64String({ maxLength: 80 }),
);
const credential = fc.oneof(
  fc.constant(''),
  fc
    .tuple(fc.constantFrom('Bearer', 'bearer', 'Basic', 'DPoP', 'Token', 'Digest', ''), wrongToken)
    .map(([scheme, token]) => `Authorization: ${scheme} ${token}\r\n`),
  wrongToken.map((token) => `X-API-Key: ${token}\r\n`),
  // The right one where it does not belong, or twice.
  fc.constantFrom(
    `Authorization: ${TOKEN}\r\n`,
    `Authorization: Basic ${TOKEN}\r\n`,
    `X-Authorization: Bearer ${TOKEN}\r\n`,
    `Proxy-Authorization: Bearer ${TOKEN}\r\n`,
    `Cookie: token=${TOKEN}\r\n`,
    `Mcp-Session-Id: ${TOKEN}\r\n`,
    `Authorization: Bearer ${TOKEN}\r\nAuthorization: Bearer ${TOKEN}\r\n`,
    `Authorization: Bearer ${TOKEN}\r\nX-API-Key: ${TOKEN}\r\n`,
    `X-API-Key: ${TOKEN}\r\nX-API-Key: ${TOKEN}\r\n`,
    `Authorization : Bearer ${TOKEN}\r\n`,
    ` Authorization: Bearer ${TOKEN}\r\n`,
    `Authorization:\r\n Bearer ${TOKEN}\r\n`,
    `authorization\0: Bearer ${TOKEN}\r\n`,
  ),
);
const target = fc.oneof(
  fc.constantFrom(
    '/mcp',
    '/mcp/',
    '//mcp',
    '/MCP',
    '/mcp?x=1',
    `/mcp?access_token=${TOKEN}`,
    '/mcp#x',
    '/%6dcp',
    '/./mcp',
    '/healthz/../mcp',
    '/healthz%2f..%2fmcp',
    '/mcp;x',
    'http://127.0.0.1/mcp',
    '*',
    '/.well-known/oauth-protected-resource/../../mcp',
    '/.latchkey/rotate',
    '/',
    '',
  ),
  fc.webPath().filter((path) => !path.includes(' ')),
);
const method = fc.constantFrom(
  'POST',
  'GET',
  'DELETE',
  'PUT',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'post',
  'TRACE',
  'QUERY',
);
const body = fc.oneof(
  fc.constant(BODY),
  fc.constant(''),
  fc.constant(`access_token=${TOKEN}`),
  fc.constant(`[${BODY}]`),
  fc.json(),
  fc
    .tuple(fc.nat(BODY.length), fc.string({ maxLength: 4 }))
    .map(([at, text]) => BODY.slice(0, at) + text + BODY.slice(at)),
);
const framing = fc.constantFrom('length', 'chunked', 'both', 'short', 'long', 'none');
const extra = fc.subarray(
  [
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-User: root',
    'X-Forwarded-Uri: /healthz',
    'X-Original-URL: /healthz',
    'X-HTTP-Method-Override: GET',
    'Origin: null',
    'Connection: Authorization',
    'Expect: 100-continue',
    'Transfer-Encoding: gzip, chunked',
    'Content-Encoding: gzip',
    'MCP-Protocol-Version: 2025-11-25',
    'Upgrade: h2c',
  ],
  { maxLength: 4 },
);

function toBytes(request: {
  method: string;
  target: string;
  credential: string;
  body: string;
  framing: string;
  extra: readonly string[];
  host: string;
}): Buffer {
  const payload = Buffer.from(request.body);
  const chunk = Buffer.concat([
    Buffer.from(`${payload.length.toString(16)}\r\n`),
    payload,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);
  const lengths: Record<string, string> = {
    length: `Content-Length: ${payload.length}\r\n`,
    chunked: 'Transfer-Encoding: chunked\r\n',
    both: `Content-Length: ${payload.length}\r\nTransfer-Encoding: chunked\r\n`,
    short: `Content-Length: ${Math.max(0, payload.length - 3)}\r\n`,
    long: `Content-Length: ${payload.length + 3}\r\n`,
    none: '',
  };
  const head = `${request.method} ${request.target} HTTP/1.1\r\nHost: ${request.host}\r\nConnection: close\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n${request.credential}${request.extra.map((line) => `${line}\r\n`).join('')}${lengths[request.framing]}\r\n`;
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    request.framing === 'chunked' || request.framing === 'both' ? chunk : payload,
  ]);
}

test(`without a valid credential no byte reaches the upstream (${CASES} cases)`, async () => {
  let answered = 0;
  const host = fc.constantFrom(
    `127.0.0.1:${site.port}`,
    `127.0.0.1:${site.port}`,
    `localhost:${site.port}`,
    'evil.example',
    '',
  );
  const request = fc.record({ method, target, credential, body, framing, extra, host });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: TOGETHER, maxLength: TOGETHER }), async (requests) => {
      const answers = await Promise.all(requests.map((each) => sendBytes(site.port, toBytes(each))));
      for (const answer of answers) expect(answer).not.toContain('"ran"');
      answered += answers.filter((answer) => answer !== '').length;
      expect(site.spy.bytes()).toBe('');
    }),
    { numRuns: CASES / TOGETHER, endOnFailure: true },
  );
  // The property would hold of a gateway that is dead, too.
  expect(answered).toBeGreaterThan(CASES / 2);
  const good = await sendBytes(
    site.port,
    toBytes({
      method: 'POST',
      target: '/mcp',
      credential: `Authorization: Bearer ${TOKEN}\r\n`,
      body: BODY,
      framing: 'length',
      extra: [],
      host: `127.0.0.1:${site.port}`,
    }),
  );
  expect(good).toContain('\\"ran\\":\\"echo\\"');
  expect(site.spy.bytes()).not.toBe('');
}, 300_000);
