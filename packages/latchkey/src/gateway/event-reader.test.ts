import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader, type StreamPlace } from './event-reader.ts';

function readInPieces(text: string, size: number): readonly string[] {
  const reader = new EventReader();
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += size) found.push(...reader.read(bytes.subarray(at, at + size)));
  return found;
}

function placeOf(text: string, from?: StreamPlace): StreamPlace | null {
  const reader = new EventReader(from);
  for (const character of text) reader.read(character);
  return reader.place;
}

describe('EventReader', () => {
  it('gives the data of messages, and nothing of comments, ids and other types', () => {
    const stream =
      ': open\n\nid: 1\nretry: 5\ndata: {"a":1}\n\nevent: ping\ndata: no\n\nevent: message\ndata:two\n\nid: 9\n\n';
    for (const size of [1, 2, 3, 7, 1000]) expect(readInPieces(stream, size)).toEqual(['{"a":1}', 'two']);
  });

  it('knows where the stream can be gone on with', () => {
    expect(placeOf('data: {}\n\n')).toBeNull();
    expect(placeOf('id: a/0\nretry: 50\ndata: \n\ndata: {}\n\nid: half\n')).toEqual({
      lastEventId: 'a/0',
      retryMs: 50,
    });
    expect(placeOf('id: 1\n\nid: 2\nretry: soon\ndata: {}\n\n')).toEqual({ lastEventId: '2', retryMs: null });
    expect(placeOf('id: 1\nretry: 5x\n\nretry: x5\n\n7\n\nx: 7\n\nretry: 1234567890\ndata: 7\n\n')?.retryMs).toBeNull();
    for (const id of ['', 'é1', '1é', 'a b', ' a', 'a\0', 'x'.repeat(1025)])
      expect(placeOf(`id: 1\n\nid: ${id}\n\n`)).toBeNull();
    expect(placeOf(`id:${'x'.repeat(1024)}\n\n`)?.lastEventId).toHaveLength(1024);
    // What no header can say is no place, and one before it is none any more.
    expect(placeOf('id: 1\n\nid: é\n\n')).toBeNull();
    expect(placeOf(': nothing\n\n', { lastEventId: 'b', retryMs: 7 })).toEqual({ lastEventId: 'b', retryMs: 7 });
  });

  it('takes no byte order mark for a part of the stream', () => {
    for (const size of [1, 2, 3, 1000])
      expect(readInPieces('\ufeffdata: one\n\ndata: two\n\n', size)).toEqual(['one', 'two']);
    // Only at the beginning of the stream: elsewhere it is a part of a name that says nothing.
    for (const size of [1, 1000])
      expect(readInPieces('data:one two\n\n\ufeffdata: three\n\n', size)).toEqual(['one two']);
  });

  it('joins the lines of one event, whichever line ends they have', () => {
    for (const end of ['\n', '\r\n', '\r'])
      expect(readInPieces(`data: {${end}data: }${end}${end}data: x${end}${end}`, 1)).toEqual(['{\n}', 'x']);
  });

  it('ends an event at any two line ends, cut anywhere', () => {
    for (const end of ['\n\n', '\r\r', '\r\n\r\n', '\n\r\n', '\r\n\n', '\r\r\n', '\n\r', '\r\n\r'])
      for (const size of [1, 2, 3, 4, 5, 1000])
        expect(readInPieces(`data: one${end}data: two${end}:\n\n`, size)).toEqual(['one', 'two']);
  });

  it('holds what is not whole, and says how much', () => {
    const reader = new EventReader();
    expect(reader.read('data: one\n\ndata: two')).toEqual(['one']);
    expect(reader.size).toBe(9);
    expect(reader.read('\n\n')).toEqual(['two']);
    expect(reader.size).toBe(0);
    reader.read('data:');
    reader.read('abc');
    expect(reader.size).toBe(8);
  });

  it('gives every text as it was, however the bytes come', () => {
    const texts = fc.array(
      fc.json().map((json) => json.replaceAll(/[\r\n]/g, ' ')),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 50 }), (all, size) => {
        const stream = all.map((text) => `event: message\ndata: ${text}\n\n`).join('');
        expect(readInPieces(stream, size)).toEqual(all.filter((text) => text !== ''));
      }),
    );
  });
});
