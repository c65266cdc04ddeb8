import { describe, expect, it } from 'vitest';
import { textAt, valueAt } from './json.ts';
import { hearServerLine, readServerLine } from './server-line.ts';

const read = (text: string) => readServerLine(Buffer.from(text));

describe('readServerLine', () => {
  it('finds the members of a response wherever they stand', () => {
    const line = read(
      ' {"result" : {"content":[{"type":"text","text":"a \\"}] b"}], "ttlMs":5,"_meta":{"x":{"id":9},"io.modelcontextprotocol/subscriptionId":"s"}},"jsonrpc":"2.0", "id" : 42 } ',
    );
    expect(line?.method).toBe('');
    expect(line?.id && textAt(line.bytes, line.id)).toBe('42');
    expect(line?.ttlMs && textAt(line.bytes, line.ttlMs)).toBe('5');
    expect(line?.subscriptionId && textAt(line.bytes, line.subscriptionId)).toBe('"s"');
    expect(line && valueAt(line.bytes, line.meta)).toEqual({
      x: { id: 9 },
      'io.modelcontextprotocol/subscriptionId': 's',
    });
  });

  it('does not take what stands deeper for a member', () => {
    const line = read('{"jsonrpc":"2.0","id":1,"result":{"content":{"id":7,"resultType":"no","error":{"code":1}}}}');
    expect(line?.id && textAt(line.bytes, line.id)).toBe('1');
    expect(line?.resultType).toBeNull();
    expect(line?.code).toBeNull();
  });

  it('finds what a notification or a request names', () => {
    const line = read('{"method":"notifications/progress","params":{"progressToken":7,"progress":1},"jsonrpc":"2.0"}');
    expect(line?.method).toBe('notifications/progress');
    expect(line?.progressToken && textAt(line.bytes, line.progressToken)).toBe('7');
    expect(read('{"jsonrpc":"2.0","id":"a","method":"ping"}')?.method).toBe('ping');
    const error = read('{"jsonrpc":"2.0","id":1,"error":{"message":"m","code":-32601}}');
    expect(error?.code && textAt(error.bytes, error.code)).toBe('-32601');
  });

  it.each([
    ['id', '{"id":@,"method":"m"}'],
    ['params', '{"method":"m","params":@}'],
    ['progressToken', '{"method":"m","params":{"progressToken":@}}'],
    ['requestId', '{"method":"m","params":{"requestId":@}}'],
    ['uri', '{"method":"m","params":{"uri":@}}'],
    ['meta', '{"method":"m","params":{"_meta":@}}'],
    ['subscriptionId', '{"method":"m","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":@}}}'],
    ['result', '{"id":1,"result":@}'],
    ['resultType', '{"id":1,"result":{"resultType":@}}'],
    ['ttlMs', '{"id":1,"result":{"ttlMs":@}}'],
    ['cacheScope', '{"id":1,"result":{"cacheScope":@}}'],
    ['meta', '{"id":1,"result":{"_meta":@}}'],
    ['serverInfo', '{"id":1,"result":{"_meta":{"io.modelcontextprotocol/serverInfo":@}}}'],
    ['error', '{"id":1,"error":@}'],
    ['code', '{"id":1,"error":{"code":@}}'],
  ] as const)('finds %s of whatever kind it is, among others', (slot, pattern) => {
    const among = pattern.replaceAll('{"', '{"_":[{"id":0}],"').replace(/\}$/, ',"z":0}');
    for (const value of ['"a,b}"', '{}', '{"x":[1,{}],"y":"]"}', '[]', '[[1],"[",{}]', 'null', '-1.5e3', 'true']) {
      for (const each of [pattern, among]) {
        const line = read(each.replace('@', value));
        expect(line?.[slot] && textAt(line.bytes, line[slot])).toBe(value);
      }
    }
  });

  it('reads over the space that JSON has between its parts', () => {
    for (const space of [' ', '\t', '\r', '\n', ' \r\n\t']) {
      const parts = [
        '{',
        '"id"',
        ':',
        '7',
        ',',
        '"result"',
        ':',
        '{',
        '"ttlMs"',
        ':',
        '[',
        ']',
        ',',
        '"a"',
        ':',
        '1',
        '}',
        '}',
      ];
      const line = read(['', ...parts, ''].join(space));
      expect(line?.id && textAt(line.bytes, line.id)).toBe('7');
      expect(line?.ttlMs && textAt(line.bytes, line.ttlMs)).toBe(`[${space}]`);
    }
  });

  it('finds its way past long strings and escapes', () => {
    for (const text of [
      'x'.repeat(200_000),
      `${'x'.repeat(46)}\\"${'y'.repeat(60)}`,
      `${'\\\\'.repeat(60)}`,
      `${'x'.repeat(60)}\\\\\\"z`,
    ]) {
      const line = read(`{"result":{"a":"${text}"},"id":3}`);
      expect(line?.id && textAt(line.bytes, line.id)).toBe('3');
    }
  });

  it.each([
    '',
    'Listening on stdio',
    '[1]',
    '{}',
    '{"id":1}',
    '{not json}',
    '{"id":1,"result":{}',
    '{"id":1,"result":{"a":"b}}',
    '{"id":1,"result":{}} x',
    '{"id":1 "result":{}}',
    '{"id":1,"result":{},"method":"x"}',
    '{"a',
    '{"a":',
    '{"a":"\\',
    '["id":1,"result":{}}',
    '{id":1,"result":{}}',
    '{"id";1,"result":{}}',
    '{"id":"1";"result":{}}',
    '{"id":1],"result":{}}',
    '{"id":,"result":{}}',
    '{"id":1,"result":}',
    '{"id":1,"result":{"_meta":{"a":1]}}',
    '{"id":1,"result":[{"a":"b]}',
    '{"id":1,"result":[[]',
    '{"id":1,"method":1234}',
    ' {"id":1,"result":"a',
  ])('is no message: %s', (text) => {
    expect(read(text)).toBeNull();
  });
});

const hear = (text: string) => {
  const logged: unknown[] = [];
  const line = hearServerLine(Buffer.from(text), (...told) => void logged.push(told));
  return [line?.method ?? null, logged];
};

describe('hearServerLine', () => {
  it('tells the log how long a line was that is no message, and nothing of what it said', () => {
    expect(hear('{"method":"m"}')).toEqual(['m', []]);
    expect(hear('')).toEqual([null, []]);
    expect(hear('my secret')).toEqual([null, [['warn', expect.stringMatching(/^[^:]+$/), { bytes: 9 }]]]);
  });
});
