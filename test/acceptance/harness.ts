import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createCredentials, type Credentials } from '../fixtures/credentials.ts';
import { DOOR, startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { exchangeRaw, type RawAnswer } from '../fixtures/raw-http.ts';
import { startSpyUpstream, type SpiedRequest, type SpyUpstream } from '../fixtures/spy-upstream.ts';
import { createStdioSpy, type StdioSpy } from '../fixtures/stdio-spy.ts';

/** What every kind of spy can be asked; `settled` waits until it has seen all it was sent. */
export type Spy = Pick<SpyUpstream, 'bytes' | 'requests' | 'reset' | 'close'> & Partial<Pick<StdioSpy, 'settled'>>;

/** The catalogue's fixtures: the gateway in front of the spy, and a credential of each kind. */
export interface Site<AnySpy extends Spy = SpyUpstream> {
  readonly gateway: Latchkey;
  readonly spy: AnySpy;
  readonly tokens: Credentials['tokens'];
  readonly apiKey: string;
  close(): Promise<void>;
}

const CONFIG = {
  tools: {
    echo: { scopes: ['file:read'] },
    query: { scopes: ['file:read'] },
    ask: { scopes: ['file:read'] },
    slow: { scopes: ['file:read'] },
    write_file: { scopes: ['file:write'] },
    copy_secret: { scopes: ['file:read', 'secret:read'] },
  },
  resources: { 'file:///data/*': { scopes: ['file:read'] } },
  prompts: { greet: { scopes: ['file:read'] } },
  scopes: { admin: { implies: ['file:read', 'file:write'] } },
};

/** Starts the gateway before a spy, with the catalogue's rules; `config` adds to them. */
export async function startSite(
  config: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const spy = await startSpyUpstream();
  const gateway = await startLatchkey({ config: { ...CONFIG, upstream: { url: spy.url }, ...config }, env });
  return {
    gateway,
    spy,
    ...(await createCredentials(gateway.store)),
    async close() {
      await gateway.close();
      await spy.close();
    },
  };
}

/** The same before a stdio server that speaks one era, with the credentials of `like` where there is one. */
export async function startStdioSite(
  era: 'modern' | 'legacy',
  config: Readonly<Record<string, unknown>> = {},
  like: Site | null = null,
): Promise<Site<StdioSpy>> {
  if (like === null) {
    const maker = await startSite(config);
    const site = await startStdioSite(era, config, maker);
    await maker.close();
    return site;
  }
  const spy = createStdioSpy(era);
  const store = await copyStore(like.gateway.store);
  const gateway = await startLatchkey({ config: { ...CONFIG, upstream: spy.upstream, ...config, store } });
  return {
    ...like,
    gateway: { ...gateway, token: like.gateway.token },
    spy,
    async close() {
      await gateway.close();
      await spy.close();
      await rm(store, { recursive: true });
    },
  };
}

/** A site before each kind of upstream: HTTP, a legacy stdio server and a modern one. The credentials are the same. */
export async function startEverySite(
  config: Readonly<Record<string, unknown>> = {},
): Promise<readonly [Site, Site<StdioSpy>, Site<StdioSpy>]> {
  const http = await startSite(config);
  if (DOOR !== null) return onlyOverHttp(http);
  return [http, await startStdioSite('legacy', config, http), await startStdioSite('modern', config, http)];
}

/** The sites of a door: nothing is behind it but what it is in. Tests ask the first by its place, and then all there are. */
export function onlyOverHttp<Sites extends readonly Site<Spy>[]>(http: Sites[0]): Sites {
  return [http] as unknown as Sites;
}

/** Making credentials takes a process each, so other sites start with a copy of them. */
export async function copyStore(store: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'latchkey-store-'));
  const database = new DatabaseSync(join(store, 'credentials.db'));
  database.prepare('VACUUM INTO ?').run(join(copy, 'credentials.db'));
  database.close();
  return copy;
}

type Headers = Readonly<Record<string, string | readonly string[] | null>>;

export interface Call {
  readonly method?: string;
  readonly target?: string;
  /** Over the defaults of M0; null leaves a header out, an array sends it several times. */
  readonly headers?: Headers;
  /** Sent as it is; without it the message below is. */
  readonly body?: string | Buffer | null;
  readonly token?: string | null;
  readonly tool?: string;
  readonly id?: unknown;
  readonly args?: object;
  readonly meta?: object;
}

