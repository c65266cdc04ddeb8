import { describe, expect, it } from 'vitest';
import { checkAmbiguous, checkFraming, readHeaders, type Framing } from './request-headers.ts';

const framingOf = (rawHeaders: readonly string[], more: Partial<Framing> = {}) =>
  checkFraming(readHeaders(rawHeaders), {
    method: 'POST',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    rawHeaders,
    ...more,
  });

const ambiguityOf = (raw: readonly string[]) => checkAmbiguous(readHeaders(raw), raw);

describe('readHeaders', () => {
  it('passes to the server what tells nothing of who is asking, and nothing else', () => {
    const passed = ['accept-language', 'user-agent', 'traceparent', 'tracestate', 'baggage', 'mcp-param-region'];
    const kept = ['cookie', 'x-forwarded-host', 'proxy-authorization', 'mcp-other', 'authorization', 'x-api-key'];
    const { passed: found } = readHeaders([...passed, ...kept].flatMap((name) => [name.toUpperCase(), 'x']));
    expect(found).toEqual(passed.flatMap((name) => [name, 'x']));
  });

  it('keeps in sight that a header came twice', () => {
    expect(readHeaders(['Accept', 'a', 'accept', 'b']).accept).toBe('a, b');
  });
});

describe('checkAmbiguous', () => {
  const lookAlike = { reason: 'framing', detail: 'look-alike of a header' };

  it.each(['X_Api_Key', 'x-api_key', 'content_length', 'transfer_encoding', 'mcp_name', 'x_forwarded_for'])(
    'refuses %s, which some programs read as a header that decides',
    (name) => expect(ambiguityOf([name, 'x'])).toEqual(lookAlike),
  );

  it.each(['cookie', 'x_other', 'mcp-other', 'my_x_api_key', 'x_api_key_2'])('minds no %s', (name) =>
    expect(ambiguityOf([name, 'x'])).toBeNull(),
  );

  it('takes a hundred headers, and no more', () => {
    const raw = Array.from({ length: 100 }, (_, at) => [`x-${at}`, '']).flat();
    expect(ambiguityOf(raw)).toBeNull();
    expect(ambiguityOf([...raw, 'x', ''])).toMatchObject({ reason: 'headers-too-large' });
  });
});

describe('checkFraming', () => {
  it.each([
    ['transfer-encoding', ['transfer-encoding', 'gzip, chunked'], {}],
    ['two lengths', ['transfer-encoding', 'chunked', 'content-length', '2'], {}],
    ['content-length', ['content-length', '02'], {}],
    ['content-length', ['content-length', '+2'], {}],
    ['content-length', ['content-length', '2, 2'], {}],
    ['a body where none belongs', ['content-length', '2'], { method: 'GET' }],
    ['a body where none belongs', ['transfer-encoding', 'chunked'], { method: 'DELETE' }],
    ['version', [], { httpVersionMajor: 2 }],
    ['version', [], { httpVersionMinor: 2 }],
    ['version', ['transfer-encoding', 'chunked'], { httpVersionMinor: 0 }],
    ['expect', ['expect', '100-continue, magic'], {}],
    ['connection option', ['connection', 'close, authorization'], {}],
  ] as const)('refuses for its %s: %j %j', (detail, raw, more) => {
    expect(framingOf(raw, more)).toEqual({ reason: 'framing', detail });
  });

  it.each([
    [['connection', 'Close, TE'], {}],
    [['connection', 'Upgrade, HTTP2-Settings', 'upgrade', 'h2c'], {}],
    [['content-length', '0'], { method: 'GET' }],
    [['content-length', '2'], { httpVersionMinor: 0 }],
  ] as const)('takes %j %j', (raw, more) => {
    expect(framingOf(raw, more)).toBeNull();
  });
});
