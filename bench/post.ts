import { type Headers, type Shape, toMessageHeaders } from './request.ts';

export interface Answer {
  status: number;
  sessionId: string | null;
  message: { id?: number; result?: { content?: { text?: string }[]; isError?: boolean } } | null;
}

/** Posts one JSON-RPC message; reads the answer from plain JSON or from the last event of a stream. */
export async function postMessage(url: string, headers: Headers, body: string): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(15_000) });
  const text = await response.text();
  const events = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => json);
  return {
    status: response.status,
    sessionId: response.headers.get('mcp-session-id'),
    message: parse(events.at(-1) ?? text),
  };
}

/** Opens a 2025-11-25 session; gives the headers its later messages carry. */
async function openSession(url: string, credential: Headers): Promise<Headers> {
  const shape: Shape = '2025-11-25';
  const headers = { ...toMessageHeaders(shape), ...credential };
  const params = { protocolVersion: shape, capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } };
  const first = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
  const { status, sessionId } = await postMessage(url, headers, JSON.stringify(first));
  if (status !== 200 || sessionId === null) throw new Error(`initialize was answered ${status} without a session`);
  const session = { ...credential, 'Mcp-Session-Id': sessionId };
  await postMessage(url, { ...headers, ...session }, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return session;
}

/** One session for each credential, a few at a time. */
export async function openSessions(url: string, credentials: Headers[]): Promise<Headers[]> {
  const sessions: Headers[] = [];
  for (let start = 0; start < credentials.length; start += 8) {
    const some = credentials.slice(start, start + 8);
    sessions.push(...(await Promise.all(some.map((credential) => openSession(url, credential)))));
  }
  return sessions;
}

function parse(text: string): Answer['message'] {
  try {
    return JSON.parse(text) as Answer['message'];
  } catch {
    return null;
  }
}
