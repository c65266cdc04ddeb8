// What a DPoP proof adds to a request: CPU time of this thread for a bound token with a proof, beside the bare signature.
import { createHash, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createAnonymous, type Principal } from '../packages/latchkey/src/core/principal.ts';
import { Secret } from '../packages/latchkey/src/core/secret.ts';
import type { Credential, Verifier } from '../packages/latchkey/src/core/verifier.ts';
import { provePossession } from '../packages/latchkey/src/verify/proof.ts';
import { median, medianRatio } from './statistics.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
const ROUNDS = Number(values.rounds);
const PROOFS = 300;
const URL_HERE = 'https://mcp.example/mcp';
const TOKEN = 'x'.repeat(700);

interface Holder {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly digest: string | null;
}

const HOLDERS: Readonly<Record<string, Holder>> = {
  ES256: { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), digest: 'sha256' },
  EdDSA: { ...generateKeyPairSync('ed25519'), digest: null },
  RS256: { ...generateKeyPairSync('rsa', { modulusLength: 2048 }), digest: 'sha256' },
};

for (const [alg, holder] of Object.entries(HOLDERS)) measure(alg, holder);

function measure(alg: string, { privateKey, publicKey, digest }: Holder): void {
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
  const members = Object.fromEntries(Object.entries(jwk).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const keyThumbprint = createHash('sha256').update(JSON.stringify(members)).digest('base64url');
  const verifier = provePossession(knowing({ ...createAnonymous([]), keyThumbprint }), {
    required: true,
    maxAgeMs: 300_000,
    nonceSecret: null,
  });
  const header = encode({ typ: 'dpop+jwt', alg, jwk });
  const ath = createHash('sha256').update(TOKEN).digest('base64url');
  const now = Date.now();
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const bare: number[] = [];
  const whole: number[] = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    const proofs = Array.from({ length: PROOFS }, () => {
      const claims = { jti: randomUUID(), htm: 'POST', htu: URL_HERE, iat: Math.floor(now / 1000), ath };
      const input = Buffer.from(`${header}.${encode(claims)}`);
      return { input, signature: sign(digest, input, key) };
    });
    const signatures = microsOf(proofs, ({ input, signature }) =>
      verify(digest, input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
    );
    const requests = microsOf(proofs.map(toCredential), (credential) => {
      const verdict = verifier.verify(credential, 'default', now);
      return !(verdict instanceof Promise) && verdict.kind === 'accept';
    });
    if (round < 0) continue;
    bare.push(signatures);
    whole.push(requests);
  }
  const [signature, proof] = [bare, whole].map((list) => median(list).toFixed(1).padStart(6));
  console.log(`${alg}  proof ${proof} µs  signature ${signature} µs  ratio ${medianRatio(whole, bare).toFixed(2)}`);
}

function knowing(principal: Principal): Verifier {
  return { name: 'known', verify: () => ({ kind: 'accept', principal }) };
}

function toCredential({ input, signature }: { input: Buffer; signature: Buffer }): Credential {
  const jwt = `${input.toString()}.${signature.toString('base64url')}`;
  return { scheme: 'dpop', secret: new Secret(TOKEN), proof: { jwt, method: 'POST', url: URL_HERE } };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Of each, in processor time of this thread. Throws when one of them is refused: then nothing was measured. */
function microsOf<Each>(list: readonly Each[], judge: (each: Each) => boolean): number {
  const started = process.threadCpuUsage();
  const accepted = list.filter(judge).length;
  const { user, system } = process.threadCpuUsage(started);
  if (accepted !== list.length) throw new Error(`${list.length - accepted} of ${list.length} were refused`);
  return (user + system) / list.length;
}
