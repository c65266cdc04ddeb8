import { describe, expect, it } from 'vitest';
import type { Asking } from './asking.ts';
import { toRefusalWire } from './refusal-wire.ts';

const asking = (authorization: string | null): Asking =>
  ({ requestId: 'r', message: null, era: 'legacy', headers: { authorization } }) as unknown as Asking;
const options = { unknownTokenStatus: 401, proofAlgorithms: 'ES256' } as const;
const place = { resourceMetadata: 'https://api.example/meta', plain: true, proofs: true };

const challengesOf = (authorization: string | null, proofs = true, algorithms: string | null = 'ES256') => {
  const { headers } = toRefusalWire(
    { ...options, proofAlgorithms: algorithms },
    asking(authorization),
    { reason: 'credential-unknown' },
    { ...place, proofs },
  );
  return headers.filter((_, at) => headers[at - 1] === 'www-authenticate').map((text) => text.split(' ')[0]);
};

describe('toRefusalWire', () => {
  it('asks first for the scheme that was used, and for proofs only where they are taken', () => {
    expect(challengesOf('DPoP a')).toEqual(['DPoP', 'Bearer']);
    expect(challengesOf('Bearer a')).toEqual(['Bearer', 'DPoP']);
    expect(challengesOf(null)).toEqual(['Bearer', 'DPoP']);
    expect(challengesOf('DPoP a', false)).toEqual(['Bearer']);
    expect(challengesOf('DPoP a', true, null)).toEqual(['Bearer']);
  });

  it('keeps an id that the refusal has', () => {
    const { body } = toRefusalWire(
      options,
      asking(null),
      { reason: 'json-malformed', id: '7' },
      { ...place, plain: false },
    );
    expect(JSON.parse(body)).toMatchObject({ id: 7 });
  });
});
