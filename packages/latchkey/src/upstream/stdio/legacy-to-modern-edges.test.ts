import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAnswer } from '../../../../../test/fixtures/answer-collector.ts';
import { createInMemoryChild, toPosted, type InMemoryChild } from '../../../../../test/fixtures/stdio-in-memory.ts';
import { LegacySession } from './legacy-to-modern.ts';

const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'client', version: '2' },
  },
};
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'client', version: '2' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
};
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const call = (id: unknown, params: object = {}) => ({ id, method: 'tools/call', params: { name: 'echo', ...params } });
const cancel = (requestId: unknown) => ({ method: 'notifications/cancelled', params: { requestId } });
const ASKS = {
  resultType: 'input_required',
  inputRequests: { name: { method: 'elicitation/create', params: { message: 'Who?' } } },
  requestState: 'a"b',
};

const MODERN = { era: 'modern', protocolVersion: null } as const;
const turn = () => new Promise(setImmediate);
const done = (id: number) => [{ jsonrpc: '2.0', id, result: {} }];
const reasonOf = ({ refusal }: ReturnType<typeof createAnswer>) => refusal?.reason;
/** The code of an error that says something. */
const codeOf = ({ messages: [first] }: ReturnType<typeof createAnswer>) =>
  /\w/.test(first?.['error']?.message ?? '') ? first?.['error'].code : null;

/** A session at a child of 2026-07-28, which was opened unless something else is said. */
async function open({
  child = createInMemoryChild(MODERN),
  mayCall = () => true,
  initialize = INITIALIZE as object | null,
}: { child?: InMemoryChild; mayCall?: () => boolean; initialize?: object | null } = {}) {
  let ended = 0;
  const session = new LegacySession(child.shared, {
    id: 'the-id',
    callTimeoutMs: 60_000,
    mayCall,
    onEnd: () => (ended += 1),
  });
  const started = await session.start();
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
  if (initialize !== null) post(initialize);
  return {
    child,
    session,
    started,
    post,
    listen,
    ended: () => ended,
    /** A call that the child has heard, and the child's id of it. */
    async calling(message: object | string) {
      const answer = post(message);
      await turn();
      const [sent = {}] = child.heard();
      return { answer, sent, id: sent['id'] as number };
    },
  };
}

