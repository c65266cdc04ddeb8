import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expectOptions } from '../core/expect-options.ts';
import { createMcpAnswers, type SpyCall, type SpyTool } from './mcp-answers.ts';

/** One request as it came, with nothing merged or dropped. */
export interface SpiedRequest {
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value and so on, as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A server that remembers every byte it was sent: what it did not get was refused before it. */
export interface SpyUpstream {
  /** Of its MCP endpoint; it answers the same at any path. */
  readonly url: string;
  /** Whole requests, oldest first. */
  readonly requests: readonly SpiedRequest[];
  /** Everything that arrived on its connections, in order of arrival, a character (U+0000 to U+00FF) for each byte. */
  readonly bytes: () => string;
  /** Requests whose caller went away before the answer. */
  readonly cancelled: () => number;
  /** Forgets what it saw. */
  reset(): void;
  /** Hangs up on everybody and listens no longer. */
  close(): Promise<void>;
}

/** What a spy offers. */
export interface SpyUpstreamOptions {
  /** Default 0: any that is free. */
  readonly port?: number;
  /** What the MCP server offers; each tool answers what it ran with. Default `echo`. */
  readonly tools?: readonly SpyTool[];
  /** Answers instead of the MCP server. */
  readonly answer?: (call: SpyCall) => unknown;
}

/**
 * Starts a recording server on 127.0.0.1, with plain HTTP. Unless told otherwise it answers as an MCP server of both eras:
 * revision 2026-07-28, and sessions of the ones before.
 */
export async function startSpyUpstream(options: SpyUpstreamOptions = {}): Promise<SpyUpstream> {
  expectOptions('startSpyUpstream', options, { port: null, tools: null, answer: null });
  const { port = 0, tools = [ECHO], answer = createMcpAnswers({ tools }) } = options;
  const requests: SpiedRequest[] = [];
  const chunks: Buffer[] = [];
  let cancelled = 0;
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) cancelled += 1;
    });
    void readAll(request).then((body) => {
      requests.push({ method: request.method ?? '', target: request.url ?? '', rawHeaders: request.rawHeaders, body });
      answer({ request, response, body });
    });
  });
  server.on('connection', (socket: Socket) => spyOn(socket, chunks));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    requests,
    bytes: () => Buffer.concat(chunks).toString('latin1'),
    cancelled: () => cancelled,
    reset() {
      requests.length = 0;
      chunks.length = 0;
    },
    close: () => closeServer(server),
  };
}

const ECHO: SpyTool = { name: 'echo', description: 'Says what it was told', inputSchema: { type: 'object' } };

// The parser of node:http reads from the handle itself, so the bytes are taken where the stream hands them on.
function spyOn(socket: Socket, chunks: Buffer[]): void {
  socket.prependListener('data', (chunk: Buffer) => void chunks.push(Buffer.from(chunk)));
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The caller left in the middle; what came is what is remembered.
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
