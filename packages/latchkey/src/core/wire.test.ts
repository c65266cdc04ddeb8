import { describe, expect, it } from 'vitest';
import { refuse, type Refusal } from './reason.ts';
import { toWire } from './wire.ts';

const context = {
  resourceMetadata: 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
  requestId: 'r1',
  legacy: false,
  unknownTokenStatus: 401,
} as const;
const wireOf = (
  refusal: Refusal,
): { status: number; challenge: string | null; body: { id?: unknown; error: { code: number; data: object } } } => {
  const { status, headers, body } = toWire(refusal, context);
  const index = headers.indexOf('www-authenticate');
  return { status, challenge: index === -1 ? null : (headers[index + 1] as string), body: JSON.parse(body) as never };
};

describe('toWire', () => {
  it('challenges a caller without a credential, and names no error', () => {
    expect(wireOf(refuse('credential-missing'))).toMatchObject({
      status: 401,
      challenge: `Bearer resource_metadata="${context.resourceMetadata}"`,
    });
  });

  it('gives every bad credential one and the same answer', () => {
    const answers = (
      [
        'credential-malformed',
        'credential-unknown',
        'credential-expired',
        'credential-revoked',
        'credential-audience',
      ] as const
    ).map((reason) => wireOf(refuse(reason)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.challenge).toContain('error="invalid_token"');
  });

  it('names every scope that is needed, once', () => {
    const { status, challenge } = wireOf(refuse('policy-scope', { scopes: ['a', 'b'] }));
    expect([status, challenge]).toEqual([
      403,
      `Bearer error="insufficient_scope", scope="a b", resource_metadata="${context.resourceMetadata}"`,
    ]);
  });

  it('answers other denials without a challenge, since no credential would help', () => {
    for (const reason of ['policy-no-rule', 'policy-denied', 'policy-condition'] as const)
      expect(wireOf(refuse(reason))).toMatchObject({ status: 403, challenge: null });
  });

  it('repeats the id as it was spelled and lists supported versions', () => {
    const { headers: _headers, body } = toWire(
      refuse('version-unsupported', { id: '9007199254740993', supported: ['2026-07-28'], requested: 'x' }),
      context,
    );
    expect(body).toContain('"id":9007199254740993,');
    expect(JSON.parse(body)).toMatchObject({
      error: { code: -32022, data: { supported: ['2026-07-28'], requested: 'x' } },
    });
  });

  it('rounds Retry-After up to whole seconds, at least one', () => {
    const { headers } = toWire(refuse('limit-address', { retryAfterSeconds: 0.2 }), context);
    expect(headers[headers.indexOf('retry-after') + 1]).toBe('1');
  });

  it('tells a client with a session of an unknown method without ending the session', () => {
    const statuses = [true, false].map((legacy) => toWire(refuse('method-unknown'), { ...context, legacy }).status);
    expect(statuses).toEqual([200, 404]);
  });

  it('never tells the detail', () => {
    expect(toWire(refuse('message-invalid', { detail: 'canary' }), context).body).not.toContain('canary');
  });
});
