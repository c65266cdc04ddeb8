import { describe, expect, it } from 'vitest';
import { createAnswer } from '../../../../../test/fixtures/answer-collector.ts';
import { createInMemoryChild, toPosted, type InMemoryChild } from '../../../../../test/fixtures/stdio-in-memory.ts';
import { SharedSession } from './shared-session.ts';

const INITIALIZE = { id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {} } };
const call = (id: unknown, name = 'echo') => ({ id, method: 'tools/call', params: { name } });
const cancel = (requestId: unknown) => ({ method: 'notifications/cancelled', params: { requestId } });
const LIST_CHANGED = 'notifications/tools/list_changed';

/** A session at a child, which was opened unless something else is said. */
async function open({
  child = createInMemoryChild(),
  mayCall = () => true,
  start = true,
  initialize = true,
}: { child?: InMemoryChild; mayCall?: () => boolean; start?: boolean; initialize?: boolean } = {}) {
  let ended = 0;
  const session = new SharedSession(child.shared, {
    id: 'the-id',
    listeners: child.listeners,
    mayCall,
    onEnd: () => (ended += 1),
  });
  const started = start ? await session.start() : null;
  const post = (message: object | string) => {
    const answer = createAnswer();
    session.post(toPosted(message), answer);
    return answer;
  };
  const listen = () => {
    const answer = createAnswer();
    session.listen(answer);
    return answer;
  };
  if (initialize) post(INITIALIZE);
  return { child, session, started, post, listen, ended: () => ended };
}

const reasonOf = ({ refusal }: ReturnType<typeof createAnswer>) => refusal?.reason;
const said = (code: number) => ({ code, message: expect.stringMatching(/\w/) });
const turn = () => new Promise(setImmediate);

