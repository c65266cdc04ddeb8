// The least a Node gateway can do and still decide: the measure Latchkey is held against.
// Usage: bare-proxy.ts PORT UPSTREAM TOKENS.json TOOLS.json
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { Pool, type Dispatcher } from 'undici';
import { BareExchange } from './bare-exchange.ts';

interface Entry {
  scopes: Set<string>;
  expiresAtMs: number;
}

interface Call {
  method: string;
  params?: { name?: string };
}

const [, , port, upstream = '', tokensPath = '', toolsPath = ''] = process.argv;
const load = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
const expiresAtMs = Date.now() + 3_600_000;
const toEntry = (scopes: string): Entry => ({ scopes: new Set(scopes.split(' ')), expiresAtMs });
const tokens = new Map(Object.entries(load(tokensPath)).map(([digest, scopes]) => [digest, toEntry(scopes)]));
const tools = new Map(Object.entries(load(toolsPath)));
const { origin } = new URL(upstream);
// No cap on connections: each open stream holds one for as long as it lasts.
const pool = new Pool(origin, { keepAliveTimeout: 600_000, headersTimeout: 0, bodyTimeout: 0 });
const MAX_BODY_BYTES = 1 << 20;

const server = createServer((request, response) => {
  const head = readHead(request.rawHeaders);
  if (head === null) return refuse(response, 400);
  const entry = head.token === '' ? undefined : tokens.get(hash('sha256', head.token));
  if (entry === undefined || entry.expiresAtMs < Date.now()) return refuse(response, 401);
  if (request.method !== 'POST') return forward(request, response, head.forwarded, null);
  readBody(request, response, (body) => {
    const status = judge(head, entry, body);
    if (status !== 0) return refuse(response, status);
    forward(request, response, head.forwarded, body);
  });
});
server.keepAliveTimeout = 600_000;
server.listen(Number(port), '127.0.0.1');

interface Head {
  token: string;
  modern: boolean;
  method: string;
  name: string;
  forwarded: string[];
}

function readHead(raw: string[]): Head | null {
  const head: Head = { token: '', modern: false, method: '', name: '', forwarded: [] };
  for (let index = 0; index < raw.length; index += 2) {
    const value = raw[index + 1] as string;
    const name = (raw[index] as string).toLowerCase();
    switch (name) {
      case 'authorization':
        if (head.token !== '' || !value.startsWith('Bearer ')) return null;
        head.token = value.slice(7);
        continue;
      case 'host':
      case 'connection':
      case 'content-length':
      case 'transfer-encoding':
        continue;
      case 'mcp-protocol-version':
        head.modern = value === '2026-07-28';
        break;
      case 'mcp-method':
        head.method = value;
        break;
      case 'mcp-name':
        head.name = value;
        break;
    }
    head.forwarded.push(name, value);
  }
  return head;
}

function judge(head: Head, entry: Entry, body: Buffer): number {
  let call: Call;
  try {
    call = JSON.parse(body.toString()) as Call;
  } catch {
    return 400;
  }
  const tool = call.params?.name ?? '';
  if (head.modern && (call.method !== head.method || tool !== head.name)) return 400;
  if (call.method !== 'tools/call') return 0;
  const scope = tools.get(tool);
  return scope !== undefined && entry.scopes.has(scope) ? 0 : 403;
}

function readBody(request: IncomingMessage, response: ServerResponse, done: (body: Buffer) => void): void {
  let body: Buffer | null = null;
  request.on('data', (chunk: Buffer) => {
    body = body === null ? chunk : Buffer.concat([body, chunk]);
    if (body.length > MAX_BODY_BYTES) refuse(response, 413);
  });
  request.on('end', () => {
    if (!response.headersSent) done(body ?? Buffer.alloc(0));
  });
}

function forward(request: IncomingMessage, response: ServerResponse, headers: string[], body: Buffer | null): void {
  const { method = 'GET', url: path = '/' } = request;
  pool.dispatch({ path, method: method as Dispatcher.HttpMethod, headers, body }, new BareExchange(response));
}

function refuse(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status, { 'Content-Length': 0 }).end();
}
