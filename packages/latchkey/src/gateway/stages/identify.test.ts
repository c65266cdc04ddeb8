import { describe, expect, it } from 'vitest';
import { NOW, person, stageGateway, type StagedSettings } from '../../../../../test/fixtures/stages.ts';
import { createAnonymous } from '../../core/principal.ts';
import type { Credential, Verdict } from '../../core/verifier.ts';
import { identifyStage } from './identify.ts';

const ALICE = person('alice');
const ACCEPTED: Verdict = { kind: 'accept', principal: ALICE };
const token = { authorization: 'Bearer abc' };

interface Asked extends Omit<Credential, 'secret'> {
  readonly secret: string;
}

/** Lets a request in by a verifier that remembers what it was asked. */
async function identify(
  sent: { target?: string; headers?: Record<string, string> },
  { verdict = ACCEPTED, ...settings }: StagedSettings & { verdict?: Verdict } = {},
) {
  const asked: [Asked, string, number][] = [];
  const verifier = {
    name: 'remembers',
    verify(credential: Credential, server: string, now: number) {
      asked.push([{ ...credential, secret: credential.secret.reveal() }, server, now]);
      return verdict;
    },
  };
  const gateway = stageGateway({ ...settings, options: { verifier, ...settings.options } });
  const exchange = gateway.exchange({ ...sent, with: { principal: null } });
  const result = await identifyStage(gateway.state).run(exchange);
  return { result, exchange, asked };
}

const subjectOf = async (headers: Record<string, string>, settings: StagedSettings = {}) =>
  (await identify({ headers }, settings)).exchange.subject?.reveal() ?? null;

describe('identifyStage', () => {
  it('has the credential verified at the server that is asked, and sets who that is', async () => {
    const { result, exchange, asked } = await identify({ headers: token });
    expect(asked).toEqual([[{ scheme: 'bearer', secret: 'abc', proof: null, suspect: false }, 'files', NOW]]);
    expect([result, exchange.principal]).toEqual([null, ALICE]);
  });

  it('knows nobody whose credential is not accepted', async () => {
    const { result, exchange } = await identify({ headers: token }, { verdict: { kind: 'skip' } });
    expect([result, exchange.principal]).toEqual([{ reason: 'credential-unknown' }, null]);
  });

  it('lets strangers in where the operator does, and never to the exchange of a token', async () => {
    const anonymous = createAnonymous([]);
    const settings = { options: { anonymous } };
    expect((await identify({}, settings)).exchange.principal).toBe(anonymous);
    expect((await identify({})).result).toMatchObject({ reason: 'credential-missing' });
    const { result, exchange } = await identify({ target: '/.latchkey/rotate' }, settings);
    expect([result, exchange.principal]).toEqual([{ reason: 'credential-missing', scopes: [] }, null]);
  });

  it('verifies a token that is to be exchanged wherever it is for', async () => {
    const { result, asked } = await identify({ target: '/.latchkey/rotate', headers: { ...token, dpop: 'a.b.c' } });
    expect([result, asked]).toEqual([null, [[expect.objectContaining({ proof: null }), '', NOW]]]);
  });

  it('takes a proof for the canonical URL of what is asked, without its query', async () => {
    const headers = { authorization: 'DPoP abc', dpop: 'a.b.c', host: 'elsewhere.example' };
    const urlOf = async (target: string) => (await identify({ target, headers })).asked[0]?.[0].proof?.url;
    expect(await urlOf('/mcp')).toBe('https://api.example/mcp');
    expect(await urlOf('/sse?a=1?b')).toBe('https://api.example/sse');
  });

  it('keeps the credential only for a server that wants it exchanged', async () => {
    const wants = { upstream: { wantsSubject: true } };
    expect(await subjectOf(token, wants)).toBe('abc');
    expect(await subjectOf(token)).toBeNull();
    expect(await subjectOf(token, { upstream: { wantsSubject: false } })).toBeNull();
    expect(await subjectOf({}, wants)).toBeNull();
    expect(await subjectOf({ authorization: 'Basic abc' }, wants)).toBeNull();
    expect(await subjectOf({ ...token, 'x-api-key': 'abc' }, wants)).toBeNull();
  });
});
