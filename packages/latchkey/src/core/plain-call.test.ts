import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textOf } from './bytes.ts';
import { parseMessage } from './parse-message.ts';
import { toPlainCall, toPlainList } from './plain-call.ts';

const translate = (text: string): ReturnType<typeof toPlainCall> => toPlainCall(Buffer.from(text));
const reasonOf = (text: string): string => {
  const call = translate(text);
  return 'reason' in call ? call.reason : 'none';
};

describe('toPlainCall', () => {
  it('makes a message of the very bytes that were sent', () => {
    const params = '{ "n": 1.10, "big": 12345678901234567890 }';
    const call = translate(`{"params":${params},\n"tool":"r\\u00e9ad"}`);
    if ('reason' in call) throw new Error(call.reason);
    expect(call.tool).toBe('réad');
    const parsed = parseMessage(call.bytes);
    if (parsed.kind === 'refused') throw new Error(parsed.refusal.reason);
    const { message } = parsed;
    expect([message.method, message.name, message.id]).toEqual(['tools/call', 'réad', '"rest"']);
    expect(textOf(message.bytes, message.args?.start, message.args?.end)).toBe(params);
    expect(message.protocolVersion).toBe('2026-07-28');
  });

  it('takes a call without params for one without arguments', () => {
    const call = translate('{"tool":"a"}');
    expect('bytes' in call && call.bytes.toString()).toContain('"arguments":{},');
  });

  it('refuses what is no call, or could be another one to somebody else', () => {
    for (const text of ['', '{', '{"tool":"a"}x', '{"tool":"\\x"}', '\ufeff{"tool":"a"}'])
      expect([text, reasonOf(text)]).toEqual([text, 'json-malformed']);
    for (const text of ['[]', '"tool"', '1', 'null', '[{"tool":"a"}]', '{"tool":"a","tool":"b"}', '{"Tool":"a"}'])
      expect([text, reasonOf(text)]).toEqual([text, 'message-invalid']);
    for (const text of [
      '{}',
      '{"tool":1}',
      '{"tool":null}',
      '{"tool":"a","params":[]}',
      '{"tool":"a","params":"{}"}',
      '{"tool":"a","params":null}',
      '{"tool":"a","name":"b"}',
      '{"tool":"a","params":{},"id":1}',
      '{"tool":"a","__proto__":{}}',
    ])
      expect([text, reasonOf(text)]).toEqual([text, 'params-invalid']);
  });

  it('says of the message what was said in the call, whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.jsonValue()),
        (tool, params) => {
          const call = translate(JSON.stringify({ tool, params }));
          fc.pre('bytes' in call);
          const { params: sent } = JSON.parse(call.bytes.toString()) as { params: { name: string; arguments: object } };
          expect([call.tool, sent.name]).toEqual([tool, tool]);
          expect(sent.arguments).toEqual(JSON.parse(JSON.stringify(params)));
        },
      ),
    );
  });
});

describe('toPlainList', () => {
  it('asks for the page that a cursor names', () => {
    for (const cursor of [null, 'a"b', '']) {
      const parsed = parseMessage(toPlainList(cursor));
      if (parsed.kind === 'refused') throw new Error(parsed.refusal.reason);
      const { message } = parsed;
      const found = message.cursor && textOf(message.bytes, message.cursor.start, message.cursor.end);
      expect([message.method, found]).toEqual(['tools/list', cursor === null ? null : JSON.stringify(cursor)]);
    }
  });
});
