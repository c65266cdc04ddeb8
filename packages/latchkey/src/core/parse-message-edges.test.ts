import { describe, expect, it } from 'vitest';
import { textOf } from './bytes.ts';
import type { Message, Range } from './message.ts';
import { parseMessage } from './parse-message.ts';

const parse = (value: unknown) => parseMessage(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const messageOf = (value: unknown): Message => {
  const result = parse(value);
  if (result.kind !== 'message') throw new Error(result.refusal.detail);
  return result.message;
};
const refusalOf = (value: unknown) => {
  const result = parse(value);
  return result.kind === 'refused' ? result.refusal : null;
};
const reasonOf = (value: unknown): string => refusalOf(value)?.reason ?? 'taken';
const request = (method: string, params?: unknown, id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params });
const meta = (more: object) => messageOf(request('tools/list', { _meta: more }));
const rangeText = ({ bytes }: Message, range: Range | null): string | null =>
  range === null ? null : textOf(bytes, range.start, range.end);

const key = (name: string) => `io.modelcontextprotocol/${name}`;

describe('parseMessage on a whole call', () => {
  const text =
    '{ "jsonrpc": "2.0", "id": 12, "method": "tools/call", "params": { "name": "echo", "arguments": { "x": [1] }, ' +
    '"_meta": { "progressToken": 34, "io.modelcontextprotocol/clientCapabilities": {"a":1} , ' +
    '"io.modelcontextprotocol/protocolVersion": "2026-07-28" } } }';

  it('gives each part where it stands in the very bytes it was given', () => {
    const bytes = Buffer.from(text);
    const result = parseMessage(bytes);
    if (result.kind !== 'message') throw new Error(result.refusal.detail);
    const { message } = result;
    expect(message.bytes).toBe(bytes);
    expect(message).toMatchObject({
      kind: 'request',
      method: 'tools/call',
      id: '12',
      name: 'echo',
      uri: null,
      taskId: null,
      ref: null,
      argsAmbiguous: false,
      resourceSubscriptions: [],
      protocolVersion: '2026-07-28',
      cancels: null,
    });
    expect(rangeText(message, message.idRange)).toBe('12');
    expect(rangeText(message, message.args)).toBe('{ "x": [1] }');
    expect(rangeText(message, message.progressToken)).toBe('34');
    expect(rangeText(message, message.clientCapabilities)).toBe('{"a":1}');
    expect(rangeText(message, message.meta)).toMatch(/^\{ "progressToken".*"2026-07-28" \}$/);
    expect(rangeText(message, message.params)).toMatch(/^\{ "name".* \} \}$/);
  });

  it('gives nothing for what is not there, or is of another type', () => {
    expect(messageOf(request('tools/list'))).toMatchObject({
      params: null,
      name: null,
      uri: null,
      taskId: null,
      args: null,
      ref: null,
      meta: null,
      protocolVersion: null,
      clientCapabilities: null,
      progressToken: null,
      cancels: null,
    });
    const odd = { name: 1, uri: 2, taskId: 3, ref: 'x', _meta: [] };
    expect(messageOf(request('tools/list', odd))).toMatchObject({
      name: null,
      uri: null,
      taskId: null,
      ref: null,
      meta: null,
    });
    expect(meta({ [key('protocolVersion')]: 1, [key('clientCapabilities')]: 'x', progressToken: null })).toMatchObject({
      protocolVersion: null,
      clientCapabilities: null,
      progressToken: null,
    });
    expect(meta({ progressToken: {} }).progressToken).toBeNull();
    expect(meta({ progressToken: true }).progressToken).toBeNull();
  });

  it('forgets one message before it reads the next', () => {
    expect(messageOf(text).name).toBe('echo');
    expect(messageOf(request('tools/list'))).toMatchObject({
      name: null,
      args: null,
      meta: null,
      protocolVersion: null,
    });
  });

  it('reads the resource that is meant', () => {
    expect(messageOf(request('resources/read', { uri: 'a://b\u00e9' }))).toMatchObject({
      uri: 'a://b\u00e9',
      name: null,
    });
  });

  it('reads the task that is meant', () => {
    expect(messageOf(request('tasks/get', { taskId: 'a"\u00e9' })).taskId).toBe('a"\u00e9');
  });
});

