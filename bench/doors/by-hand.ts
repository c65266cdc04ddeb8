import { appendFile } from 'node:fs';
import type { RequestHandler } from 'express';

const WINDOW_MS = 60_000;
const FLUSH_MS = 100;

/**
 * What somebody would write around a guard to have limits and a log too, as short as it can be: windows of a minute by
 * address and by caller, and a line of JSON for each request, in memory until a file gets many at once. No bounds on what
 * is kept, no failures counted, nothing sealed, nothing cut when a credential ends.
 */
export function addByHand(guard: RequestHandler, place: string): RequestHandler[] {
  const log = createLog(`${place}.jsonl`);
  return [
    log,
    limitBy((request) => request.socket.remoteAddress ?? ''),
    guard,
    limitBy((request) => (request as { auth?: { clientId?: string } }).auth?.clientId ?? ''),
  ];
}

function limitBy(keyOf: (request: Parameters<RequestHandler>[0]) => string): RequestHandler {
  let counts = new Map<string, { count: number }>();
  setInterval(() => (counts = new Map()), WINDOW_MS).unref();
  return (request, response, next) => {
    const key = keyOf(request);
    let counted = counts.get(key);
    if (counted === undefined) counts.set(key, (counted = { count: 0 }));
    counted.count += 1;
    if (counted.count > 100_000_000) response.status(429).end();
    else next();
  };
}

function createLog(file: string): RequestHandler {
  let lines = '';
  setInterval(() => {
    if (lines === '') return;
    appendFile(file, lines, (error) => {
      if (error) throw error;
    });
    lines = '';
  }, FLUSH_MS).unref();
  let requests = 0;
  return (request, response, next) => {
    const startedAt = Date.now();
    requests += 1;
    const requestId = requests;
    response.on('close', () => {
      const { method: httpMethod, originalUrl: target, socket } = request;
      const { remoteAddress: address } = socket;
      const { clientId: principal = null } = (request as { auth?: { clientId?: string } }).auth ?? {};
      const { statusCode: status } = response;
      const time = new Date(startedAt).toISOString();
      const decision = status < 400 ? 'allow' : 'deny';
      const durationMs = Date.now() - startedAt;
      lines += `${JSON.stringify({ time, requestId, address, principal, httpMethod, target, decision, status, durationMs })}\n`;
    });
    next();
  };
}
