import { describe, expect, it } from 'vitest';
import { textAt, valueAt } from './json.ts';
import { readServerLine } from './server-line.ts';

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
  ])('is no message: %s', (text) => {
    expect(read(text)).toBeNull();
  });
});
