import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../core/parse-message.ts';
import { createAnonymous } from '../../core/principal.ts';
import type { Forwardable } from '../../core/upstream.ts';
import { explainRefusal, isBare, judgeAnswer, passHeaders } from './passed-headers.ts';
import type { ResponseHead } from './response-head.ts';

const headOf = (status: number, headers: readonly string[] = [], body: Partial<ResponseHead> = {}): ResponseHead => ({
  status,
  headers,
  framing: 'chunked',
  length: 0,
  keepAliveMs: 0,
  ...body,
});

function toRequest(httpMethod: Forwardable['httpMethod'], message: object | null): Forwardable {
  const parsed = message === null ? null : parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  if (parsed?.kind === 'refused') throw new Error('no message');
  return {
    httpMethod,
    era: 'legacy',
    principal: createAnonymous([]),
    message: parsed?.message ?? null,
    sessionId: null,
    headers: [],
  };
}

const CALL = toRequest('POST', { id: 1, method: 'ping' });
const NOTIFICATION = toRequest('POST', { method: 'notifications/initialized' });
const PAGE = 'text/html';

describe('isBare', () => {
  it.each([
    ['a page for a notification', 200, NOTIFICATION, PAGE, {}, true],
    ['a page for a DELETE', 200, toRequest('DELETE', null), PAGE, {}, true],
    ['a page for a GET', 200, toRequest('GET', null), PAGE, {}, false],
    ['a page for a call', 200, CALL, PAGE, {}, false],
    ['a page for a call that was accepted', 202, CALL, PAGE, {}, true],
    ['JSON for a call that was accepted', 202, CALL, 'application/json', {}, false],
    ['nothing, by its length', 200, CALL, '', { framing: 'length', length: 0 }, true],
    ['one byte', 200, CALL, '', { framing: 'length', length: 1 }, false],
    ['nothing, by its status', 204, CALL, '', { framing: 'none' }, true],
    ['the last 2xx', 299, NOTIFICATION, PAGE, {}, true],
    ['a redirect', 300, NOTIFICATION, PAGE, {}, false],
    ['a redirect of nothing', 304, CALL, '', { framing: 'none' }, false],
    ['an error', 404, NOTIFICATION, PAGE, {}, false],
  ] as const)('judges %s', (_what, status, request, type, body, bare) => {
    expect(isBare(headOf(status, [], body), type, request)).toBe(bare);
  });
});

describe('judgeAnswer', () => {
  it.each([300, 301, 307, 399, 401, 403, 407, 500, 502, 599])('takes no %i, whatever is in it', (status) => {
    for (const type of ['', 'application/json', 'text/event-stream', PAGE])
      expect(judgeAnswer(headOf(status), type)).toBe('upstream-invalid');
  });

  it.each([400, 402, 404, 405, 406, 408, 429, 499])('takes a %i, whatever is in it', (status) => {
    for (const type of ['', 'application/json', PAGE]) expect(judgeAnswer(headOf(status), type)).toBeNull();
  });

  it('takes only what an MCP client reads, and nothing coded', () => {
    for (const type of ['', 'application/json; charset=utf-8', 'text/event-stream'])
      expect(judgeAnswer(headOf(200), type)).toBeNull();
    for (const type of [PAGE, 'x', 'x application/json'])
      expect(judgeAnswer(headOf(299), type)).toBe('upstream-invalid');
    for (const coding of ['gzip', '', 'identity, gzip'])
      expect(judgeAnswer(headOf(200, ['content-encoding', coding]), 'application/json')).toBe('upstream-invalid');
    expect(judgeAnswer(headOf(200, ['content-encoding', 'identity']), 'application/json')).toBeNull();
  });
});

describe('passHeaders', () => {
  const OURS = ['cache-control', 'no-store, no-transform'];

  it('passes what means something to an MCP client, and nothing else', () => {
    const passed = [
      ['content-type', 'application/json'],
      ['content-length', '5'],
      ['mcp-session-id', 's1'],
      ['mcp-protocol-version', '2025-11-25'],
      ['retry-after', '7'],
      ['x-accel-buffering', 'no'],
      ['allow', 'GET, POST'],
    ];
    const kept = ['set-cookie', 'server', 'location', 'cache-control', 'www-authenticate', 'transfer-encoding', 'vary'];
    const given = [...kept.map((name) => [name, 'x']), ...passed].flat();
    expect(passHeaders(given)).toEqual([...OURS, ...passed.flat()]);
    expect(passHeaders(given, true)).toEqual([...OURS, ...passed.slice(2).flat()]);
  });

  it('passes no value that is more than visible characters', () => {
    for (const value of ['a\tb', '\u00e9', 'a\u0080', '\u00ffa'])
      expect(passHeaders(['mcp-session-id', value, 'retry-after', value])).toEqual(OURS);
    expect(passHeaders(['mcp-session-id', ' a~'])).toEqual([...OURS, 'mcp-session-id', ' a~']);
  });
});

const explain = (status: number, headers: readonly string[] = []): string =>
  explainRefusal(headOf(status, headers), false);

describe('explainRefusal', () => {
  it.each([
    ['/mcp/?token=secret', '/mcp/'],
    ['https://user:secret@mcp.example.com/mcp/?key=secret#x', 'https://mcp.example.com/mcp/'],
    ['//mcp.example.com/mcp', 'http://mcp.example.com/mcp'],
  ])('says where a redirect goes, without what may be secret: %s', (location, place) => {
    expect(explain(307, ['location', location])).toContain(`redirects to ${place};`);
    expect(explain(307, ['location', location])).not.toContain('secret');
  });

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://[', null])(
    'names no place that is none: %s',
    (place) => {
      expect(explain(302, place === null ? [] : ['location', place])).toBe('the server redirects');
    },
  );

  it('says what kind of answer it was', () => {
    expect(explain(200, ['content-type', 'text/html; charset=utf-8'])).toContain('content type text/html');
    expect(explain(200, ['content-type', 'application/json', 'content-encoding', 'gzip'])).toContain('coding gzip');
    expect(explain(503)).toContain('status 503');
    expect(explain(401)).toContain('upstream.headers');
    expect(explain(200, ['content-type', `\u0085${'x'.repeat(5000)}`]).length).toBeLessThan(300);
  });

  it('says what a token was not enough for, where it was one', () => {
    const narrow = headOf(403, ['www-authenticate', 'Bearer error="insufficient_scope"']);
    expect(explainRefusal(narrow, true)).toContain('more scopes');
    expect(explainRefusal(narrow, false)).toContain('status 403');
    expect(explainRefusal(headOf(403), true)).toContain('status 403');
    expect(explainRefusal({ ...narrow, status: 400 }, true)).toContain('status 400');
    expect(explainRefusal(headOf(401), true)).toContain('upstream.auth');
  });
});
