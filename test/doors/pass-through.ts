import { once } from 'node:events';
import { Agent, request as requestHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

/** What a handler behind a door was given. */
export interface Given {
  readonly method: string;
  /** The value of a header by its lower-case name. */
  header(name: string): string | null;
  /** What was judged; null where there is no body. */
  readonly body: Uint8Array | string | null;
}

// The headers that an MCP server reads; who is asking it learns from the door.
const READ = [
  'accept',
  'content-type',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
  'last-event-id',
];
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);
const agent = new Agent({ keepAlive: true });

/** A handler that asks the server at `url` for its answer, so that a spy sees what got through the door. */
export async function passOn(url: string, given: Given, left: AbortSignal): Promise<IncomingMessage> {
  const headers: [string, string][] = READ.flatMap((name): [string, string][] => {
    const value = given.header(name);
    return value === null ? [] : [[name, value]];
  });
  const asked = requestHttp(url, { method: given.method, headers: Object.fromEntries(headers), agent });
  left.addEventListener('abort', () => asked.destroy());
  asked.end(given.body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

/** Headers of an answer that its next hop gets too. */
export function endToEnd({ rawHeaders }: IncomingMessage): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (!HOP.has(name)) pairs.push([name, rawHeaders[at + 1] as string]);
  }
  return pairs;
}

/** The same, as a handler of node:http and of what is built on it. */
export async function passOnRaw(
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Given['body'],
): Promise<void> {
  const left = new AbortController();
  response.on('close', () => left.abort());
  const header = (name: string): string | null => {
    const value = request.headers[name];
    return value === undefined ? null : String(value);
  };
  try {
    const answer = await passOn(url, { method: request.method ?? '', header, body }, left.signal);
    for (const [name, value] of endToEnd(answer)) response.setHeader(name, value);
    response.writeHead(answer.statusCode ?? 500);
    response.flushHeaders();
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  } catch {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  }
}

/** The same, as a handler of web-standard requests. */
export async function passOnWeb(url: string, request: Request): Promise<Response> {
  const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
  try {
    const given = { method: request.method, header: (name: string) => request.headers.get(name), body };
    const answer = await passOn(url, given, request.signal);
    const status = answer.statusCode ?? 500;
    const empty = status === 204 || status === 304;
    if (empty) answer.resume();
    return new Response(empty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), {
      status,
      headers: endToEnd(answer) as [string, string][],
    });
  } catch {
    return new Response(null, { status: 502 });
  }
}
