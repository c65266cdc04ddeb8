import { type ClientRequest, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from './options.ts';
import type { Peer, Site } from './peer.ts';
import { openSessions } from './post.ts';
import { readResidentKiB } from './proc.ts';
import type { Headers } from './request.ts';
import { startPeer, stopPeer } from './site.ts';

const STREAM_COUNT = 1000;
const WARM_STREAMS = 20;
const AT_ONCE = 50;

interface Weight {
  /** KiB a stream, of the first thousand and of the second. */
  first: number;
  second: number;
}

export type MemoryOutcome = { peer: Peer; weights: Weight[] } | { peer: Peer; problem: string; broken: boolean };

/** Weighs idle SSE streams in fresh processes, peers taking turns. */
export async function measureStreams(peers: Peer[], site: Site, options: Options): Promise<MemoryOutcome[]> {
  const outcomes = new Map<Peer, MemoryOutcome>();
  for (const peer of peers) {
    const reason = peer.missing();
    outcomes.set(peer, reason === null ? { peer, weights: [] } : { peer, problem: reason, broken: false });
  }
  for (let repeat = 0; repeat < options.memoryRepeats; repeat++) {
    for (const peer of peers) {
      const outcome = outcomes.get(peer);
      if (outcome === undefined || 'problem' in outcome) continue;
      process.stderr.write(`weighing the streams of ${peer.name}\n`);
      try {
        outcome.weights.push(await weighOnce(peer, site, options, `${peer.name}-${repeat}`));
      } catch (error) {
        outcomes.set(peer, { peer, problem: (error as Error).message, broken: true });
      }
    }
  }
  await site.processes.stopAll();
  return [...outcomes.values()];
}

async function weighOnce(peer: Peer, site: Site, options: Options, label: string): Promise<Weight> {
  const running = await startPeer(peer, site, label);
  const roots = running.processes.map(({ pid }) => pid);
  const open: ClientRequest[] = [];
  try {
    const sessions = await openSessions(running.url, running.credentials.slice(0, STREAM_COUNT));
    closeStreams(await openStreams(running.url, sessions.slice(0, WARM_STREAMS)));
    const weigh = async () => {
      await sleep(options.settleMs);
      return readResidentKiB(roots);
    };
    const addThousand = async () => open.push(...(await openStreams(running.url, sessions)));
    const empty = await weigh();
    // The first thousand also fills the holes that the sessions' garbage left in the heap.
    await addThousand();
    const half = await weigh();
    await addThousand();
    const full = await weigh();
    return { first: (half - empty) / STREAM_COUNT, second: (full - half) / STREAM_COUNT };
  } finally {
    closeStreams(open);
    await stopPeer(running, site.processes);
  }
}

async function openStreams(url: string, sessions: Headers[]): Promise<ClientRequest[]> {
  const open: ClientRequest[] = [];
  for (let start = 0; start < sessions.length; start += AT_ONCE) {
    const some = sessions.slice(start, start + AT_ONCE);
    open.push(...(await Promise.all(some.map((session) => openStream(url, session)))));
  }
  return open;
}

/** Resolves when the stream's first event has come all the way through. */
function openStream(url: string, session: Headers): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const headers = { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25', ...session };
    const call = request(url, { headers, agent: false, timeout: 10_000 });
    call.once('timeout', () => reject(new Error('a stream sent no first event within 10 s')));
    call.on('error', reject);
    call.once('response', (response) => {
      response.on('error', () => {});
      if (response.statusCode !== 200) return reject(new Error(`a stream was answered ${response.statusCode}`));
      response.once('data', () => {
        call.setTimeout(0);
        resolve(call);
      });
    });
    call.end();
  });
}

function closeStreams(open: ClientRequest[]): void {
  for (const call of open) call.destroy();
}
