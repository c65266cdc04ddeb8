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
    ['HTTP/1.1 204 No Content', 'none', 0],
    ['HTTP/1.1 103 Early Hints', 'none', 0],
  ])('knows how the body of %j ends', (text, framing, length) => {
    expect(parseResponseHead(text)).toMatchObject({ framing, length });
  });

  it.each([
    ['HTTP/1.1 204 x', Infinity],
    ['HTTP/1.1 204 x\r\nkeep-alive: timeout=5', 5000],
    ['HTTP/1.1 204 x\r\nkeep-alive: max=100, timeout=20', 20_000],
    ['HTTP/1.1 204 x\r\nconnection: Close', 0],
    ['HTTP/1.0 204 x\r\nconnection: keep-alive', 0],
    ['HTTP/1.1 200 x', 0],
  ])('knows how long the connection of %j stays', (text, keepAliveMs) => {
    expect(parseResponseHead(text)?.keepAliveMs).toBe(keepAliveMs);
  });
});