describe('parseMessage on kinds', () => {
  it('tells requests, notifications and responses apart', () => {
    expect(messageOf(request('ping'))).toMatchObject({ kind: 'request', id: '1', method: 'ping' });
    const notification = messageOf({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect(notification).toMatchObject({ kind: 'notification', id: null, idRange: null });
    for (const more of [{ result: {} }, { error: { code: 1, message: 'x' } }, { result: null }]) {
      const response = messageOf({ jsonrpc: '2.0', id: 'r', ...more });
      expect(response).toMatchObject({ kind: 'response', id: '"r"', method: '', resourceSubscriptions: [] });
      expect(rangeText(response, response.idRange)).toBe('"r"');
    }
  });

  it.each([
    ['neither method, result nor error', { jsonrpc: '2.0', id: 1 }],
    ['result and error', { jsonrpc: '2.0', id: 1, result: 1, error: {} }],
    ['a method and a result', { jsonrpc: '2.0', id: 1, method: 'ping', result: 1 }],
    ['a method and an error', { jsonrpc: '2.0', id: 1, method: 'ping', error: {} }],
    ['a response with params', { jsonrpc: '2.0', id: 1, result: 1, params: {} }],
    ['a response without an id', { jsonrpc: '2.0', error: {} }],
    ['a response with a broken id', { jsonrpc: '2.0', id: 1.5, result: 1 }],
    ['a notification with an id', { jsonrpc: '2.0', id: null, method: 'notifications/x' }],
    ['a request without an id', { jsonrpc: '2.0', method: 'notification/x' }],
    ['a method that is no text', { jsonrpc: '2.0', id: 1, method: 1 }],
    ['a method that is null', { jsonrpc: '2.0', id: 1, method: null }],
    ['an empty method', request('')],
    ['params that are no object', request('ping', null)],
    ['params that are a text', request('ping', 'x')],
    ['another version', { ...request('ping'), jsonrpc: '2.1' }],
    ['a shorter version', { ...request('ping'), jsonrpc: '2' }],
    ['a longer version', { ...request('ping'), jsonrpc: '2.0.0' }],
    ['a version that is a number', { ...request('ping'), jsonrpc: 2.0 }],
    ['a text', '"x"'],
    ['a batch after white space', ' \r\n\t[]'],
  ])('refuses %s, and says so', (_what, value) => {
    const refusal = refusalOf(value);
    expect(refusal?.reason).toBe('message-invalid');
    expect(refusal?.detail).toMatch(/^.{5,}$/);
    expect(refusal).not.toHaveProperty('id');
  });

  it('refuses what two programs read in two ways as a message, not as JSON', () => {
    expect(refusalOf('{"a":1,"a":2}')).toEqual({ reason: 'message-invalid', detail: 'duplicate-key' });
    expect(refusalOf('{"ID":1}')).toEqual({ reason: 'message-invalid', detail: 'key-variant' });
  });

  it('names a batch as one, whatever white space comes before it', () => {
    for (const batch of ['[]', ' []', '\n[]', '\r[]', '\t[]', ' \r\n\t[]', `[${JSON.stringify(request('ping'))}]`])
      expect([batch, refusalOf(batch)?.detail]).toEqual([batch, 'a batch']);
    for (const other of ['\v[]', 'x[]', '{}', '1', ' ', ''])
      expect([other, refusalOf(other)?.detail]).not.toEqual([other, 'a batch']);
  });

  it('tells a batch from a text that only begins like one', () => {
    expect([reasonOf('[]'), reasonOf('[1'), reasonOf('"["'), reasonOf('')]).toEqual([
      'message-invalid',
      'message-invalid',
      'message-invalid',
      'json-malformed',
    ]);
    expect(refusalOf('{')).toMatchObject({ reason: 'json-malformed', detail: 'not strict JSON' });
  });

  it('takes methods of up to 128 visible ASCII characters', () => {
    expect(reasonOf(request('m'.repeat(128)))).toBe('taken');
    expect(reasonOf(request('!a/b.c$~'))).toBe('taken');
    for (const method of ['m'.repeat(129), 'a b', ' a', 'a ', 'a\n', '\u007f', 'caf\u00e9', 'a\u200b'])
      expect([method, reasonOf(request(method))]).toEqual([method, 'message-invalid']);
  });
});

const withId = (id: string) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`;

const cancels = (requestId: string) =>
  messageOf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${requestId}}}`).cancels;

const token = (progressToken: unknown) => {
  const message = meta({ progressToken });
  return rangeText(message, message.progressToken);
};

describe('parseMessage on ids', () => {
  it('takes whole numbers of up to 31 digits and texts of up to 512 bytes, as they are written', () => {
    for (const id of [
      '0',
      '7',
      '-7',
      '10',
      '-1000',
      `1${'0'.repeat(30)}`,
      '""',
      '"a"',
      '"\\u0061"',
      '"caf\u00e9"',
      `"${'x'.repeat(512)}"`,
    ]) {
      const message = messageOf(withId(id));
      expect(message.id).toBe(id);
      expect(rangeText(message, message.idRange)).toBe(id);
    }
  });

  it.each([
    '1.0',
    '1e0',
    '1E2',
    '-0',
    '0.0',
    `1${'0'.repeat(31)}`,
    `"${'x'.repeat(513)}"`,
    'null',
    'true',
    '{}',
    '[]',
    '[1]',
  ])('refuses %s', (id) => {
    expect(refusalOf(withId(id))).toMatchObject({ reason: 'message-invalid', detail: expect.stringMatching(/id is/) });
  });

  it('reads what a cancellation cancels by the same rule', () => {
    expect([cancels('7'), cancels('"a"')]).toEqual(['7', '"a"']);
    expect([cancels('1.0'), cancels('null'), cancels('{}'), cancels(`"${'x'.repeat(513)}"`)]).toEqual(
      Array(4).fill(null),
    );
  });

  it('gives the place of a progress token with its quotes', () => {
    expect([token('p'), token(''), token(5), token(1.5)]).toEqual(['"p"', '""', '5', '1.5']);
  });
});

describe('parseMessage on params', () => {
  it.each([
    ['tools/call', 'name'],
    ['prompts/get', 'name'],
    ['resources/read', 'uri'],
  ])('needs for %s a %s that is a text', (method, member) => {
    expect(reasonOf(request(method, { [member]: 'x' }))).toBe('taken');
    for (const params of [undefined, {}, { [member]: 1 }, { [member]: null }, { [member]: {} }, { other: 'x' }]) {
      const refusal = refusalOf(request(method, params, 'q'));
      expect(refusal).toMatchObject({ reason: 'params-invalid', id: '"q"', detail: expect.stringMatching(/.{5,}/) });
    }
  });

  it('needs for a completion a reference with a type', () => {
    const ref = { type: 'ref/prompt', name: 'p' };
    expect(messageOf(request('completion/complete', { ref })).ref).toEqual({ ...ref, uri: null });
    expect(messageOf(request('completion/complete', { ref: { type: 'ref/resource', uri: 'a://b' } })).ref).toEqual({
      type: 'ref/resource',
      name: null,
      uri: 'a://b',
    });
    for (const params of [undefined, {}, { ref: 'x' }, { ref: [] }, { ref: {} }, { ref: { type: 1 } }])
      expect(reasonOf(request('completion/complete', params))).toBe('params-invalid');
    expect(messageOf(request('tools/list', { ref: { name: 'p' } })).ref).toEqual({ type: '', name: 'p', uri: null });
  });

  it('needs them of no other method', () => {
    for (const method of ['tools/list', 'ping', 'constructor', 'toString', '__proto__', 'resources/subscribe'])
      expect([method, reasonOf(request(method, {}))]).toEqual([method, 'taken']);
  });

  it('takes arguments that are an object, and no others for a tool', () => {
    expect(messageOf(request('tools/call', { name: 't' })).args).toBeNull();
    expect(reasonOf(request('tools/call', { name: 't', arguments: {} }))).toBe('taken');
    for (const args of [null, [], 'x', 1, true])
      expect(refusalOf(request('tools/call', { name: 't', arguments: args }, 5))).toMatchObject({
        reason: 'params-invalid',
        id: '5',
        detail: 'arguments is not an object',
      });
  });

  it.each(['name', 'uri'])('takes a %s of up to 8192 characters without controls or halves of pairs', (member) => {
    const sent = (value: string) => reasonOf(request('tools/list', { [member]: value }));
    for (const value of ['', 'a', 'x'.repeat(8192), 'caf\u00e9 \u{1F511}', '\u200b', '~'])
      expect([value.slice(0, 9), sent(value)]).toEqual([value.slice(0, 9), 'taken']);
    for (const value of ['x'.repeat(8193), 'a\0', '\n', 'a\u001f', '\u007f', '\u0080', 'a\u009fb', '\ud800', '\udc00a'])
      expect([value.slice(0, 9), sent(value)]).toEqual([value.slice(0, 9), 'params-invalid']);
    expect(refusalOf(request('tools/list', { [member]: '\0' }, 8))).toMatchObject({
      id: '8',
      detail: expect.stringMatching(/name|uri/i),
    });
  });

  it('reads subscriptions, which are texts under the same rule, at most 1024', () => {
    const listen = (resourceSubscriptions: unknown, method = 'subscriptions/listen') =>
      request(method, { notifications: { resourceSubscriptions } });
    expect(messageOf(listen(['a://b', 'c\u00e9'])).resourceSubscriptions).toEqual(['a://b', 'c\u00e9']);
    expect(messageOf(listen([])).resourceSubscriptions).toEqual([]);
    expect(messageOf(request('subscriptions/listen')).resourceSubscriptions).toEqual([]);
    expect(messageOf(request('subscriptions/listen', { notifications: {} })).resourceSubscriptions).toEqual([]);
    expect(messageOf(listen(Array(1024).fill('a'))).resourceSubscriptions).toHaveLength(1024);
    for (const wrong of [Array(1025).fill('a'), 'a://b', {}, null, 1, [1], ['a', null], ['a', 'b\0'], ['\ud800']])
      expect(refusalOf(listen(wrong, 'subscriptions/listen'))).toMatchObject({
        reason: 'params-invalid',
        id: '1',
        detail: 'resourceSubscriptions',
      });
    expect(messageOf(listen(['a://b'], 'tools/list')).resourceSubscriptions).toEqual([]);
  });
});

describe('the refusal of parseMessage', () => {
  it('names no id for a notification, which has none', () => {
    const refusal = refusalOf({ jsonrpc: '2.0', method: 'notifications/x', params: { name: '\0' } });
    expect(refusal?.reason).toBe('params-invalid');
    expect(refusal).not.toHaveProperty('id');
  });

  it('never has text of the caller in its detail', () => {
    const canary = 'canary';
    for (const value of [
      request('tools/call', { [canary]: 1 }, canary),
      request('tools/call', { name: `${canary}\0` }),
      request(`${canary} x`),
      { jsonrpc: canary },
      `{"${canary}":1,"${canary}":2}`,
      `{"${canary}"`,
    ])
      expect(refusalOf(value)?.detail).not.toContain(canary);
  });
});
