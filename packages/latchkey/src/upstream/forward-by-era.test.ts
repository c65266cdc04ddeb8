import { describe, expect, it } from 'vitest';
import { createAnswer, type Collected } from '../../../../test/fixtures/answer-collector.ts';
import { parseMessage } from '../core/parse-message.ts';
import { createAnonymous } from '../core/principal.ts';
import type { Forwardable } from '../core/upstream.ts';
import { forwardByEra, type TwoEraServer } from './forward-by-era.ts';

/** A server that answers nothing and notes what reached it; its one session is `s`. */
function createServer() {
  const reached: string[] = [];
  const note =
    (what: string) =>
    ({ message }: Forwardable): void =>
      void reached.push(`${what} ${message?.method || message?.kind}`);
  const session = {
    post: note('post'),
    listen: () => void reached.push('listen'),
    end: () => void reached.push('end'),
  };
  const server: TwoEraServer = {
    call: note('call'),
    openSession: note('open'),
    session: (id) => (id === 's' ? session : undefined),
  };
  return { server, reached };
}

const REQUEST = { id: 1, method: 'tools/list' };
const INITIALIZE = { id: 1, method: 'initialize' };
const NOTIFICATION = { method: 'notifications/initialized' };
const RESPONSE = { id: 1, result: {} };

function ask(
  server: TwoEraServer,
  era: Forwardable['era'],
  body: object | 'GET' | 'DELETE',
  { sessionId = null as string | null, leaves = false } = {},
): Collected {
  const answer = createAnswer();
  if (leaves) answer.leave();
  const posted = typeof body === 'object';
  const parsed = posted ? parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...body }))) : null;
  const message = parsed?.kind === 'message' ? parsed.message : null;
  const httpMethod = posted ? 'POST' : body;
  forwardByEra(server, { httpMethod, era, principal: createAnonymous([]), message, sessionId, headers: [] }, answer);
  return answer;
}

describe('forwardByEra', () => {
  it('brings requests of modern callers to the server, and nothing else of theirs', () => {
    const { server, reached } = createServer();
    expect(ask(server, 'modern', REQUEST).outcome).toBe('open');
    expect(ask(server, 'modern', NOTIFICATION)).toMatchObject({ outcome: 'ended', status: 202 });
    expect(ask(server, 'modern', RESPONSE).refusal).toMatchObject({ reason: 'message-invalid' });
    expect(ask(server, 'modern', 'GET').refusal).toEqual({ reason: 'http-method', allow: ['POST'] });
    expect(reached).toEqual(['call tools/list']);
  });

  it('has a session opened by initialize alone', () => {
    const { server, reached } = createServer();
    for (const body of [REQUEST, NOTIFICATION, 'GET', 'DELETE'] as const)
      expect(ask(server, 'legacy', body).refusal).toMatchObject({ reason: 'session-missing' });
    expect(ask(server, 'legacy', INITIALIZE).outcome).toBe('open');
    expect(reached).toEqual(['open initialize']);
  });

  it('brings what names a session to that one, by each method of HTTP', () => {
    const { server, reached } = createServer();
    for (const body of [REQUEST, INITIALIZE, NOTIFICATION, RESPONSE, 'GET'] as const)
      expect(ask(server, 'legacy', body, { sessionId: 's' }).outcome).toBe('open');
    expect(ask(server, 'legacy', 'DELETE', { sessionId: 's' })).toMatchObject({ outcome: 'ended', status: 200 });
    expect(reached).toEqual([
      'post tools/list',
      'post initialize',
      'post notifications/initialized',
      'post response',
      'listen',
      'end',
    ]);
    for (const body of [REQUEST, INITIALIZE, 'GET', 'DELETE'] as const)
      expect(ask(server, 'legacy', body, { sessionId: 'x' }).refusal).toMatchObject({ reason: 'session-unknown' });
  });

  it('leaves alone what nobody waits for any more', () => {
    const { server, reached } = createServer();
    for (const era of ['modern', 'legacy'] as const)
      expect(ask(server, era, INITIALIZE, { leaves: true }).outcome).toBe('open');
    expect(reached).toEqual([]);
  });
});
