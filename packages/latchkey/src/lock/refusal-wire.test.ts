import { describe, expect, it } from 'vitest';
import { toIncoming } from '../../../../test/fixtures/incoming.ts';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import { bytesOf } from '../core/bytes.ts';
import { parseMessage } from '../core/parse-message.ts';
import { refuse, type Refusal } from '../core/reason.ts';
import type { Asking } from './asking.ts';
import { createAsking } from './lock.ts';
import { toMcpLine } from '../core/mcp-line.ts';
import { type AskedPlace, toRefusalWire } from './refusal-wire.ts';

const { parts } = makeLock({ tokens: {} }).lock;
const options = { unknownTokenStatus: 401, proofAlgorithms: 'ES256' } as const;
const MCP: AskedPlace = { resourceMetadata: 'https://api.example/meta', plain: false, mcp: toMcpLine, proofs: true };

const toAsking = (authorization: string | null = null): Asking =>
  createAsking(parts, toIncoming(authorization === null ? {} : { headers: [['authorization', authorization]] }));

const challengesOf = (authorization: string | null, proofs = true, algorithms: string | null = 'ES256') => {
  const { headers } = toRefusalWire(
    { ...options, proofAlgorithms: algorithms },
    toAsking(authorization),
    refuse('credential-unknown'),
    { ...MCP, plain: true, proofs },
  );
  return headers.filter((_, at) => headers[at - 1] === 'www-authenticate').map((text) => text.split(' ')[0]);
};

/** What is told of a refusal of `message`, null where none was read. */
function tell(message: object | null, refusal: Refusal, found: Partial<Asking> = {}) {
  const asking = { ...toAsking(), ...found };
  if (message !== null) {
    const result = parseMessage(bytesOf(JSON.stringify({ jsonrpc: '2.0', ...message })));
    if (result.kind === 'refused') throw new Error(result.refusal.detail);
    asking.message = result.message;
  }
  const { status, body } = toRefusalWire(options, asking, refusal, MCP);
  return { status, body: JSON.parse(body) as { readonly id?: unknown; readonly error: { readonly data: unknown } } };
}

const call = (id: unknown): object => ({ id, method: 'ping' });

describe('toRefusalWire', () => {
  it('asks first for the scheme that was used, and for proofs only where they are taken', () => {
    expect(challengesOf('DPoP a')).toEqual(['DPoP', 'Bearer']);
    expect(challengesOf('Bearer a')).toEqual(['Bearer', 'DPoP']);
    expect(challengesOf(null)).toEqual(['Bearer', 'DPoP']);
    expect(challengesOf('DPoP a', false)).toEqual(['Bearer']);
    expect(challengesOf('DPoP a', true, null)).toEqual(['Bearer']);
  });

  it('goes by the scheme in front, in whatever case, and not by what follows it', () => {
    expect(challengesOf('dpop a')).toEqual(['DPoP', 'Bearer']);
    expect(challengesOf('Bearer dpop a')).toEqual(['Bearer', 'DPoP']);
    expect(challengesOf('DPoPa')).toEqual(['Bearer', 'DPoP']);
  });

  it.each([7, 'seven'])('answers a request by its id %j', (id) => {
    expect(tell(call(id), refuse('policy-denied')).body.id).toBe(id);
  });

  it('keeps an id that the refusal has, with a message and without', () => {
    expect(tell(null, refuse('json-malformed', { id: '7' })).body.id).toBe(7);
    expect(tell(call(8), refuse('params-invalid', { id: '7' })).body.id).toBe(7);
  });

  it.each([
    ['no message', null],
    ['a notification', { method: 'notifications/cancelled' }],
    // Its id is of a request of the server's: an answer to the client by that id would be taken for another's.
    ['a response', { id: 7, result: {} }],
  ])('answers %s without an id', (_, message) => {
    expect(tell(message, refuse('policy-denied')).body).not.toHaveProperty('id');
  });

  it('answers an unknown method with 200 to a legacy client, to whom 404 is the end of its session', () => {
    const refusal = refuse('method-unknown');
    expect(tell(call(1), refusal, { era: 'legacy' }).status).toBe(200);
    expect(tell(call(1), refusal, { era: 'modern' }).status).toBe(404);
    expect(tell(null, refusal, { era: 'legacy' }).status).toBe(404);
  });

  it('tells by its status that a notification was refused', () => {
    const notification = { method: 'notifications/unknown' };
    for (const reason of ['method-unknown', 'policy-hidden'] as const)
      expect(tell(notification, refuse(reason), { era: 'legacy' })).toMatchObject({ status: 400 });
    expect(tell(notification, refuse('policy-denied'), { era: 'legacy' }).status).toBe(403);
  });

  it('tells the request by the id that the trail has', () => {
    expect(tell(call(1), refuse('policy-denied'), { requestId: 'r-1' }).body.error.data).toEqual({ requestId: 'r-1' });
  });
});
