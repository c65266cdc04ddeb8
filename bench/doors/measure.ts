import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createIssuerKey, type IssuerKey } from '../../test/fixtures/issuer-keys.ts';
import { mintJwt } from '../jwts.ts';
import { createPlan, type Plan, runLoad } from '../load/wrk.ts';
import { createRoutePlan } from './route-plan.ts';
import { GATEWAY_CORE, toBearer } from '../peer.ts';
import { postMessage } from '../post.ts';
import { findFreePort, type Processes, type Started, waitForPort } from '../processes.ts';
import { toBenchPath } from '../program.ts';
import { type Headers, toCallHalves, toCallHeaders } from '../request.ts';
import { createTokens, makeTokens, TOKEN_COUNT } from '../tokens.ts';
import type { DoorKind } from './kinds.ts';

interface Around {
  readonly processes: Processes;
  readonly directory: string;
  readonly seconds: number;
}

interface Contestant {
  readonly name: string;
  readonly server: Started;
  readonly plan: Plan;
}

/**
 * Starts every server and proves that it lets in and refuses rightly, then measures one after the other: CPU microseconds of
 * a request, by the name of the server.
 */
export async function measureDoors(kinds: readonly DoorKind[], around: Around): Promise<ReadonlyMap<string, number>> {
  const keys = { ES256: createIssuerKey('ES256'), RS256: createIssuerKey('RS256') };
  const jwks = join(around.directory, 'jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: Object.values(keys).map(({ publicJwk }) => publicJwk) }));
  const contestants: Contestant[] = [];
  for (const kind of kinds) contestants.push(await start(kind, around, { keys, jwks }));
  for (const contestant of contestants) await warmUp(contestant, around);
  const costs = new Map<string, number>();
  for (const contestant of contestants)
    costs.set(contestant.name, (await measureRound(contestant, around, around.seconds)).cost);
  return costs;
}

interface Issuer {
  readonly keys: Readonly<Record<'ES256' | 'RS256', IssuerKey>>;
  readonly jwks: string;
}

async function start(kind: DoorKind, around: Around, issuer: Issuer): Promise<Contestant> {
  process.stderr.write(`starting ${kind.name}\n`);
  const directory = join(around.directory, kind.name.replaceAll(/\W+/g, '-'));
  mkdirSync(directory);
  const tokens = await tokensOf(kind, directory, issuer);
  const file = join(directory, 'kind.json');
  const port = await findFreePort();
  writeFileSync(file, JSON.stringify({ ...kind, port, tokens, jwks: issuer.jwks, store: join(directory, 'store') }));
  const server = around.processes.start({
    name: 'server',
    core: GATEWAY_CORE,
    command: process.execPath,
    args: [toBenchPath('doors/server.ts'), file],
    directory,
    environment: { NODE_ENV: 'production' },
  });
  await waitForPort(server, port);
  const callers = tokens.map(toBearer);
  const plan = join(directory, 'plan.lua');
  const origin = `http://127.0.0.1:${port}`;
  if (kind.framework === 'mcp') {
    await prove(kind, callers, (caller) => callMcp(`${origin}/mcp`, caller));
    return {
      name: kind.name,
      server,
      plan: createPlan(plan, `${origin}/mcp`, '2026-07-28', callers, false),
    };
  }
  await prove(kind, callers, (caller) => fetch(`${origin}/report`, { headers: caller }).then(({ status }) => status));
  return { name: kind.name, server, plan: createRoutePlan(plan, `${origin}/report`, callers) };
}

async function callMcp(url: string, caller: Headers): Promise<number> {
  const { head, tail } = toCallHalves('2026-07-28');
  const answer = await postMessage(url, { ...toCallHeaders('2026-07-28'), ...caller }, `${head}7${tail}`);
  if (answer.status === 200 && answer.message?.result?.content === undefined) throw new Error('the tool did not run');
  return answer.status;
}

function tokensOf({ lock, credential }: DoorKind, directory: string, { keys }: Issuer): Promise<readonly string[]> {
  if (credential === 'ES256' || credential === 'RS256')
    return Promise.resolve(Array.from({ length: TOKEN_COUNT }, (_, at) => mintJwt(keys[credential], `bench-${at}`)));
  return lock === 'latchkey'
    ? createTokens(join(directory, 'store'), TOKEN_COUNT).then(({ valid }) => valid)
    : Promise.resolve(makeTokens(TOKEN_COUNT).valid);
}

/** A good credential is let in; a wrong one and none are not. */
async function prove(
  { lock, name }: DoorKind,
  callers: readonly Headers[],
  call: (caller: Headers) => Promise<number>,
): Promise<void> {
  const refused = lock === 'none' ? 200 : 401;
  const statuses = [await call(callers[0] ?? {}), await call(toBearer('lk_wrong')), await call({})];
  if (statuses.join() === [200, refused, refused].join()) return;
  throw new Error(`${name} answered ${statuses.join()} to a good, a wrong and no credential`);
}

const WARM_REQUESTS = 20_000;
const WARM_ROUNDS = 12;

/** Until compilers are done and each token was seen several times, however slow the machine is just now. */
async function warmUp(contestant: Contestant, around: Around): Promise<void> {
  let served = 0;
  for (let round = 0; round < WARM_ROUNDS && served < WARM_REQUESTS; round += 1)
    served += (await measureRound(contestant, around, around.seconds)).requests;
}

interface Measured {
  readonly requests: number;
  /** CPU microseconds of each. */
  readonly cost: number;
}

async function measureRound({ name, server, plan }: Contestant, around: Around, seconds: number): Promise<Measured> {
  process.stderr.write(`measuring ${name}\n`);
  const before = await readUsage(server);
  const { requests } = await runLoad(plan, seconds, around.processes, around.directory);
  return { requests, cost: ((await readUsage(server)) - before) / requests };
}

/** User and system time of the server and its threads, in microseconds, as it says itself when it is asked. */
async function readUsage({ pid, readOutput }: Started): Promise<number> {
  const lines = readOutput().split('\n').length;
  process.kill(pid, 'SIGUSR2');
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 5) {
    const said = readOutput().split('\n');
    if (said.length > lines) return Number(said[lines - 1]);
    await sleep(5);
  }
  throw new Error('a server did not say what it used');
}