describe('LegacySession', () => {
  afterEach(() => void vi.useRealTimers());

  it('opens once, by initialize, with its id in the headers', async () => {
    const { post, child } = await open({ initialize: null });
    expect(reasonOf(post(call(1)))).toBe('session-unknown');
    const opened = post(INITIALIZE);
    expect([opened.status, opened.headers.get('mcp-session-id'), opened.outcome]).toEqual([200, 'the-id', 'ended']);
    expect(opened.messages[0]).toMatchObject({
      id: 0,
      result: { protocolVersion: '2025-06-18', serverInfo: { name: 'memory' } },
    });
    const again = post({ ...INITIALIZE, id: 1 });
    expect([again.headers.has('mcp-session-id'), codeOf(again)]).toEqual([false, -32600]);
    await turn();
    expect([child.heard(), reasonOf(post(call(2)))]).toEqual([[], undefined]);
  });

  it('is over where it cannot be opened: for what is no initialize, and without a child', async () => {
    const strange = await open({ initialize: null });
    expect(codeOf(strange.post({ id: 1, method: 'initialize' }))).toBe(-32600);
    expect([strange.ended(), reasonOf(strange.post(INITIALIZE))]).toEqual([1, 'session-unknown']);
    const dead = await open({ initialize: null });
    dead.child.die();
    expect([codeOf(dead.post(INITIALIZE)), dead.ended()]).toEqual([-32600, 1]);
    const never = await open({ child: createInMemoryChild(MODERN, false), initialize: null });
    expect([never.started.kind, never.ended()]).toEqual(['lost', 1]);
  });

  it('adds what 2026-07-28 needs, beside what is there', async () => {
    const { calling } = await open();
    const paramsOf = async (message: object | string) => (await calling(message)).sent['params'];
    expect(await paramsOf({ id: 1, method: 'tools/list' })).toEqual({ _meta: META });
    expect(await paramsOf('{"jsonrpc":"2.0","id":2,"method":"tools/list"  }  ')).toEqual({ _meta: META });
    expect(await paramsOf({ id: 3, method: 'tools/list', params: {} })).toEqual({ _meta: META });
    expect(await paramsOf(call(4))).toEqual({ name: 'echo', _meta: META });
    expect(await paramsOf(call(5, { _meta: {} }))).toEqual({ name: 'echo', _meta: META });
    expect(await paramsOf(call(6, { _meta: { a: 1 } }))).toEqual({ name: 'echo', _meta: { a: 1, ...META } });
  });

  it('says of a client that says nothing of itself that it is unknown and can nothing', async () => {
    for (const more of [{}, { capabilities: [], clientInfo: 'x' }]) {
      const { calling } = await open({
        initialize: { ...INITIALIZE, params: { protocolVersion: '2025-06-18', ...more } },
      });
      const { sent } = await calling(call(1));
      expect(sent['params']._meta).toEqual({
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'unknown', version: '0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      });
    }
  });

  it('refuses what says already what is added, which would be read in two ways', async () => {
    const { post, child } = await open();
    for (const params of [
      { inputResponses: {} },
      { requestState: 'x' },
      { _meta: { progressToken: {} } },
      ...['protocolVersion', 'clientInfo', 'clientCapabilities', 'logLevel'].map((name) => ({
        _meta: { [`io.modelcontextprotocol/${name}`]: {} },
      })),
    ])
      expect(post(call(1, params)).refusal).toEqual({ reason: 'params-invalid', detail: '_meta' });
    await turn();
    expect(child.heard()).toEqual([]);
  });

  it('hands on no word of the other revision, and answers a ping itself', async () => {
    const { post, child } = await open();
    for (const method of ['server/discover', 'subscriptions/listen'])
      expect(codeOf(post({ id: 1, method }))).toBe(-32601);
    expect(post({ id: 2, method: 'ping' }).messages).toEqual([{ jsonrpc: '2.0', id: 2, result: {} }]);
    await turn();
    expect(child.heard()).toEqual([]);
  });

  it('gives the answer under the caller’s id, and progress under its token', async () => {
    const { calling, child, session } = await open();
    const { answer, id, sent } = await calling(call('a', { _meta: { progressToken: 't' } }));
    expect([sent['params']._meta.progressToken, session.underWay]).toEqual([id, 1]);
    child.say({ method: 'notifications/progress', params: { progressToken: id, progress: 1 } });
    child.say({ id, result: { resultType: 'complete', n: 1 } });
    await turn();
    expect(answer.messages).toEqual([
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 't', progress: 1 } },
      { jsonrpc: '2.0', id: 'a', result: { resultType: 'complete', n: 1 } },
    ]);
    expect(session.underWay).toBe(0);
  });

  it('refuses an id that is in use, however it is spelled, until that is answered', async () => {
    const { calling, post, child } = await open();
    const { id } = await calling(call('a'));
    expect(reasonOf(post('{"jsonrpc":"2.0","id":"\\u0061","method":"ping"}'))).toBe('id-in-use');
    child.say({ id, error: { code: 1, message: 'no' } });
    await turn();
    expect(reasonOf(post(call('a')))).toBeUndefined();
  });

  it('refuses more calls than it, or its owner, may have under way', async () => {
    let may = false;
    const { post, child } = await open({ mayCall: () => may });
    expect(reasonOf(post(call(0)))).toBe('upstream-unreachable');
    may = true;
    for (let id = 1; id <= 100; id += 1) post(call(id));
    await turn();
    expect(child.heard()).toHaveLength(100);
    expect(reasonOf(post(call(101)))).toBe('upstream-unreachable');
    await turn();
    expect(child.heard()).toEqual([]);
  });

  it('takes notifications and hands none of them on', async () => {
    const { post, child } = await open();
    for (const message of [{ method: 'notifications/x' }, cancel(7), { id: 1, result: {} }]) {
      const { status, outcome, body, headers } = post(message);
      expect([status, outcome, body, headers.size]).toEqual([202, 'ended', '', 0]);
    }
    await turn();
    expect(child.heard()).toEqual([]);
  });

  it('sends nothing of a call that was cancelled, or whose session ended, before the child was there', async () => {
    const { post, child, session } = await open();
    const cancelled = post(call(1));
    post(cancel(1));
    await turn();
    expect([cancelled.outcome, cancelled.messages, child.heard()]).toEqual(['ended', [], []]);
    const ended = post(call(2));
    session.end();
    await turn();
    expect([reasonOf(ended), child.heard()]).toEqual(['session-unknown', []]);
  });

  it('cancels what its client cancels, tells the child why, and answers it no more', async () => {
    const { calling, post, child, session } = await open();
    const { answer, id } = await calling(call('x'));
    post(cancel('x'));
    expect([answer.outcome, answer.messages, session.underWay]).toEqual(['ended', [], 0]);
    expect(child.heard()).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: id, reason: expect.stringMatching(/\w/) },
      },
    ]);
    child.say({ id, result: {} });
    await turn();
    expect(answer.messages).toEqual([]);
  });

  it('refuses what is under way when the child is lost, and what comes while it is gone', async () => {
    const { calling, post, child, session } = await open();
    const { answer } = await calling(call(1));
    child.die();
    expect([reasonOf(answer), session.underWay]).toEqual(['upstream-exited', 0]);
    const later = post(call(2));
    await turn();
    expect([reasonOf(later), session.underWay, child.heard()]).toEqual(['upstream-exited', 0, []]);
    child.shared.close();
    const last = post(call(3));
    await turn();
    expect(reasonOf(last)).toBe('shutting-down');
  });

  it('ends once: what is under way is cancelled and refused, and nothing more is taken', async () => {
    const { calling, post, child, session, listen, ended } = await open();
    const { answer, id } = await calling(call(1));
    const stream = listen();
    expect(stream.status).toBe(200);
    session.end();
    session.end();
    expect([reasonOf(answer), stream.outcome, ended(), session.underWay]).toEqual(['session-unknown', 'ended', 1, 0]);
    expect(child.heard()).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: id, reason: expect.stringMatching(/\w/) } },
    ]);
    expect([reasonOf(post(call(2))), reasonOf(listen())]).toEqual(['session-unknown', 'session-unknown']);
    await turn();
    expect(child.heard()).toEqual([]);
  });

  describe('where the child asks for input', () => {
    it('asks its client, and calls again with the answers, as often as eight times', async () => {
      const { calling, child, post } = await open();
      const { answer, id } = await calling(call(1, { _meta: { a: 1 } }));
      let asked = id;
      for (let round = 1; round <= 8; round += 1) {
        child.say({ id: asked, result: ASKS });
        await turn();
        const question = answer.messages[round - 1];
        expect(question).toMatchObject({ method: 'elicitation/create', params: { message: 'Who?' } });
        post({ id: question?.['id'], result: { action: 'accept', content: { round } } });
        await turn();
        const [sent] = child.heard();
        expect(sent).toMatchObject({ method: 'tools/call' });
        expect(sent?.['params']).toEqual({
          name: 'echo',
          _meta: { a: 1, ...META },
          inputResponses: { name: { action: 'accept', content: { round } } },
          requestState: 'a"b',
        });
        expect(sent?.['id']).not.toBe(asked);
        asked = sent?.['id'] as number;
      }
      child.say({ id: asked, result: ASKS });
      await turn();
      const { messages } = answer;
      expect(messages.slice(8)).toEqual([
        { jsonrpc: '2.0', id: 1, error: { code: -32603, message: expect.stringMatching(/\w/) } },
      ]);
      expect(child.heard()).toEqual([]);
    });

    it('sends back no state where the child gave none', async () => {
      const { calling, child, post } = await open();
      const { answer, id } = await calling({ id: 1, method: 'tools/list', params: {} });
      child.say({ id, result: { ...ASKS, requestState: 7 } });
      await turn();
      post({ id: answer.messages[0]?.['id'], result: { action: 'decline' } });
      await turn();
      expect(child.heard()[0]?.['params']).toEqual({ _meta: META, inputResponses: { name: { action: 'decline' } } });
    });

    it('gives an error where its client cannot be asked, or a message has no room for the answers', async () => {
      const { calling, child, session } = await open();
      const answerTo = async (message: object, result: unknown) => {
        const { answer, id } = await calling(message);
        child.say({ id, result });
        await turn();
        expect([child.heard(), session.underWay]).toEqual([[], 0]);
        return codeOf(answer);
      };
      const sampling = { ...ASKS, inputRequests: { a: { method: 'sampling/createMessage', params: {} } } };
      expect(await answerTo(call(1), sampling)).toBe(-32603);
      expect(await answerTo({ id: 1, method: 'tools/list' }, { ...ASKS, inputRequests: {} })).toBe(-32603);
      const other = await calling(call(1));
      child.say({ id: other.id, result: { resultType: 'inputRequired' } });
      await turn();
      expect(other.answer.messages[0]).toHaveProperty('result');
    });

    it.each([{ result: {} }, { error: { code: 1, message: 'no' } }])(
      'lets a call rest that was cancelled while its client was asked, and another have its id: %o',
      async (response) => {
        const { calling, child, post, session } = await open();
        const { answer, id } = await calling(call(1));
        child.say({ id, result: ASKS });
        await turn();
        post(cancel(1));
        child.heard();
        await calling(call(1));
        post({ id: answer.messages[0]?.['id'], ...response });
        await turn();
        expect([answer.messages.length, answer.outcome, child.heard(), session.underWay]).toEqual([1, 'ended', [], 1]);
      },
    );

    it('waits for no answer any more when its session ends', async () => {
      const { calling, child, session } = await open();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
      const { answer, id } = await calling(call(1));
      child.say({ id, result: ASKS });
      await turn();
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      child.heard();
      session.end();
      await turn();
      expect([vi.getTimerCount(), child.heard('tools/call')]).toEqual([0, []]);
      expect(answer.messages.at(-1)).toMatchObject({ id: 1, error: expect.anything() });
    });
  });

  it('listens to changes once its client is ready, and tells them on its stream', async () => {
    const { post, child, listen, session } = await open();
    expect(post({ method: 'notifications/initialized' }).status).toBe(202);
    await turn();
    const [listening] = child.heard('subscriptions/listen');
    expect(listening?.['params']).toEqual({
      _meta: META,
      notifications: { toolsListChanged: true, resourcesListChanged: true },
    });
    const _meta = { [SUBSCRIPTION]: listening?.['id'] };
    child.say({ method: 'notifications/subscriptions/acknowledged', params: { _meta, notifications: {} } });
    child.say({ method: 'notifications/tools/list_changed', params: { _meta } });
    expect(listen().messages).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
    session.end();
    expect(child.heard('notifications/cancelled')).toMatchObject([{ params: { requestId: listening?.['id'] } }]);
  });

  it('watches a resource for its client, and says so where the server does not agree', async () => {
    const { post, child } = await open();
    const ask = async (id: number, method: string, uri: string, agreed: readonly string[]) => {
      const answer = post({ id, method, params: { uri } });
      await turn();
      const [sent] = child.heard('subscriptions/listen');
      const params = { _meta: { [SUBSCRIPTION]: sent?.['id'] }, notifications: { resourceSubscriptions: agreed } };
      child.say({ method: 'notifications/subscriptions/acknowledged', params });
      await turn();
      return [answer.messages, sent?.['params'].notifications.resourceSubscriptions];
    };
    expect(await ask(1, 'resources/subscribe', 'a:x', ['a:x'])).toEqual([done(1), ['a:x']]);
    expect(await ask(2, 'resources/subscribe', 'a:y', ['a:x'])).toEqual([
      [{ jsonrpc: '2.0', id: 2, error: { code: -32602, message: expect.stringMatching(/\w/) } }],
      ['a:x', 'a:y'],
    ]);
    expect(await ask(3, 'resources/unsubscribe', 'a:x', [])).toEqual([done(3), undefined]);
  });
});
