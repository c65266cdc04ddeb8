import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { startBusyUpstream, type BusyOptions, type BusyUpstream } from '../fixtures/busy-http.ts';
import { openEvents, type EventStream } from '../fixtures/event-stream.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { copyStore, initializeCall, legacyCall, requestBytes, send, type Call } from './harness.ts';

/** A gateway before the busy server, and what that server noted. */
export interface BusySite {
  readonly gateway: Latchkey;
  readonly tokens: Readonly<Record<'aliceRead' | 'aliceWrite' | 'bob' | 'admin', string>>;
  readonly kind: 'http' | 'stdio of 2025' | 'stdio of 2026';
  notes(): readonly string[];
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../fixtures/busy-stdio.ts', import.meta.url));
const READ = { scopes: ['file:read'] };
const WRITE = { scopes: ['file:write'] };
const RULES = {
  tools: { two: WRITE, three: WRITE, '*': READ },
  resources: { 'file:///data/*': READ, 'file:///private/*': WRITE },
};

/** A gateway before the busy server of each kind, with the same credentials. Alice (`aliceWrite`) may what bob may not. */
export async function startBusySites(
  config: Readonly<Record<string, unknown>> = {},
  options: BusyOptions = {},
): Promise<readonly [BusySite, BusySite, BusySite]> {
  const rules = { ...RULES, ...config };
  const http = await startFirst(rules, options);
  return [http, ...(await Promise.all([startBusyStdio('legacy', rules, http), startBusyStdio('modern', rules, http)]))];
}

async function startFirst(rules: object, options: BusyOptions): Promise<BusySite> {
  const upstream = await startBusyUpstream(options);
  const gateway = await startLatchkey({ config: { upstream: { url: upstream.url }, ...rules } });
  const make = async (name: string, ...scopes: readonly string[]): Promise<string> =>
    (await gateway.createToken(name, ...scopes.flatMap((scope) => ['--scope', scope]))).token;
  const [aliceRead, aliceWrite, bob] = await Promise.all([
    make('alice-read', 'file:read'),
    make('alice-write', 'file:read', 'file:write'),
    make('bob', 'file:read'),
  ]);
  return toSite(gateway, { aliceRead, aliceWrite, bob, admin: gateway.token }, upstream);
}

/** One more before HTTP, with the credentials of `like`. */
export async function startBusyHttp(
  like: BusySite,
  config: Readonly<Record<string, unknown>> = {},
  options: BusyOptions = {},
): Promise<BusySite> {
  const upstream = await startBusyUpstream(options);
  const store = await copyStore(like.gateway.store);
  const gateway = await startLatchkey({ config: { upstream: { url: upstream.url }, ...RULES, ...config, store } });
  return toSite(gateway, like.tokens, upstream);
}

/** One more before the server of 2025 over stdio, whose sessions share its one process. */
export function startBusyShared(like: BusySite, config: Readonly<Record<string, unknown>> = {}): Promise<BusySite> {
  return startBusyStdio('legacy', { ...RULES, ...config }, like, { sessions: 'shared' });
}

function toSite(gateway: Latchkey, tokens: BusySite['tokens'], upstream: BusyUpstream): BusySite {
  return {
    kind: 'http',
    gateway,
    tokens,
    notes: upstream.notes,
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}

async function startBusyStdio(
  era: 'modern' | 'legacy',
  rules: object,
  { gateway: first, tokens }: BusySite,
  more: object = {},
): Promise<BusySite> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-busy-'));
  const journal = join(folder, 'journal');
  const command = [process.execPath, PROGRAM, era, journal];
  const store = await copyStore(first.store);
  const gateway = await startLatchkey({ config: { upstream: { command, ...more }, ...rules, store } });
  return {
    kind: era === 'modern' ? 'stdio of 2026' : 'stdio of 2025',
    gateway: { ...gateway, token: first.token },
    tokens,
    notes: () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').filter(Boolean) : []),
    async close() {
      await gateway.close();
      for (const made of [folder, store]) rmSync(made, { recursive: true });
    },
  };
}

/** Sends a call and reads its answer while it comes. */
export function open(site: BusySite, call: Call): Promise<EventStream> {
  return openEvents(site.gateway.url, requestBytes(site, call));
}

/** How a caller speaks: stateless, or in a session of its own. */
export interface Voice {
  readonly token: string;
  readonly session: string | null;
  /** A call of a tool in this caller's era. */
  call(tool: string, args: object, id?: unknown, meta?: object): Call;
}

export function modernVoice(token: string, capabilities: object = {}): Voice {
  return {
    token,
    session: null,
    call: (tool, args, id = 1, meta = {}) => ({
      tool,
      args,
      id,
      token,
      meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': capabilities,
        ...meta,
      },
    }),
  };
}

/** A caller in a session of its own, that may be asked back. */
export async function legacyVoice(site: BusySite, token: string): Promise<Voice> {
  const call = initializeCall();
  const { params, ...message } = JSON.parse(call.body as string) as { params: object };
  const body = JSON.stringify({ ...message, params: { ...params, capabilities: { elicitation: {} } } });
  const answer = await send(site, { ...call, body, token });
  expect(answer.status).toBe(200);
  return sessionVoice(token, headerValue(answer, 'mcp-session-id'));
}

export function sessionVoice(token: string, session: string | null): Voice {
  return {
    token,
    session,
    call: (tool, args, id = 1, meta) => ({
      ...legacyCall(
        'tools/call',
        { name: tool, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) },
        session,
        id,
      ),
      token,
    }),
  };
}

/** Opens the stream of a legacy session. */
export function openSideStream(site: BusySite, { token, session }: Voice): Promise<EventStream> {
  return open(site, {
    method: 'GET',
    token,
    headers: { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': session },
  });
}

/** A 2025-11-25 notification, or the response to a request of the server. */
export function tell({ token, session }: Voice, message: object): Call {
  const call = legacyCall('', {}, session);
  return { ...call, token, body: JSON.stringify({ jsonrpc: '2.0', ...message }) };
}
