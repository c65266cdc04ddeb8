import { expect } from 'vitest';
import { openEvents, type Event, type EventStream } from '../fixtures/event-stream.ts';
import type { Latchkey } from '../fixtures/latchkey.ts';
import type { RawAnswer } from '../fixtures/raw-http.ts';
import { requestBytes, send, type Call, type Door, type Site, type Spy } from './harness.ts';

/** A client of the deprecated HTTP+SSE transport, without an SDK: one stream, and messages posted beside it. */
export interface SseClient {
  readonly stream: EventStream;
  /** Path and query that messages are posted to, as the first event says. */
  readonly endpoint: string;
  /** Posts one message; `change` may make a mistake of it. */
  post(message: object, change?: Call): Promise<RawAnswer>;
  /** Posts a request and waits for its answer on the stream; each needs an id of its own. */
  ask(method: string, params?: object, id?: string | number): Promise<Event>;
}

/** Whatever site it is: only the gateway and a token are needed. */
type AnySite = Door & { readonly gateway: Pick<Latchkey, 'url'> };

/** The headers that only Streamable HTTP has, left out. */
export const BARE = { 'MCP-Protocol-Version': null, 'Mcp-Method': null, 'Mcp-Name': null };

export function getCall(target = '/sse', token?: string | null): Call {
  return { method: 'GET', target, headers: { Accept: 'text/event-stream' }, ...(token === undefined ? {} : { token }) };
}

export function postCall(endpoint: string, message: object, token?: string | null): Call {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  return { target: endpoint, headers: { ...BARE, Accept: '*/*' }, body, ...(token === undefined ? {} : { token }) };
}

export const request = (method: string, params: object = {}, id: unknown = 1): object => ({ id, method, params });
export const toolCall = (name: string, args: object = {}, id: unknown = 1, meta?: object): object =>
  request('tools/call', { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) }, id);

/** Opens a stream and reads where to post; no MCP session yet. */
export async function openSse(site: AnySite, token = site.tokens.aliceRead, target = '/sse'): Promise<SseClient> {
  const stream = await openEvents(site.gateway.url, requestBytes(site, getCall(target, token)));
  await expect.poll(() => stream.text, { timeout: 10_000, interval: 5 }).toMatch(/^event: endpoint\ndata: .+\n\n/);
  const endpoint = /^event: endpoint\ndata: (.+)\n\n/.exec(stream.text)?.[1] ?? '';
  const post = (message: object, change: Call = {}): Promise<RawAnswer> => {
    const call = postCall(endpoint, message, token);
    return send(site, { ...call, ...change, headers: { ...call.headers, ...change.headers } });
  };
  return {
    stream,
    endpoint,
    post,
    async ask(method, params = {}, id = 1) {
      const answer = await post(request(method, params, id));
      expect([answer.status, answer.body]).toEqual([202, '']);
      return stream.until((message) => message.id === id && message.method === undefined);
    },
  };
}

/** The same with a session that is ready for calls. */
export async function startSse(
  site: AnySite,
  token = site.tokens.aliceRead,
  { revision = '2025-11-25', capabilities = {}, target = '/sse' } = {},
): Promise<SseClient> {
  const client = await openSse(site, token, target);
  const params = { protocolVersion: revision, capabilities, clientInfo: { name: 'test', version: '1' } };
  const opened = await client.ask('initialize', params, 'initialize');
  expect(opened.result).toMatchObject({ protocolVersion: revision, serverInfo: expect.any(Object) });
  expect((await client.post({ method: 'notifications/initialized' })).status).toBe(202);
  return client;
}

/** The same before a spy, once it has seen all that opening a session sends it. */
export async function startQuietSse(site: Site<Spy>, token?: string, options: object = {}): Promise<SseClient> {
  site.spy.reset();
  const client = await startSse(site, token, options);
  await site.spy.settled?.();
  // Only a server over HTTP is asked for a stream.
  const over = site.spy.settled === undefined ? 'http' : 'stdio';
  await expect.poll(() => over === 'stdio' || site.spy.requests.some(({ method }) => method === 'GET')).toBe(true);
  return client;
}

/** The first text of a tool's result. */
export function textOf(message: Event): string {
  return String(message.result?.['content']?.[0]?.text);
}
