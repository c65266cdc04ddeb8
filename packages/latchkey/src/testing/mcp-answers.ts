import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MODERN_REVISION } from '../core/revision.ts';

/** One request to be answered, all of which has come. */
export interface SpyCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: string;
}

/** As `tools/list` shows it. */
export interface SpyTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: object;
}

export interface JsonRpc {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: Record<string, unknown>;
    readonly _meta?: Record<string, unknown>;
    readonly protocolVersion?: string;
  };
}

export interface McpAnswersOptions {
  readonly tools: readonly SpyTool[];
  /** Runs before a tool's answer: true when it answered by itself. */
  readonly before?: (message: JsonRpc, response: ServerResponse) => Promise<boolean>;
}

const CACHED = { ttlMs: 0, cacheScope: 'public' };

interface McpServer extends Required<McpAnswersOptions> {
  readonly sessions: Set<string>;
}

/** Answers requests as an MCP server of both eras does; what a tool was called with is what it answers. */
export function createMcpAnswers({ tools, before = async () => false }: McpAnswersOptions): (call: SpyCall) => void {
  const server: McpServer = { tools, before, sessions: new Set() };
  return (call) => {
    const { request, response, body } = call;
    if (request.method !== 'POST') return answerSession(server, call);
    const message = parse(body);
    if (message === null) return void response.writeHead(400).end();
    if (request.headers['mcp-protocol-version'] === MODERN_REVISION) return answerModern(server, response, message);
    return answerLegacy(server, call, message);
  };
}

function answerSession({ sessions }: McpServer, { request, response }: SpyCall): void {
  const id = String(request.headers['mcp-session-id'] ?? '');
  if (!sessions.has(id)) return void response.writeHead(id === '' ? 400 : 404).end();
  if (request.method === 'DELETE') {
    sessions.delete(id);
    return void response.writeHead(200).end();
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
}

function answerModern(server: McpServer, response: ServerResponse, message: JsonRpc): void {
  if (message.id === undefined) return void response.writeHead(202).end();
  switch (message.method) {
    case 'server/discover':
      return send(response, message, { supportedVersions: [MODERN_REVISION], capabilities: { tools: {} }, ...CACHED });
    case 'tools/list':
      return send(response, message, { tools: server.tools, ...CACHED });
    case 'tools/call':
      return void answerTool(server, response, message);
    case 'resources/read':
      return send(response, message, { contents: [], ...CACHED });
    case 'prompts/get':
      return send(response, message, { messages: [] });
    case 'subscriptions/listen':
      return listen(response, message);
    default:
      return fail(response, message, { ...NO_METHOD, status: 404 });
  }
}

function answerLegacy(server: McpServer, { request, response }: SpyCall, message: JsonRpc): void {
  if (message.method === 'initialize') return initialize(server, response, message);
  const session = request.headers['mcp-session-id'];
  if (session === undefined)
    return fail(response, message, { status: 400, code: -32000, text: 'Mcp-Session-Id is missing' });
  if (!server.sessions.has(String(session)))
    return fail(response, message, { status: 404, code: -32001, text: 'Session not found' });
  if (message.id === undefined) return void response.writeHead(202).end();
  if (message.method === 'tools/list') return send(response, message, { tools: server.tools });
  if (message.method === 'tools/call') return void answerTool(server, response, message);
  if (message.method === 'ping') return send(response, message, {});
  return fail(response, message, NO_METHOD);
}

function initialize({ sessions }: McpServer, response: ServerResponse, message: JsonRpc): void {
  const id = randomUUID();
  sessions.add(id);
  response.setHeader('mcp-session-id', id);
  send(response, message, {
    protocolVersion: message.params?.protocolVersion ?? '2025-03-26',
    capabilities: { tools: {} },
    serverInfo: { name: 'spy', version: '1' },
  });
}

async function answerTool({ tools, before }: McpServer, response: ServerResponse, message: JsonRpc): Promise<void> {
  const { name = '', arguments: args = {} } = message.params ?? {};
  if (!tools.some((tool) => tool.name === name))
    return fail(response, message, { status: 200, code: -32602, text: `Unknown tool: ${name}` });
  if (await before(message, response)) return;
  send(response, message, { content: [{ type: 'text', text: JSON.stringify({ ran: name, args }) }] });
}

interface Failure {
  readonly status: number;
  readonly code: number;
  readonly text: string;
  readonly data?: object;
}

const NO_METHOD: Failure = { status: 200, code: -32601, text: 'Method not found' };

/** Null where the body is no JSON object, as where its sender left in the middle. */
function parse(body: string): JsonRpc | null {
  try {
    const message = JSON.parse(body) as JsonRpc | null;
    return typeof message === 'object' ? message : null;
  } catch {
    return null;
  }
}

function listen(response: ServerResponse, message: JsonRpc): void {
  const meta = { _meta: { 'io.modelcontextprotocol/subscriptionId': message.id } };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  sendEvent(response, {
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { ...meta, notifications: {} },
  });
}

/** One event of a stream that was begun. */
export function sendEvent(response: ServerResponse, message: object): void {
  response.write(`data: ${JSON.stringify(message)}\n\n`);
}

/** As the last event where a stream was begun, else as JSON. */
function send(response: ServerResponse, { id }: JsonRpc, result: object): void {
  const message = { jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } };
  if (response.headersSent) {
    sendEvent(response, message);
    response.end();
  } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
}

export function fail(response: ServerResponse, { id }: JsonRpc, failure: Failure): void {
  const { status, code, text, data } = failure;
  const error = { code, message: text, ...(data === undefined ? {} : { data }) };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
}