/** Behind a door preflights of CORS are the framework's. */
export const MCP_METHODS = DOOR === null ? 'GET, POST, DELETE, OPTIONS' : 'GET, POST, DELETE';
export const REVISION = '2026-07-28';
export const META = {
  'io.modelcontextprotocol/protocolVersion': REVISION,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** The body of M0: a correct 2026-07-28 tools/call. */
export function callBody({ tool = 'echo', id = 1, args = { text: 'hi' }, meta = META }: Call = {}): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: tool, arguments: args, _meta: meta },
  });
}

/** What a call needs to know of a site. */
export interface Door {
  readonly gateway: Pick<Latchkey, 'url'>;
  readonly tokens: Pick<Site['tokens'], 'aliceRead'>;
}

/** M0 with what the call changes, as the bytes of an HTTP/1.1 request. */
export function requestBytes(site: Door, call: Call): Buffer {
  const method = call.method ?? 'POST';
  const body = call.body === undefined ? (method === 'POST' ? callBody(call) : null) : call.body;
  const bytes = body === null ? Buffer.alloc(0) : Buffer.from(body);
  const token = call.token === undefined ? site.tokens.aliceRead : call.token;
  const headers: Headers = {
    Host: new URL(site.gateway.url).host,
    Accept: 'application/json, text/event-stream',
    ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    ...(method === 'POST'
      ? {
          'Content-Type': 'application/json',
          'MCP-Protocol-Version': REVISION,
          'Mcp-Method': 'tools/call',
          'Mcp-Name': call.tool ?? 'echo',
          'Content-Length': String(bytes.length),
        }
      : {}),
    ...call.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}`),
  );
  return Buffer.concat([
    Buffer.from(`${method} ${call.target ?? '/mcp'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    bytes,
  ]);
}

/** Sends M0 with what the call changes. */
export async function send(site: Door, call: Call = {}): Promise<RawAnswer> {
  const [answer] = await exchangeRaw(site.gateway.url, requestBytes(site, call));
  if (answer === undefined) throw new Error('the gateway closed the connection without an answer');
  return answer;
}

/** Any other 2026-07-28 request, with headers that fit it. */
export function modernCall(method: string, params: Record<string, unknown> = {}, id: unknown = 1): Call {
  const name = (params['name'] ?? params['uri'] ?? null) as string | null;
  return {
    headers: { 'Mcp-Method': method, 'Mcp-Name': name },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: META } }),
  };
}

const LEGACY_HEADERS = { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Method': null, 'Mcp-Name': null };

/** A 2025-11-25 request within a session (or none). */
export function legacyCall(method: string, params: object, session: string | null, id: unknown = 1): Call {
  return {
    headers: { ...LEGACY_HEADERS, 'Mcp-Session-Id': session },
    body: JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params }),
  };
}

/** `initialize` as a client of that revision sends it. */
export function initializeCall(protocolVersion = '2025-11-25'): Call {
  const call = legacyCall(
    'initialize',
    { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    null,
  );
  return { ...call, headers: { ...call.headers, 'MCP-Protocol-Version': null } };
}

/** Opens a session and returns its id as the client sees it. */
export async function openSession(
  site: Site<Spy>,
  token = site.tokens.aliceRead,
  protocolVersion?: string,
): Promise<string> {
  const answer = await send(site, { ...initializeCall(protocolVersion), token });
  expect(answer.status).toBe(200);
  const id = answer.headers.find(([name]) => name.toLowerCase() === 'mcp-session-id')?.[1];
  if (id === undefined) throw new Error('no session id');
  return id;
}

/** The tool calls that reached the upstream; what the gateway asks on its own account is not among them. */
export function callsSeen(site: Site<Spy>): readonly SpiedRequest[] {
  return site.spy.requests.filter(({ body }) => body.includes('"tools/call"'));
}

/** Part of every refusal: not one byte of the request reached the upstream. */
export async function expectUpstreamUntouched(site: Site<Spy>, act: () => Promise<void>): Promise<void> {
  site.spy.reset();
  await act();
  await site.spy.settled?.();
  expect(site.spy.bytes()).toBe('');
}

/** Sends a call that must be refused with this status, and proves that the spy saw nothing. */
export async function expectRefused(
  site: Site<Spy>,
  call: Call,
  status: number | readonly number[],
): Promise<RawAnswer> {
  site.spy.reset();
  const answer = await send(site, call);
  await site.spy.settled?.();
  expect([status].flat()).toContain(answer.status);
  expect(site.spy.bytes()).toBe('');
  return answer;
}
