import { describe, expect, it } from 'vitest';
import { NOW, stageGateway, writtenTo } from '../../../../../test/fixtures/stages.ts';
import { Secret } from '../../core/secret.ts';
import type { RotateResult } from '../options.ts';
import { rotateStage } from './rotate.ts';

const TARGET = '/.latchkey/rotate';
const ROTATED: RotateResult = {
  kind: 'rotated',
  token: new Secret('new'),
  name: 'ci',
  scopes: ['a', 'b'],
  expiresAt: null,
};

async function rotate(
  result: RotateResult | Error,
  { target = TARGET, authorization = 'Bearer old' as string | null } = {},
) {
  const exchanged: [string, number][] = [];
  const gateway = stageGateway({
    options: {
      rotate(secret, now) {
        exchanged.push([secret.reveal(), now]);
        if (result instanceof Error) throw result;
        return result;
      },
    },
  });
  const headers = authorization === null ? {} : { authorization };
  const exchange = gateway.exchange({ method: 'POST', target, headers });
  const answer = await rotateStage(gateway.state).run(exchange);
  return { answer, exchanged, logged: gateway.logged, ...writtenTo(exchange) };
}

describe('rotateStage', () => {
  it('leaves every other path alone', async () => {
    expect(await rotate(ROTATED, { target: '/mcp' })).toMatchObject({ answer: null, exchanged: [], status: 0 });
  });

  it('gives a token its successor, which no cache keeps', async () => {
    const { answer, exchanged, status, headers, body } = await rotate(ROTATED);
    expect([answer, exchanged, status]).toEqual(['done', [['old', NOW]], 200]);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(JSON.parse(body)).toEqual({ token: 'new', name: 'ci', scopes: ['a', 'b'], expiresAt: null });
    const ending = await rotate({ ...ROTATED, expiresAt: NOW });
    expect(JSON.parse(ending.body)).toMatchObject({ expiresAt: '1970-01-01T00:16:40.000Z' });
  });

  it('exchanges nothing for who shows no token', async () => {
    for (const authorization of [null, 'Basic old'])
      expect(await rotate(ROTATED, { authorization })).toMatchObject({
        answer: { reason: 'credential-missing' },
        exchanged: [],
        status: 0,
      });
  });

  it('says that a credential has no successor', async () => {
    const { answer, status } = await rotate({ kind: 'refused' });
    expect([answer, status]).toEqual([{ reason: 'policy-denied', detail: expect.stringMatching(/\w/) }, 0]);
  });

  it('gives none while the store cannot tell, and tells the log', async () => {
    const { answer, status, logged } = await rotate(new Error('disk full'));
    expect([answer, status]).toEqual([{ reason: 'store-unavailable', retryAfterSeconds: 1 }, 0]);
    expect(logged).toEqual([['error', expect.stringMatching(/\w/), { requestId: 'r1', error: 'Error: disk full' }]]);
  });
});
