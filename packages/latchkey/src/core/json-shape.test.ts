import { describe, expect, it } from 'vitest';
import { createShape, findMember, fold, hashFolded, hashText } from './json-shape.ts';

describe('fold', () => {
  it.each([
    // Cases, Unicode's simple folding (Go), upper and lower case of Java, Turkish.
    ['taskid', ['taskId', 'TASKID', 'TaskID', 'ta\u017fkId', 'tas\u212aId', 'task\u0130d', 'task\u0131d']],
    // Widths, styles, ligatures, accents.
    [
      'name',
      ['\uff4e\uff41\uff4d\uff45', '\ud835\udc27ame', '\u24dfame'.replace('\u24df', '\u24dd'), 'n\u0101m\u00e9'],
    ],
    ['notifications', ['noti\ufb01cations', 'Notifications']],
    // What is invisible, or trimmed away.
    [
      'method',
      [' method', 'method\u00a0', 'meth\u00adod', 'meth\u200bod', 'method\ufeff', 'method\u0000', 'me\ufe0fthod'],
    ],
    ['params', ['par\u3164ams', 'params\u007f', 'par\u2060ams', 'params\u2028', 'params\ufffe', 'params\ue000']],
    // Other conventions of naming.
    ['requestid', ['request_id', 'request-id', 'REQUEST_ID', 'Request-Id', 'requestId_']],
    ['meta', ['_meta', 'meta', '_Meta', '__meta']],
    ['strasse', ['stra\u00dfe', 'STRA\u1e9eE', 'STRASSE']],
  ])('maps what some program takes for %s to it', (folded, spellings) => {
    expect(spellings.map(fold)).toEqual(spellings.map(() => folded));
  });

  it('leaves apart what no program confuses', () => {
    expect(new Set(['name', 'names', 'nam', 'n\u0430me', 'n.ame', 'n/ame', 'name1'].map(fold)).size).toBe(7);
  });
});

const plain = (key: string): number => hashFolded(Buffer.from(key), 0, Buffer.byteLength(key), null);
const decoded = (key: string): number => hashFolded(Buffer.from(key), 0, Buffer.byteLength(key), key);
const exact = (key: string, text: string | null): number => hashText(Buffer.from(key), 0, key.length, text);

describe('hashFolded', () => {
  it('is the same for whatever folds to the same, however it is spelled', () => {
    const hash = plain('requestId');
    for (const key of ['requestid', 'Request-ID', 'request_id', 'request id'])
      expect([key, plain(key), decoded(key)]).toEqual([key, hash, hash]);
    expect(decoded('reque\u017ftId')).toBe(hash);
    expect(plain('requestIds')).not.toBe(hash);
  });
});

describe('hashText', () => {
  it('is the same for the same text only', () => {
    expect(exact('\\u0061b', 'ab')).toBe(exact('ab', null));
    expect(exact('AB', null)).not.toBe(exact('ab', null));
  });
});

describe('findMember', () => {
  it('finds the member with exactly this key, and tells variants of it', () => {
    const shape = createShape({ a: {}, 'b/c': { slot: 3 } });
    const find = (key: string): unknown => {
      const bytes = Buffer.from(key);
      const text = key.includes('\\') ? (JSON.parse(`"${key}"`) as string) : null;
      const found = findMember(shape, bytes, 0, bytes.length, hashFolded(bytes, 0, bytes.length, text));
      return typeof found === 'object' ? (found?.slot ?? null) : found;
    };
    expect(['b/c', 'b\\/c', 'a', 'B/c', 'b\\u002fc', 'bc', 'c'].map(find)).toEqual([
      3,
      3,
      -1,
      'variant',
      'variant',
      null,
      null,
    ]);
  });
});
