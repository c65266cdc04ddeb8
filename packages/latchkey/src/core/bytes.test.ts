import { describe, expect, it } from 'vitest';
import { chooseWays, createNodeWays, createWebWays, textOf, type ByteWays } from './bytes.ts';

const NODE = createNodeWays(Buffer) as ByteWays;
const WEB = createWebWays();
const of = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

describe.each([
  ['Node', NODE],
  ['the web', WEB],
])('the ways of %s', (_name, ways) => {
  it('gives the text between two positions, of what is no Buffer too', () => {
    for (const bytes of [Buffer.from('a„b“c'), new TextEncoder().encode('a„b“c')]) {
      expect(ways.textOf(bytes)).toBe('a„b“c');
      expect(ways.textOf(bytes, 1)).toBe('„b“c');
      expect(ways.textOf(bytes, 1, 5)).toBe('„b');
      expect(ways.textOf(bytes, 5, 99)).toBe('“c');
      expect(ways.textOf(bytes.subarray(4), 0, 1)).toBe('b');
      expect(ways.latin1Of(bytes, 4, 5)).toBe('b');
      expect(ways.latin1Of(bytes, 8, 99)).toBe('c');
      expect(ways.latin1Of(bytes, 4, 4)).toBe('');
    }
  });

  it('keeps a byte order mark, and puts U+FFFD for what is not UTF-8', () => {
    expect(ways.textOf(of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
    expect(ways.textOf(of(0x61, 0xff, 0xc3, 0x62))).toBe('a\ufffd\ufffdb');
  });

  it('writes text in UTF-8', () => {
    expect([...ways.bytesOf('a„😀')]).toEqual([0x61, 0xe2, 0x80, 0x9e, 0xf0, 0x9f, 0x98, 0x80]);
    expect([...ways.bytesOf('\ud800')]).toEqual([0xef, 0xbf, 0xbd]);
  });

  it('gives a character for each byte, and a byte for each character, however many', () => {
    const characters = String.fromCharCode(...EVERY_BYTE);
    expect(ways.latin1Of(EVERY_BYTE)).toBe(characters);
    expect([...ways.latin1Bytes(characters)]).toEqual([...EVERY_BYTE]);
    const many = new Uint8Array(200_000).fill(0xe9);
    many[4095] = many[4096] = 0x61;
    expect(ways.latin1Of(many, 4094, 4098)).toBe('éaaé');
    expect(ways.latin1Of(many)).toBe(`${'é'.repeat(4095)}aa${'é'.repeat(195_903)}`);
  });

  it('knows how many bytes a text has', () => {
    expect(ways.lengthInBytes('a„😀')).toBe(8);
  });

  it('copies bytes, so that nobody writes to them, and text', () => {
    const given = of(1, 2);
    const copy = ways.copyBytes(given);
    given[0] = 9;
    expect([...copy]).toEqual([1, 2]);
    expect([...ways.copyBytes('é')]).toEqual([0xc3, 0xa9]);
  });

  it('joins bytes in their order', () => {
    expect([...ways.joinBytes([of(1, 2), of(), of(3)])]).toEqual([1, 2, 3]);
    expect(ways.joinBytes([])).toHaveLength(0);
  });

  it('writes and reads every byte in base64', () => {
    const [text, urlText] = [ways.toBase64(EVERY_BYTE), ways.toBase64Url(EVERY_BYTE)];
    expect(text).toBe(Buffer.from(EVERY_BYTE).toString('base64'));
    expect(urlText).toBe(Buffer.from(EVERY_BYTE).toString('base64url'));
    expect([...(ways.fromBase64(text) ?? [])]).toEqual([...EVERY_BYTE]);
    expect([...(ways.fromBase64Url(urlText) ?? [])]).toEqual([...EVERY_BYTE]);
    expect(ways.toBase64(of(1, 2, 3).subarray(1))).toBe('AgM=');
  });

  it.each(['', 'AA==', 'AAA=', 'AAAA', '+/+/'])('reads %j as base64', (text) =>
    expect([...(ways.fromBase64(text) ?? 'none')]).toEqual([...Buffer.from(text, 'base64')]),
  );

  it.each([
    'A',
    'AA',
    'AB==',
    'AAB=',
    'AA=',
    'AA==AA==',
    '====',
    'AA= =',
    ' AAAA',
    'AAAA\n',
    'A-__',
    'AAAA=',
    'Ä===',
    '=AAA',
  ])('does not read %j as base64', (text) => expect(ways.fromBase64(text)).toBe(null));

  it.each(['', 'AA', 'AAA', 'AAAA', '-_-_'])('reads %j as base64url', (text) =>
    expect([...(ways.fromBase64Url(text) ?? 'none')]).toEqual([...Buffer.from(text, 'base64url')]),
  );

  it.each(['A', 'AB', 'AAB', 'AAAAA', 'AA==', '+/+/', 'AA A', 'AAAA\n', 'ÄAAA', 'A.AA'])(
    'does not read %j as base64url',
    (text) => expect(ways.fromBase64Url(text)).toBe(null),
  );
});

describe('createNodeWays', () => {
  it('gives nothing where there is no Buffer, or one that lacks what is fast', () => {
    expect(createNodeWays(undefined)).toBe(null);
    for (const prototype of [{}, { utf8Slice: String }, { latin1Slice: String }])
      expect(createNodeWays({ prototype } as never)).toBe(null);
  });

  it('makes Buffers, which Node sends as they are', () => {
    expect(NODE.bytesOf('a')).toBeInstanceOf(Buffer);
    expect(NODE.joinBytes([of(1)])).toBeInstanceOf(Buffer);
  });
});

describe('chooseWays', () => {
  it('chooses Node’s ways here, and those of the web where there is no Buffer', () => {
    expect(textOf.toString()).toBe(NODE.textOf.toString());
    expect(chooseWays(Buffer).bytesOf('a')).toBeInstanceOf(Buffer);
    expect(chooseWays(undefined).bytesOf('a')).not.toBeInstanceOf(Buffer);
  });
});
