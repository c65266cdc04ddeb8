import { join } from 'node:path';
import { type Plan, createPlan, runLoad } from './load/wrk.ts';
import type { Options } from './options.ts';
import { CONNECTIONS, GATEWAY_CORE, type Peer, type RunningPeer, type Site } from './peer.ts';
import { openSessions } from './post.ts';
import { readCore, readCpu } from './proc.ts';
import { startPeer } from './site.ts';
import { verifyPeer } from './verify.ts';

export interface Round {
  gatewayMicroseconds: number;
  /** With the stdio servers the gateway keeps; the same as above for HTTP peers. */
  totalMicroseconds: number;
  requestsPerSecond: number;
  /** Share of the gateway's core that others used. */
  otherShare: number;
}

export type Outcome = { peer: Peer; rounds: Round[] } | { peer: Peer; problem: string; broken: boolean };

const WARM_ROUNDS = 12;

interface Contestant {
  peer: Peer;
  running: RunningPeer;
  plan: Plan;
  rounds: Round[];
}

/** Starts and verifies every peer, then lets them take turns, so that a noisy minute falls on all of them. */
export async function measureThroughput(peers: Peer[], site: Site, options: Options): Promise<Outcome[]> {
  const outcomes = new Map<Peer, Outcome>();
  const contestants: Contestant[] = [];
  for (const peer of peers) {
    const reason = peer.missing();
    if (reason !== null) {
      outcomes.set(peer, { peer, problem: reason, broken: false });
      continue;
    }
    await attempt(peer, outcomes, async () => void contestants.push(await prepare(peer, site)));
  }
  const takeTurns = async (act: (contestant: Contestant) => Promise<void>): Promise<void> => {
    for (const contestant of contestants)
      if (!outcomes.has(contestant.peer)) await attempt(contestant.peer, outcomes, () => act(contestant));
  };
  await takeTurns((contestant) => warmUp(contestant, site, options));
  for (let round = 0; round < options.rounds; round += 1)
    await takeTurns(async (contestant) => {
      contestant.rounds.push((await measureRound(contestant, site, options.seconds)).round);
    });
  await site.processes.stopAll();
  for (const { peer, rounds } of contestants) if (!outcomes.has(peer)) outcomes.set(peer, { peer, rounds });
  return peers.flatMap((peer) => outcomes.get(peer) ?? []);
}

async function attempt(peer: Peer, outcomes: Map<Peer, Outcome>, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    outcomes.set(peer, { peer, problem: (error as Error).message, broken: true });
  }
}

async function prepare(peer: Peer, site: Site): Promise<Contestant> {
  process.stderr.write(`starting ${peer.name}\n`);
  const running = await startPeer(peer, site);
  const callers =
    peer.shape === '2025-11-25' ? await openSessions(running.url, toSessionOwners(running)) : running.credentials;
  await verifyPeer(peer, running, callers);
  // Where a wrong answer may hide behind a 200 and the rate is low, each answer is read too.
  const plan = createPlan(
    join(site.directory, `${peer.name}.lua`),
    running.url,
    peer.shape,
    callers,
    peer.group === 'stdio',
  );
  return { peer, running, plan, rounds: [] };
}

function toSessionOwners({ credentials }: RunningPeer): RunningPeer['credentials'] {
  return Array.from({ length: CONNECTIONS }, (_, index) => credentials[index % credentials.length] ?? {});
}

/** Until compilers are done, which takes some 15,000 calls and at a stdio server more than ten seconds. */
async function warmUp(contestant: Contestant, site: Site, { seconds, warmCalls }: Options): Promise<void> {
  let served = 0;
  for (let round = 0; round < WARM_ROUNDS && served < warmCalls; round += 1)
    served += (await measureRound(contestant, site, seconds * 2)).requests;
}

interface Measured {
  readonly round: Round;
  readonly requests: number;
}

async function measureRound({ peer, running, plan }: Contestant, site: Site, seconds: number): Promise<Measured> {
  process.stderr.write(`measuring ${peer.name}\n`);
  const roots = running.processes.map(({ pid }) => pid);
  const before = { cpu: readCpu(roots), core: readCore(GATEWAY_CORE), atMs: performance.now() };
  const { requests, microseconds } = await runLoad(plan, seconds, site.processes, site.directory);
  const after = { cpu: readCpu(roots), core: readCore(GATEWAY_CORE), atMs: performance.now() };
  const gateway = after.cpu.gateway - before.cpu.gateway;
  const servers = after.cpu.servers - before.cpu.servers;
  const core = after.core.busy + after.core.stolen - before.core.busy - before.core.stolen;
  const round = {
    gatewayMicroseconds: gateway / requests,
    totalMicroseconds: (gateway + servers) / requests,
    requestsPerSecond: requests / (microseconds / 1e6),
    otherShare: Math.max(0, core - gateway) / ((after.atMs - before.atMs) * 1000),
  };
  return { round, requests };
}
