import { describe, expect, it } from 'vitest';
import { parseResponseHead } from './response-head.ts';

describe('parseResponseHead', () => {
  it('gives names in lower case, and values without the white space around them', () => {
    const head = parseResponseHead('HTTP/1.1 200\r\nX-One: \t a b \t\r\nX-TWO:c\r\nx-three:\r\ncontent-length: 0');
    expect(head?.headers).toEqual(['x-one', 'a b', 'x-two', 'c', 'x-three', '', 'content-length', '0']);
  });

  it.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 7', 'length', 7],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked', 'chunked', 0],
    ['HTTP/1.1 200 OK', 'close', 0],
    ['HTTP/1.1 200 OK\r\ncontent-length: 123456789012345', 'length', 123_456_789_012_345],
    ['HTTP/1.1 204 No Content', 'none', 0],
    ['HTTP/1.1 304 Not Modified\r\ncontent-length: 7', 'none', 0],
    ['HTTP/1.1 103 Early Hints', 'none', 0],
  ])('knows how the body of %j ends', (text, framing, length) => {
    expect(parseResponseHead(text)).toMatchObject({ framing, length });
  });

  it.each([
    ['HTTP/1.1 204 x', Infinity],
    ['HTTP/1.1 204 x\r\nkeep-alive: timeout=5', 5000],
    ['HTTP/1.1 204 x\r\nkeep-alive: max=100, timeout=20', 20_000],
    ['HTTP/1.1 204 x\r\nconnection: keep-alive', Infinity],
    ['HTTP/1.1 204 x\r\nkeep-alive: timeout=7; max=1', 7000],
    ['HTTP/1.1 204 x\r\nkeep-alive: timeout=7x', Infinity],
    ['HTTP/1.1 204 x\r\nkeep-alive: xtimeout=7', Infinity],
    ['HTTP/1.1 204 x\r\nconnection: Close', 0],
    ['HTTP/1.0 204 x\r\nconnection: keep-alive', 0],
    ['HTTP/1.1 200 x', 0],
    ['HTTP/1.1 204 x\r\nconnection: keep-alive\r\nconnection: close', 0],
  ])('knows how long the connection of %j stays', (text, keepAliveMs) => {
    expect(parseResponseHead(text)?.keepAliveMs).toBe(keepAliveMs);
  });

  it.each([
    'xHTTP/1.1 200 OK',
    'HTTP/1.1 200 OK\0',
    'HTTP/1.1 200\tOK',
    'HTTP/1.2 200 OK',
    'HTTP/1.1 099 x',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\n(x: y',
    'HTTP/1.1 200 OK\r\nx y: z',
    'HTTP/1.1 200 OK\r\nx: y\0',
    'HTTP/1.1 200 OK\r\ncontent-length: 1234567890123456',
    'HTTP/1.1 200 OK\r\ncontent-length: x5',
    'HTTP/1.1 200 OK\r\ncontent-length: 5x',
    'HTTP/1.1 204 x\r\ncontent-length: 5, 5',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked',
    'HTTP/1.1 200 OK\r\ntransfer-encoding:',
    'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked',
    'HTTP/1.1 204 x\r\ntransfer-encoding: chunked\r\ncontent-length: 5',
  ])('takes %j for no head', (text) => {
    expect(parseResponseHead(text)).toBeNull();
  });

  it.each(['content-length', 'transfer-encoding', 'content-type', 'content-encoding', 'mcp-session-id'])(
    'takes two headers %s for no head, in any case and also where they are the same',
    (name) => {
      const value = name === 'content-length' ? '5' : 'chunked';
      const once = `HTTP/1.1 200 OK\r\n${name}: ${value}`;
      expect(parseResponseHead(once)).not.toBeNull();
      expect(parseResponseHead(`${once}\r\nx: y\r\n${name.toUpperCase()}: ${value}`)).toBeNull();
    },
  );
});
