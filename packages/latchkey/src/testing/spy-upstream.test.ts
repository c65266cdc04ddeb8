import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startSpyUpstream, type SpyUpstream } from './spy-upstream.ts';

const callOf = (name: string) => ({ id: 1, method: 'tools/call', params: { name, arguments: { text: 'hi' } } });
const ran = (name: string) => ({ content: [{ text: JSON.stringify({ ran: name, args: { text: 'hi' } }) }] });

describe('startSpyUpstream', () => {
  let spy: SpyUpstream;

  beforeEach(async () => {
    spy = await startSpyUpstream();
  });
  afterEach(() => spy.close());

  const send = (method: string, headers: Record<string, string>, body?: string) =>
    fetch(spy.url, { method, headers, ...(body !== undefined && { body }) });
  const modern = (message: object) =>
    send('POST', { 'mcp-protocol-version': '2026-07-28' }, JSON.stringify({ jsonrpc: '2.0', ...message }));
  const legacy = (message: object, session?: string) =>
    send('POST', session === undefined ? {} : { 'mcp-session-id': session }, JSON.stringify(message));

  it('remembers each request as it came, with nothing merged', async () => {
    await modern(callOf('echo'));
    expect(spy.requests).toMatchObject([{ method: 'POST', target: '/mcp', body: expect.stringContaining('"hi"') }]);
    const { port } = new URL(spy.url);
    const socket = connect(Number(port), '127.0.0.1');
    const bytes = Buffer.from(
      'GET /other HTTP/1.1\r\nHost: a\r\nX-Odd: 1\r\nx-odd: \xe9\r\nConnection: close\r\n\r\n',
      'latin1',
    );
    socket.end(bytes);
    await once(socket.resume(), 'close');
    expect(spy.bytes().endsWith(bytes.toString('latin1'))).toBe(true);
    expect(spy.requests.at(-1)).toMatchObject({
      target: '/other',
      rawHeaders: ['Host', 'a', 'X-Odd', '1', 'x-odd', '\xe9', 'Connection', 'close'],
    });
    spy.reset();
    expect([spy.requests.length, spy.bytes()]).toEqual([0, '']);
  });

  it('answers as a server of revision 2026-07-28', async () => {
    const answerOf = async (message: object) => (await (await modern(message)).json()) as { result: object };
    expect((await answerOf({ id: 1, method: 'server/discover' })).result).toMatchObject({
      supportedVersions: ['2026-07-28'],
    });
    expect((await answerOf({ id: 1, method: 'tools/list' })).result).toMatchObject({ tools: [{ name: 'echo' }] });
    expect((await answerOf(callOf('echo'))).result).toMatchObject(ran('echo'));
    expect(await answerOf(callOf('absent'))).toMatchObject({ error: { code: -32602 } });
    expect((await answerOf({ id: 1, method: 'resources/read' })).result).toMatchObject({ contents: [] });
    expect((await answerOf({ id: 1, method: 'prompts/get' })).result).toMatchObject({ messages: [] });
    expect((await modern({ id: 1, method: 'initialize' })).status).toBe(404);
    expect((await modern({ method: 'notifications/cancelled' })).status).toBe(202);
    const stream = await modern({ id: 7, method: 'subscriptions/listen' });
    const { value } = await stream.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toContain('notifications/subscriptions/acknowledged');
  });

  it('has sessions in the revisions before', async () => {
    const begun = await legacy({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18' } });
    expect(await begun.json()).toMatchObject({ result: { protocolVersion: '2025-06-18' } });
    expect(await (await legacy({ id: 1, method: 'initialize' })).json()).toMatchObject({
      result: { protocolVersion: '2025-03-26' },
    });
    const session = begun.headers.get('mcp-session-id') ?? '';
    const ask = async (message: object) => (await (await legacy(message, session)).json()) as object;
    expect(await ask({ id: 2, method: 'tools/list' })).toMatchObject({ result: { tools: [{ name: 'echo' }] } });
    expect(await ask(callOf('echo'))).toMatchObject({ result: ran('echo') });
    expect(await ask({ id: 3, method: 'ping' })).toMatchObject({ result: {} });
    expect(await ask({ id: 4, method: 'absent' })).toMatchObject({ error: { code: -32601 } });
    expect((await legacy({ method: 'notifications/initialized' }, session)).status).toBe(202);
    expect((await legacy({ id: 5, method: 'ping' })).status).toBe(400);
    expect((await legacy({ id: 5, method: 'ping' }, 'absent')).status).toBe(404);
    const stream = await send('GET', { 'mcp-session-id': session });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    await stream.body!.cancel();
    expect((await send('DELETE', { 'mcp-session-id': session })).status).toBe(200);
    expect((await send('GET', { 'mcp-session-id': session })).status).toBe(404);
    expect((await send('GET', {})).status).toBe(400);
  });

  it('refuses what is no message, and remembers it', async () => {
    for (const body of ['', '{', '7']) expect((await send('POST', {}, body)).status).toBe(400);
    expect(spy.requests.map(({ body }) => body)).toEqual(['', '{', '7']);
  });

  it('offers the tools it is given, or answers as it is told', async () => {
    await spy.close();
    spy = await startSpyUpstream({ tools: [{ name: 'read_file', inputSchema: { type: 'object' } }] });
    expect(await (await modern(callOf('read_file'))).json()).toMatchObject({ result: ran('read_file') });
    await spy.close();
    spy = await startSpyUpstream({ answer: ({ response, body }) => response.end(body.toUpperCase()) });
    expect(await (await send('POST', {}, 'abc')).text()).toBe('ABC');
  });

  it('counts who went away before the answer, and keeps what came of a request', async () => {
    await spy.close();
    spy = await startSpyUpstream({ answer: () => {} });
    const port = Number(new URL(spy.url).port);
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf');
    await vi.waitFor(() => expect(spy.bytes()).toContain('half'));
    socket.destroy();
    await vi.waitFor(() => expect(spy.cancelled()).toBe(1));
    expect(spy.requests).toMatchObject([{ body: 'half' }]);
  });
});
