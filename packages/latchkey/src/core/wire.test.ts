import { describe, expect, it } from 'vitest';
import { toGatewayLine } from './gateway-line.ts';
import { toMcpLine } from './mcp-line.ts';
import { refuse, type Reason, type Refusal } from './reason.ts';
import { toWire } from './wire.ts';

const context = {
  resourceMetadata: 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
  requestId: 'r1',
  legacy: false,
  unknownTokenStatus: 401,
  proofAlgorithms: null,
  mcp: toGatewayLine,
} as const;
const DEAD = [
  'credential-malformed',
  'credential-unknown',
  'credential-expired',
  'credential-revoked',
  'credential-audience',
] as const;
const wireOf = (
  refusal: Refusal,
): {
  status: number;
  challenge: string | null;
  body: { id?: unknown; error: { code: number; message: string; data: object } };
} => {
  const { status, headers, body } = toWire(refusal, context);
  const index = headers.indexOf('www-authenticate');
  return { status, challenge: index === -1 ? null : (headers[index + 1] as string), body: JSON.parse(body) as never };
};

describe('toWire', () => {
  it('tells of what cannot come from there as of a failure', () => {
    for (const [mcp, reason] of [
      [null, 'session-unknown'],
      [null, 'upstream-timeout'],
      [toMcpLine, 'upstream-timeout'],
    ] as const)
      expect(toWire(refuse(reason), { ...context, mcp }).status).toBe(500);
    expect(toWire(refuse('session-unknown'), { ...context, mcp: toMcpLine }).status).toBe(404);
  });

  it('challenges a caller without a credential, and names no error', () => {
    expect(wireOf(refuse('credential-missing'))).toMatchObject({
      status: 401,
      challenge: `Bearer resource_metadata="${context.resourceMetadata}"`,
    });
  });

  it.each([
    'store-unavailable',
    'shutting-down',
    'upstream-unreachable',
    'upstream-invalid',
    'upstream-too-large',
    'upstream-timeout',
    'internal',
  ] as const)('says of %s what is true of a gateway and of a lock in a server', (reason) => {
    expect(wireOf(refuse(reason)).body.error.message).not.toMatch(/gateway/i);
  });

  it('gives every bad credential one and the same answer', () => {
    const answers = DEAD.map((reason) => wireOf(refuse(reason)));
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

  it('says of two credentials what is wrong by RFC 6750 §3.1', () => {
    expect(wireOf(refuse('credential-ambiguous'))).toMatchObject({
      status: 400,
      challenge: `Bearer error="invalid_request", resource_metadata="${context.resourceMetadata}"`,
    });
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
    expect(headers.slice(-2)).toEqual(['retry-after', '1']);
    expect(toWire(refuse('limit-address', { retryAfterSeconds: 1.2 }), context).headers.at(-1)).toBe('2');
    expect(toWire(refuse('limit-address', { retryAfterSeconds: 0 }), context).headers.at(-1)).toBe('1');
  });

  it('tells who came over plain HTTP without a credential of none that it sent', () => {
    const { message } = wireOf(refuse('clear-text')).body.error;
    expect(message).toContain('https');
    expect(message).not.toContain('this credential');
  });

  it('tells a client with a session of an unknown method without ending the session', () => {
    const statuses = [true, false].map((legacy) => toWire(refuse('method-unknown'), { ...context, legacy }).status);
    expect(statuses).toEqual([200, 404]);
  });

  it.each<[number, number, ...Reason[]]>([
    [400, 400, 'framing', 'header-repeated', 'target-form', 'clear-text', 'credential-ambiguous', 'session-missing'],
    [400, -32700, 'json-malformed'],
    [400, -32600, 'message-invalid', 'id-in-use'],
    [400, -32602, 'params-invalid', 'meta-missing'],
    [400, -32020, 'header-mismatch'],
    [400, -32022, 'version-unsupported'],
    [401, 401, 'credential-missing', ...DEAD],
    [
      403,
      403,
      'origin-foreign',
      'policy-no-rule',
      'policy-denied',
      'policy-condition',
      'policy-scope',
      'policy-definition',
    ],
    [404, 404, 'path-unknown', 'session-unknown'],
    [404, -32601, 'method-unknown'],
    [405, 405, 'http-method'],
    [406, 406, 'not-acceptable'],
    [408, 408, 'body-timeout'],
    [413, 413, 'body-too-large'],
    [415, 415, 'content-type', 'content-encoding'],
    [421, 421, 'host-foreign'],
    [
      429,
      429,
      'limit-address',
      'limit-failures',
      'limit-principal',
      'limit-target',
      'limit-sessions',
      'limit-streams',
      'limit-calls',
    ],
    [431, 431, 'headers-too-large'],
    [500, 500, 'caller-gone', 'internal'],
    [502, 502, 'upstream-unreachable', 'upstream-exited', 'upstream-invalid', 'upstream-too-large'],
    [503, 503, 'store-unavailable', 'trail-unavailable', 'shutting-down'],
    [504, 504, 'upstream-timeout'],
  ])('answers with status %i and code %i, and says in a sentence what happened: %s', (status, code, ...reasons) => {
    for (const reason of reasons) {
      const answer = wireOf(refuse(reason));
      expect([reason, answer.status, answer.body.error.code]).toEqual([reason, status, code]);
      expect(answer.body.error.message).toMatch(/^[A-Z][^\n]{10,120}\.$/);
    }
  });

  it.each<[Reason, RegExp]>([
    ['limit-target', /Retry-After/],
    ['limit-sessions', /sessions/],
    ['limit-streams', /streams/],
    ['limit-calls', /calls/],
    ['content-type', /application\/json/],
    ['content-encoding', /Content-Encoding/],
    ['params-invalid', /parameters/],
    ['meta-missing', /_meta/],
    ['policy-condition', /may not do that/],
    ['policy-scope', /scope/],
    ['trail-unavailable', /cannot be judged/],
    ['shutting-down', /stopping/],
    ['upstream-exited', /not available/],
    ['upstream-invalid', /no usable answer/],
    ['upstream-too-large', /too large/],
  ])('tells apart what one status can mean: %s', (reason, words) => {
    expect(wireOf(refuse(reason)).body.error.message).toMatch(words);
  });

  it('answers for what is hidden as a server answers for what it does not have', () => {
    const { status, challenge, body } = wireOf(refuse('policy-hidden', { id: '1' }));
    expect([status, challenge]).toEqual([200, null]);
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32602, message: 'Unknown tool, prompt or resource.', data: {} },
    });
  });

  it('answers what is hidden as it is told to, with the id of the request', () => {
    const scopes = ['a'];
    for (const reason of ['policy-no-rule', 'policy-scope', 'policy-definition', 'credential-missing'] as const)
      expect(toWire(refuse('policy-hidden', { id: '1', scopes, shownAs: reason }), context)).toEqual(
        toWire(refuse(reason, { id: '1', scopes }), context),
      );
  });

  it('is JSON that nobody may keep, with the request id for the trail and no id that was not read', () => {
    const { headers, body } = toWire(refuse('internal'), context);
    expect(headers).toEqual(['content-type', 'application/json', 'cache-control', 'no-store']);
    expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', error: { data: { requestId: 'r1' } } });
    expect(JSON.parse(body)).not.toHaveProperty('id');
  });

  it('still challenges for a dead credential where a deployment wants 403 for it', () => {
    for (const reason of DEAD) {
      const { status, headers } = toWire(refuse(reason), { ...context, unknownTokenStatus: 403 });
      expect([status, headers.at(-1)]).toEqual([
        403,
        `Bearer error="invalid_token", resource_metadata="${context.resourceMetadata}"`,
      ]);
    }
    expect(toWire(refuse('credential-missing'), { ...context, unknownTokenStatus: 403 }).status).toBe(401);
  });

  it('leaves out of a challenge what it does not know', () => {
    const bare = { ...context, resourceMetadata: null };
    const challengeOf = (refusal: Refusal) => toWire(refusal, bare).headers.at(-1);
    expect(challengeOf(refuse('credential-missing'))).toBe('Bearer');
    expect(challengeOf(refuse('credential-missing', { scopes: [] }))).toBe('Bearer');
    expect(challengeOf(refuse('credential-missing', { scopes: ['a'] }))).toBe('Bearer scope="a"');
    expect(challengeOf(refuse('credential-expired'))).toBe('Bearer error="invalid_token"');
    expect(challengeOf(refuse('policy-scope', { scopes: [] }))).toBe('Bearer error="insufficient_scope"');
  });

  describe('where tokens may be bound to a key', () => {
    const proofs = { ...context, proofAlgorithms: 'ES256 PS256' };
    const rest = `resource_metadata="${context.resourceMetadata}"`;
    const challengesOf = (refusal: Refusal, byProof: boolean) => {
      const { headers } = toWire(refusal, { ...proofs, byProof });
      return headers.filter((_, index) => headers[index - 1] === 'www-authenticate');
    };

    it('asks who presented nothing for either, and names no error (RFC 9449 §7.2)', () => {
      const either = [`Bearer ${rest}`, `DPoP ${rest}, algs="ES256 PS256"`];
      expect(challengesOf(refuse('credential-missing'), false)).toEqual(either);
    });

    it('names the error of the scheme that was used, and of no other', () => {
      for (const reason of DEAD) {
        expect(challengesOf(refuse(reason), false)).toEqual([
          `Bearer error="invalid_token", ${rest}`,
          `DPoP ${rest}, algs="ES256 PS256"`,
        ]);
        expect(challengesOf(refuse(reason), true)).toEqual([
          `DPoP error="invalid_token", ${rest}, algs="ES256 PS256"`,
          `Bearer ${rest}`,
        ]);
      }
    });

    it('asks for scopes by the scheme that was used', () => {
      const refusal = refuse('policy-scope', { scopes: ['a'] });
      expect(challengesOf(refusal, false)).toEqual([`Bearer error="insufficient_scope", scope="a", ${rest}`]);
      expect(challengesOf(refusal, true)).toEqual([
        `DPoP error="insufficient_scope", scope="a", ${rest}, algs="ES256 PS256"`,
      ]);
    });

    it('says of a proof that it is wrong, with 401 whatever the status for wrong tokens (RFC 9449 §7.1)', () => {
      const answer = toWire(refuse('proof-invalid'), { ...proofs, byProof: true, unknownTokenStatus: 403 });
      expect(answer.status).toBe(401);
      expect(challengesOf(refuse('proof-invalid'), true)).toEqual([
        `DPoP error="invalid_dpop_proof", ${rest}, algs="ES256 PS256"`,
      ]);
    });

    it('hands over the nonce that is asked for (RFC 9449 §9)', () => {
      const refusal = refuse('proof-nonce', { nonce: 'n-1' });
      const { status, headers } = toWire(refusal, { ...proofs, byProof: true });
      expect([status, headers.slice(-2)]).toEqual([401, ['dpop-nonce', 'n-1']]);
      expect(challengesOf(refusal, true)).toEqual([`DPoP error="use_dpop_nonce", ${rest}, algs="ES256 PS256"`]);
    });

    it('asks nobody for a proof who may do nothing anyhow', () => {
      for (const reason of ['policy-denied', 'limit-address', 'issuer-unavailable'] as const)
        expect(challengesOf(refuse(reason), true)).toEqual([]);
    });
  });

  it('lists the methods that are allowed, and the versions that are served', () => {
    expect(toWire(refuse('http-method', { allow: ['GET', 'POST'] }), context).headers.slice(-2)).toEqual([
      'allow',
      'GET, POST',
    ]);
    const messageOf = (refusal: Refusal) =>
      (JSON.parse(toWire(refusal, context).body) as { error: { message: string } }).error.message;
    expect(messageOf(refuse('version-unsupported', { supported: ['2026-07-28', '2025-11-25'] }))).toContain(
      ' 2026-07-28, 2025-11-25.',
    );
    expect(messageOf(refuse('version-unsupported'))).toContain(': .');
  });

  it('never tells the detail', () => {
    expect(toWire(refuse('message-invalid', { detail: 'canary' }), context).body).not.toContain('canary');
  });
});

describe('toWire for a caller that speaks no MCP', () => {
  it('is the error alone, and never 200', () => {
    const { status, body } = toWire(refuse('policy-hidden', { id: '1' }), { ...context, plain: true });
    expect([status, JSON.parse(body)]).toEqual([
      400,
      { error: { code: -32602, message: expect.any(String), data: {} } },
    ]);
    const denied = toWire(refuse('policy-denied'), { ...context, plain: true });
    expect([denied.status, Object.keys(JSON.parse(denied.body) as object)]).toEqual([403, ['error']]);
  });
});
