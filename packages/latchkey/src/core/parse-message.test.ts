import { describe, expect, it } from 'vitest';
import { textOf } from './bytes.ts';
import type { Message } from './message.ts';
import { parseMessage } from './parse-message.ts';

const parse = (value: unknown): ReturnType<typeof parseMessage> =>
  parseMessage(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const messageOf = (value: unknown): Message => {
  const result = parse(value);
  if (result.kind !== 'message') throw new Error(result.refusal.detail);
  return result.message;
};
const reasonOf = (value: unknown): string | null => {
  const result = parse(value);
  return result.kind === 'refused' ? result.refusal.reason : null;
};
const call = (more: object = {}, params: object = { name: 'echo' }): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params,
  ...more,
});

const areAmbiguous = (json: string): boolean =>
  messageOf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":${json}}}`).argsAmbiguous;

describe('parseMessage', () => {
  it('reads what is judged of a call', () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { roots: {} },
      progressToken: 'p',
    };
    const message = messageOf(call({ id: 'a"b' }, { name: 'echo', arguments: { x: 1 }, _meta: meta }));
    const rangeText = (range: { start: number; end: number } | null): string =>
      textOf(message.bytes, range?.start, range?.end);
    expect(message).toMatchObject({
      kind: 'request',
      method: 'tools/call',
      name: 'echo',
      id: '"a\\"b"',
      protocolVersion: '2026-07-28',
      argsAmbiguous: false,
    });
    expect([
      rangeText(message.idRange),
      rangeText(message.args),
      rangeText(message.clientCapabilities),
      rangeText(message.progressToken),
    ]).toEqual(['"a\\"b"', '{"x":1}', '{"roots":{}}', '"p"']);
  });

  it('says where the cursor of a list stands, quotes and escapes included, where it is a text', () => {
    const { bytes, cursor } = messageOf(
      '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"a\\u0062"}}',
    );
    expect(textOf(bytes, cursor?.start, cursor?.end)).toBe('"a\\u0062"');
    expect(messageOf('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":1}}').cursor).toBeNull();
  });

  it.each([null, true, 1.5, {}, [], -0.5])('refuses the id %j', (id) => {
    expect(reasonOf(call({ id }))).toBe('message-invalid');
  });

  it.each(['1.0', '1e0', '-0', '01'])('refuses the id spelled %s, which programs re-spell', (id) => {
    expect(reasonOf(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)).toMatch(/invalid|malformed/);
  });

  it.each(['\\ud800', 'a\\udfff', '\\u0000', 'a\\u0000b'])('refuses the id "%s", which programs re-spell', (id) => {
    expect(reasonOf(`{"jsonrpc":"2.0","id":"${id}","method":"ping"}`)).toBe('message-invalid');
    expect(
      messageOf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"${id}"}}`).cancels,
    ).toBeNull();
  });

  it('keeps the exact text of an id that no double can hold', () => {
    expect(messageOf('{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}').id).toBe('9007199254740993');
  });

  it.each([
    ['no jsonrpc', { id: 1, method: 'ping' }],
    ['jsonrpc 1.0', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['nothing', { foo: 1 }],
    ['a batch', [call()]],
    ['an empty batch', []],
    ['a number', 7],
    ['a request without an id', { jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo' } }],
    ['a notification with an id', { jsonrpc: '2.0', id: 1, method: 'notifications/cancelled' }],
    ['a call that is a response too', call({ result: {} })],
    ['params in an array', { jsonrpc: '2.0', id: 1, method: 'ping', params: [] }],
    ['a method with a control character', call({ method: 'tools/call\n' })],
    ['a response with result and error', { jsonrpc: '2.0', id: 1, result: {}, error: {} }],
    ['a version that is spelled with an escape', '{"jsonrpc":"2\\u002e0","id":1,"method":"ping"}'],
    ['a key that is spelled with an escape', '{"jsonrpc":"2.0","id":1,"\\u006dethod":"ping"}'],
    ['a parameter as pydantic would take it', call({}, { name: 'echo', meta: {} })],
    ['a parameter as protobuf would take it', call({}, { name: 'echo', request_state: 'x' })],
    ['a response without an id', { jsonrpc: '2.0', result: {} }],
  ])('refuses %s', (_name, value) => {
    expect(reasonOf(value)).toBe('message-invalid');
  });

  it.each([
    ['a tool without a name', call({}, {})],
    ['a tool with a number for a name', call({}, { name: 1 })],
    ['arguments in an array', call({}, { name: 'echo', arguments: [] })],
    ['arguments of a prompt in an array', call({ method: 'prompts/get' }, { name: 'greet', arguments: [] })],
    ['arguments of an unknown method in a text', call({ method: 'acme/fly' }, { arguments: '{}' })],
    ['null for arguments', call({}, { name: 'echo', arguments: null })],
    ['a task id with a NUL', call({ method: 'tasks/get' }, { taskId: 'a\0b' })],
    [
      'a reference with a NUL',
      call({ method: 'completion/complete' }, { ref: { type: 'ref/prompt', name: 'greet\0' } }),
    ],
    ['a reference without a type', call({ method: 'completion/complete' }, { ref: { name: 'greet' } })],
    ['a name with a NUL', call({}, { name: 'echo\0' })],
    ['a name with a lone surrogate', call({}, { name: 'echo\ud800' })],
    ['a resource without a URI', call({ method: 'resources/read' }, {})],
    [
      'a subscription to no URI',
      call({ method: 'subscriptions/listen' }, { notifications: { resourceSubscriptions: [1] } }),
    ],
  ])('refuses %s', (_name, value) => {
    expect(reasonOf(value)).toBe('params-invalid');
  });

  it('reads notifications and responses', () => {
    expect(messageOf({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'x' } })).toMatchObject({
      kind: 'notification',
      id: null,
      cursor: null,
      cancels: '"x"',
    });
    expect(messageOf({ jsonrpc: '2.0', id: 4, result: {} })).toMatchObject({ kind: 'response', method: '', id: '4' });
  });

  it('marks arguments with keys that some program takes for the same, at any depth', () => {
    const alike = ['{"path":1,"PATH":2}', '{"a":{"path":1,"Path":2}}', '{"a":[[{"file_path":1,"filePath":2}]]}'];
    expect([...alike, '{"path":1,"a":{"PATH":2}}', '{}'].map(areAmbiguous)).toEqual([true, true, true, false, false]);
  });
});