describe('SharedSession', () => {
  it('opens once, by initialize, with its id in the headers', async () => {
    const { post, child } = await open({ initialize: false });
    expect(reasonOf(post(call(1)))).toBe('session-unknown');
    const opened = post(INITIALIZE);
    expect([opened.status, opened.headers.get('mcp-session-id'), opened.outcome]).toEqual([200, 'the-id', 'ended']);
    expect(opened.messages[0]).toMatchObject({
      id: 0,
      result: { protocolVersion: '2025-06-18', serverInfo: { name: 'memory' } },
    });
    expect(opened.messages[0]?.['result'].capabilities).not.toHaveProperty('logging');
    const again = post({ ...INITIALIZE, id: 1 });
    expect([again.headers.has('mcp-session-id'), again.messages[0]?.['error']]).toEqual([false, said(-32600)]);
    expect(reasonOf(post(call(2)))).toBeUndefined();
    expect(child.heard().map(({ method }) => method)).toEqual(['tools/call']);
  });

  it('is over where it cannot be opened: for what is no initialize, and without a child', async () => {
    const strange = await open({ initialize: false });
    expect(strange.post({ id: 1, method: 'initialize' }).messages[0]?.['error'].code).toBe(-32600);
    expect([strange.ended(), reasonOf(strange.post(INITIALIZE))]).toEqual([1, 'session-unknown']);
    const dead = await open({ initialize: false });
    dead.child.die();
    expect([dead.ended(), reasonOf(dead.post(INITIALIZE))]).toEqual([1, 'session-unknown']);
    const never = await open({ child: createInMemoryChild({}, false), initialize: false });
    expect([never.started?.kind, never.ended()]).toEqual(['lost', 1]);
    const early = await open({ start: false, initialize: false });
    expect([early.post(INITIALIZE).messages[0]?.['error'], early.ended()]).toEqual([said(-32600), 1]);
  });

  it('exchanges the id of a call for one of the child’s, and back', async () => {
    const { post, child } = await open();
    const calls = [post(call('1')), post(call(1))];
    const sent = child.heard();
    expect(new Set(sent.map(({ id }) => id)).size).toBe(2);
    for (const { id } of sent.toReversed()) child.say({ id, result: { of: id } });
    expect(calls.map(({ messages }) => messages)).toEqual([
      [{ jsonrpc: '2.0', id: '1', result: { of: sent[0]?.['id'] } }],
      [{ jsonrpc: '2.0', id: 1, result: { of: sent[1]?.['id'] } }],
    ]);
  });

  it('refuses an id that is in use, however it is spelled, until that is answered', async () => {
    const { post, child, session } = await open();
    post(call('a'));
    expect(session.underWay).toBe(1);
    expect(reasonOf(post('{"jsonrpc":"2.0","id":"\\u0061","method":"ping"}'))).toBe('id-in-use');
    child.say({ id: child.heard()[0]?.['id'], error: { code: 1, message: 'no' } });
    expect(session.underWay).toBe(0);
    expect(reasonOf(post(call('a')))).toBeUndefined();
  });

  it('refuses more calls than it, or its owner, may have under way', async () => {
    let may = false;
    const { post, child } = await open({ mayCall: () => may });
    expect(reasonOf(post(call(0)))).toBe('upstream-unreachable');
    may = true;
    for (let id = 1; id <= 100; id += 1) post(call(id));
    expect(child.heard()).toHaveLength(100);
    expect([reasonOf(post(call(101))), child.heard()]).toEqual(['upstream-unreachable', []]);
    expect(post({ id: 102, method: 'ping' }).messages).toEqual([{ jsonrpc: '2.0', id: 102, result: {} }]);
  });

  it('hands on no method that would set something for all, or is of the other revision', async () => {
    const { post, child } = await open();
    for (const method of ['logging/setLevel', 'tasks/list', 'tasks/', 'server/discover', 'subscriptions/listen'])
      expect([post({ id: 1, method }).messages[0]?.['error'], child.heard()]).toEqual([said(-32601), []]);
    for (const method of ['x/logging/setLevel', 'logging/setLevels', 'tasks', 'x/tasks/list']) {
      const { messages } = post({ id: method, method });
      expect([messages, child.heard().map((sent) => sent['method'])]).toEqual([[], [method]]);
    }
  });

  it('takes notifications and hands none of them on', async () => {
    const { post, child } = await open();
    for (const message of [
      { method: 'notifications/initialized' },
      { method: 'notifications/x' },
      cancel(7),
      { id: 1, result: {} },
    ]) {
      const { status, outcome, body, headers } = post(message);
      expect([status, outcome, body, headers.size]).toEqual([202, 'ended', '', 0]);
    }
    expect(child.heard()).toEqual([]);
  });

  it('gives progress to the call it is of, under the caller’s token, and only where one was given', async () => {
    const { post, child } = await open();
    const withToken = post({ ...call(1), params: { name: 'echo', _meta: { progressToken: 't' } } });
    const without = post(call(2));
    const [first, second] = child.heard();
    expect(first?.['params']._meta).toEqual({ progressToken: first?.['id'] });
    for (const sent of [first, second])
      child.say({ method: 'notifications/progress', params: { progressToken: sent?.['id'], progress: 1 } });
    expect(withToken.messages).toEqual([
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 't', progress: 1 } },
    ]);
    expect(without.body).toBe('');
    const hidden = post({ ...call(3), params: { name: 'echo', _meta: { progressToken: {} } } });
    expect([hidden.refusal, child.heard()]).toEqual([
      { reason: 'params-invalid', detail: expect.stringMatching(/\w/) },
      [],
    ]);
  });

  it('cancels what its client cancels, tells the child why, and answers it no more', async () => {
    const { post, child, session } = await open();
    const waiting = post(call('x'));
    const id = child.heard()[0]?.['id'] as number;
    post(cancel('x'));
    expect([waiting.outcome, waiting.messages, session.underWay]).toEqual(['ended', [], 0]);
    expect(child.heard()).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: id, reason: expect.stringMatching(/\w/) },
      },
    ]);
    child.say({ id, result: {} });
    expect(waiting.messages).toEqual([]);
  });

  it('ends once: what is under way is cancelled and refused, and nothing more is taken', async () => {
    const { post, child, session, listen, ended } = await open();
    const [waiting, stream] = [post(call(1)), listen()];
    const id = child.heard()[0]?.['id'] as number;
    session.end();
    session.end();
    expect([reasonOf(waiting), stream.outcome, ended(), session.underWay]).toEqual(['session-unknown', 'ended', 1, 0]);
    expect(child.heard()).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: id, reason: expect.stringMatching(/\w/) } },
    ]);
    child.say({ method: LIST_CHANGED });
    expect([stream.messages, reasonOf(post(call(2))), reasonOf(listen()), child.heard()]).toEqual([
      [],
      'session-unknown',
      'session-unknown',
      [],
    ]);
  });

  it('ends with the child, and its calls with it', async () => {
    const { post, child, ended } = await open();
    const waiting = post(call(1));
    child.die();
    expect([reasonOf(waiting), ended()]).toEqual(['upstream-exited', 1]);
  });

  it('hears of changes from its start on, and has the child watch what it subscribed to', async () => {
    const { post, child, listen } = await open();
    child.say({ method: LIST_CHANGED });
    const stream = listen();
    const subscribed = post({ id: 1, method: 'resources/subscribe', params: { uri: 'a:x' } });
    const [asked] = child.heard();
    expect(asked).toMatchObject({ method: 'resources/subscribe', params: { uri: 'a:x' } });
    child.say({ id: asked?.['id'], result: {} });
    await turn();
    expect(subscribed.messages).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    for (const uri of ['a:y', 'a:x']) child.say({ method: 'notifications/resources/updated', params: { uri } });
    const unsubscribed = post({ id: 2, method: 'resources/unsubscribe', params: { uri: 'a:x' } });
    await turn();
    expect(unsubscribed.messages).toEqual([{ jsonrpc: '2.0', id: 2, result: {} }]);
    await turn();
    expect(child.heard()).toMatchObject([{ method: 'resources/unsubscribe', params: { uri: 'a:x' } }]);
    child.say({ method: 'notifications/resources/updated', params: { uri: 'a:x' } });
    expect(stream.messages.map(({ method, params }) => params?.uri ?? method)).toEqual([LIST_CHANGED, 'a:x']);
  });

  it('has the child watch nothing any more that only it wanted, when it ends', async () => {
    const { post, child, session } = await open();
    post({ id: 1, method: 'resources/subscribe', params: { uri: 'a:x' } });
    child.say({ id: child.heard()[0]?.['id'], result: {} });
    await turn();
    session.end();
    await turn();
    expect(child.heard()).toMatchObject([{ method: 'resources/unsubscribe', params: { uri: 'a:x' } }]);
  });

  it('says that a resource is not watched where the server does not agree', async () => {
    const { post, child } = await open();
    const subscribed = post({ id: 1, method: 'resources/subscribe', params: { uri: 'a:x' } });
    child.say({ id: child.heard()[0]?.['id'], error: { code: -32601, message: 'no' } });
    await turn();
    const { messages } = subscribed;
    expect(messages).toEqual([
      { jsonrpc: '2.0', id: 1, error: { code: -32602, message: expect.stringMatching(/\w/) } },
    ]);
  });
});
