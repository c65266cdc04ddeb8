import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseParser } from './response-parser.ts';

interface Heard {
  status: number | null;
  body: string;
  ended: 'no' | 'clean' | 'not clean';
  /** What `read` said last. */
  understood: boolean;
}

function hear(parts: readonly string[]): Heard {
  const heard: Heard = { status: null, body: '', ended: 'no', understood: true };
  const parser = new ResponseParser({
    onHead: (head) => (heard.status = head.status),
    onBody: (bytes) => (heard.body += bytes.toString('latin1')),
    onEnd: (clean) => (heard.ended = clean ? 'clean' : 'not clean'),
  });
  parser.expect();
  for (const part of parts) {
    heard.understood = parser.read(Buffer.from(part, 'latin1'));
    if (!heard.understood) break;
  }
  return heard;
}

const LENGTH = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nx-sum: 1\r\n\r\n';
const CHUNKS = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const INTERIM = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${LENGTH}`;

const head = (length: number): string => {
  const begin = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ';
  return `${begin}${'y'.repeat(length - begin.length)}\r\n\r\n`;
};
const extended = (length: number): string => `${CHUNKS}5;${'x'.repeat(length - 2)}\r\nhello\r\n0\r\n\r\n`;
const trailed = (length: number): string =>
  `${CHUNKS}0\r\n${`x: ${'y'.repeat(1021)}\r\n`.repeat(15)}x: ${'y'.repeat(length - 15 * 1024 - 3)}\r\n\r\n`;

describe('ResponseParser', () => {
  it.each([
    ['by its length', LENGTH],
    ['in chunks', CHUNKED],
    ['after interim ones', INTERIM],
  ])('reads a response %s, wherever its bytes are cut', (_, response) => {
    const cuts = fc.array(fc.nat({ max: response.length }), { maxLength: 6 });
    fc.assert(
      fc.property(cuts, (places) => {
        const edges = [0, ...places.toSorted((a, b) => a - b), response.length];
        const parts = edges.slice(1).map((edge, i) => response.slice(edges[i], edge));
        expect(hear(parts)).toEqual({ status: 200, body: 'hello', ended: 'clean', understood: true });
      }),
      { numRuns: 300 },
    );
    expect(hear([...response])).toEqual({ status: 200, body: 'hello', ended: 'clean', understood: true });
  });

  it('reads up to the last byte of each of its bounds, and no further', () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
    for (const [taken, refused] of [
      [head(16 * 1024), head(16 * 1024 + 1)],
      [`${interim.repeat(16)}${LENGTH}`, `${interim.repeat(17)}${LENGTH}`],
      [`${interim}${head(16 * 1024)}`, `${interim}${head(16 * 1024 + 1)}`],
      [extended(1024), extended(1025)],
      [trailed(16 * 1024), trailed(16 * 1024 + 1)],
    ] as const) {
      expect(hear([taken])).toMatchObject({ status: 200, ended: 'clean', understood: true });
      expect(hear([refused])).toMatchObject({ ended: 'no', understood: false });
    }
  });

  it('reads chunks of any length, with their sizes in either case', () => {
    const body = 'z'.repeat(0x1af);
    for (const size of ['1af', '1AF', '000001aF', '1af \t;x="y"'])
      expect(hear([`${CHUNKS}${size}\r\n${body}\r\n0\r\n\r\n`])).toMatchObject({ body, ended: 'clean' });
  });

  it.each([204, 304])('reads %i without a body, whatever its headers say', (status) => {
    const heard = hear([`HTTP/1.1 ${status} x\r\ncontent-length: 5\r\n\r\n`]);
    expect(heard).toEqual({ status, body: '', ended: 'clean', understood: true });
  });

  it('reads a body without a length until the connection ends', () => {
    let ended: boolean | null = null;
    let body = '';
    const parser = new ResponseParser({
      onHead() {},
      onBody: (bytes) => (body += bytes.toString()),
      onEnd: (clean) => (ended = clean),
    });
    parser.expect();
    expect(parser.read(Buffer.from('HTTP/1.0 200 OK\r\n\r\nhel'))).toBe(true);
    expect(parser.read(Buffer.from('lo'))).toBe(true);
    expect([body, ended]).toEqual(['hello', null]);
    expect(parser.close()).toBe(true);
    // Nothing can follow on a connection that has ended.
    expect(ended).toBe(false);
    expect([parser.close(), parser.read(Buffer.from('x'))]).toEqual([true, false]);
  });

  it.each([LENGTH, CHUNKED])('does not take a response that is cut off for a whole one: %j', (response) => {
    for (let end = 1; end < response.length; end += 1) {
      let ended = false;
      const parser = new ResponseParser({ onHead() {}, onBody() {}, onEnd: () => (ended = true) });
      parser.expect();
      parser.read(Buffer.from(response.slice(0, end)));
      expect(parser.close()).toBe(false);
      expect(ended).toBe(false);
    }
  });

  it.each([LENGTH, CHUNKED])('says so when more came than the response: %j', (response) => {
    expect(hear([`${response}HTTP/1.1 200 OK\r\n\r\n`]).ended).toBe('not clean');
  });

  it('takes nothing that was not asked for', () => {
    const parser = new ResponseParser({ onHead() {}, onBody() {}, onEnd() {} });
    expect(parser.read(Buffer.from(LENGTH))).toBe(false);
  });

  it.each([
    ['another protocol', 'SSH-2.0-x\r\n\r\n'],
    ['HTTP/2 as text', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status beyond 599', 'HTTP/1.1 600 OK\r\n\r\n'],
    ['a change of protocols', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nx: y\r\n\r\n'],
    ['line feeds alone', 'HTTP/1.1 200 OK\nx: y\n\n'],
    ['a bare carriage return', 'HTTP/1.1 200 OK\r\nx: y\rz: a\r\n\r\n'],
    ['a NUL', 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n'],
    ['white space before a colon', 'HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nhello'],
    ['white space before a name', 'HTTP/1.1 200 OK\r\n content-length: 5\r\n\r\nhello'],
    ['a line without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['an empty name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nContent-Length: 5\r\n\r\nhello'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello'],
    ['a signed length', 'HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello'],
    ['a hexadecimal length', 'HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello'],
    ['an empty length', 'HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nhello'],
    ['a length beyond all numbers', `HTTP/1.1 200 OK\r\ncontent-length: ${'9'.repeat(30)}\r\n\r\n`],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another encoding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['an encoding with a no-break space', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\xa0\r\n\r\n0\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two content types', 'HTTP/1.1 200 OK\r\ncontent-type: a/b\r\ncontent-type: c/d\r\ncontent-length: 0\r\n\r\n'],
    ['two session ids', 'HTTP/1.1 200 OK\r\nmcp-session-id: a\r\nMcp-Session-Id: b\r\ncontent-length: 0\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n'],
    ['a chunk with a signed size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n'],
    ['a chunk with 0x', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n'],
    ['a chunk of nine digits', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n000000003\r\nabc\r\n'],
    ['a chunk that is longer than it says', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n'],
    ['a chunk that ends with another character and a line feed', `${CHUNKS}3\r\nabcx\n0\r\n\r\n`],
    ['a chunk that ends with a return and another character', `${CHUNKS}3\r\nabc\rx0\r\n\r\n`],
    ['a chunk size with a letter behind it', `${CHUNKS}3x\r\nabc\r\n0\r\n\r\n`],
    ['a chunk size with letters before its extension', `${CHUNKS}3x;y\r\nabc\r\n0\r\n\r\n`],
    ['white space behind a chunk size', `${CHUNKS}3 \r\nabc\r\n0\r\n\r\n`],
    ['a NUL in a chunk extension', `${CHUNKS}3;\0\r\nabc\r\n0\r\n\r\n`],
    ['a chunk size with a bare line feed', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\nabc\n0\n\n\r\n'],
    ['a long chunk extension', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;${'x'.repeat(2000)}`],
    ['a trailer that is no header', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(17_000)}`],
    ['a long head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`],
    ['interim responses without an end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)],
    ['trailers without an end', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(9000)}`],
  ])('takes no response with %s', (_, response) => {
    const whole = hear([response]);
    expect(whole).toMatchObject({ ended: 'no', understood: false });
    expect(hear([...response])).toMatchObject({ ended: 'no', understood: false });
  });
});
