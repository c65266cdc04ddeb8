// What JWTs cost: a call with one that is known against a call with an opaque token, and the verification of one that is
// not against jose alone. Everything takes turns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Secret } from '../packages/latchkey/src/core/secret.ts';
import { createJwtVerifier } from '../packages/latchkey/src/verify/jwt.ts';
import { createKeySet } from '../packages/latchkey/src/verify/jwt/key-set.ts';
import { nodeCrypto } from '../packages/latchkey/src/verify/jwt/node-crypto.ts';
import { createIssuerKey, type IssuerKey } from '../test/fixtures/issuer-keys.ts';
import { AUDIENCE, ISSUER, mintJwt } from './jwts.ts';
import { parseOptions, USAGE } from './options.ts';
import { latchkey, latchkeyJwt } from './peers/latchkey.ts';
import { createProcesses } from './processes.ts';
import { formatHttp, roundsOf } from './report.ts';
import { createSite } from './site.ts';
import { median, medianRatio, minimumRatio } from './statistics.ts';
import { measureThroughput } from './throughput.ts';

const TOKENS = 1000;
const VERIFY_ROUNDS = 15;
const KNOWN_LIMIT = 1.15;
const UNKNOWN_LIMIT = 1.2;

type Verify = (token: string) => unknown;

/** Calls through a gateway of its own for each kind of token. */
async function compareCalls(rounds: number, seconds: number): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const processes = createProcesses();
  try {
    const options = { only: null, rounds, seconds, memoryRepeats: 0, settleMs: 0, warmCalls: 20_000 };
    const outcomes = await measureThroughput([latchkey, latchkeyJwt], await createSite(processes, directory), options);
    console.log(formatHttp(outcomes));
    const [jwt, opaque] = ['latchkey-jwt', 'latchkey'].map((name) =>
      roundsOf(outcomes, name).map(({ gatewayMicroseconds }) => gatewayMicroseconds),
    ) as [number[], number[]];
    return report('a call with a known JWT against one with an opaque token', jwt, opaque, KNOWN_LIMIT);
  } finally {
    await processes.stopAll();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function compareVerification(alg: string): Promise<boolean> {
  const key = createIssuerKey(alg);
  const tokens = Array.from({ length: TOKENS }, (_, index) => mintJwt(key, `bench-${index}`));
  const [ours, jose] = [createOurs(key), createJose(key)];
  const costs = { ours: [] as number[], jose: [] as number[] };
  for (let round = -2; round < VERIFY_ROUNDS; round += 1) {
    const measured = { ours: await measure(ours, tokens), jose: await measure(jose, tokens) };
    if (round < 0) continue;
    costs.ours.push(measured.ours);
    costs.jose.push(measured.jose);
  }
  return report(`${alg}: a JWT seen for the first time against jose alone`, costs.ours, costs.jose, UNKNOWN_LIMIT);
}

/** Remembers one token only, so that each is new. */
function createOurs(key: IssuerKey): Verify {
  const scopes = { always: [], claims: ['scope'], table: {} };
  const rules = { name: 'bench', issuer: ISSUER, audiences: [AUDIENCE], foreignAudiences: false, clients: null };
  const algorithms = [key.alg];
  const keys = createKeySet({
    algorithms,
    crypto: nodeCrypto,
    from: { url: `${ISSUER}/jwks` },
    metadata: () => Promise.reject(new Error('not asked')),
    outgoing: async () => ({ status: 200, headers: {}, body: JSON.stringify({ keys: [key.publicJwk] }) }),
    refreshMs: 3_600_000,
    maxAgeMs: 3_600_000,
  });
  const verifier = createJwtVerifier({
    issuers: [{ rules: { ...rules, required: {}, scopes }, algorithms, types: ['at+jwt'], keys }],
    crypto: nodeCrypto,
    resourcesOf: () => [AUDIENCE],
    cacheSize: 1,
  });
  return async (token) => {
    const credential = { scheme: 'bearer', secret: new Secret(token), proof: null } as const;
    const verdict = await verifier.verify(credential, 'default', Date.now());
    if (verdict.kind !== 'accept') throw new Error(JSON.stringify(verdict));
  };
}

function createJose(key: IssuerKey): Verify {
  const keys = createLocalJWKSet({ keys: [key.publicJwk as { kty: string }] });
  const claims = { issuer: ISSUER, audience: AUDIENCE, requiredClaims: ['sub', 'exp'] };
  return (token) => jwtVerify(token, keys, { ...claims, typ: 'at+jwt', algorithms: [key.alg] });
}

/** Processor time of this process for each, its threads included, in microseconds. */
async function measure(verify: Verify, tokens: readonly string[]): Promise<number> {
  const started = process.cpuUsage();
  for (const token of tokens) await verify(token);
  const { user, system } = process.cpuUsage(started);
  return (user + system) / tokens.length;
}

function report(what: string, costs: number[], reference: number[], limit: number): boolean {
  const ratio = medianRatio(costs, reference);
  const numbers = `${median(costs).toFixed(1)} µs, ${median(reference).toFixed(1)} µs`;
  console.log(`${what}: ${ratio.toFixed(3)} x (minima ${minimumRatio(costs, reference).toFixed(3)} x; ${numbers})`);
  return ratio <= limit;
}

const options = parseOptions(process.argv.slice(2), []);
if (options === 'help') console.log(USAGE.replace('run.ts', 'jwt.ts'));
else {
  const held = [
    await compareCalls(options.rounds, options.seconds),
    await compareVerification('ES256'),
    await compareVerification('RS256'),
  ];
  process.exitCode = held.every(Boolean) ? 0 : 1;
}
