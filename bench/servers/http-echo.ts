// The HTTP upstream of every HTTP peer: a plain MCP server, kept cheap because it shares a core with the load.
// Usage: http-echo.ts PORT
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { answerText } from '../request.ts';

interface Message {
  id?: number;
  method: string;
  params?: { arguments?: { message?: string }; protocolVersion?: string };
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return openStream(response);
  return void readBody(request, (body) => answer(JSON.parse(body) as Message, response));
});

// Rounds take turns: a peer's pooled connections must outlive the others' rounds.
server.keepAliveTimeout = 600_000;
server.requestTimeout = 0;
server.listen(Number(process.argv[2]), '127.0.0.1');

function answer(message: Message, response: ServerResponse): void {
  if (message.method === 'tools/call') {
    const content = [{ type: 'text', text: answerText(message.params?.arguments?.message ?? '') }];
    return sendResult(response, message.id, { content, resultType: 'complete' }, {});
  }
  if (message.method === 'initialize') {
    const protocolVersion = message.params?.protocolVersion;
    const result = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1.0.0' } };
    return sendResult(response, message.id, result, { 'Mcp-Session-Id': randomUUID() });
  }
  response.writeHead(202).end();
}

function sendResult(response: ServerResponse, id: number | undefined, result: object, headers: object): void {
  const body = JSON.stringify({ jsonrpc: '2.0', id, result });
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(': open\n\n');
}

function readBody(request: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => done(Buffer.concat(chunks).toString()));
}
