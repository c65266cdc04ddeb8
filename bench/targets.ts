import { roundsOf } from './report.ts';
import { median, medianRatio, minimumRatio } from './statistics.ts';
import type { MemoryOutcome } from './streams.ts';
import type { Outcome } from './throughput.ts';

export interface Verdict {
  target: string;
  measured: string;
  result: 'pass' | 'FAIL' | 'not measured';
}

/** The promises of the design, held against what this run saw: by medians, with the minima beside them. */
export function judgeTargets(http: Outcome[], stdio: Outcome[], memory: MemoryOutcome[]): Verdict[] {
  return [
    judgeRatio('HTTP: CPU at most 1.25 x bare-proxy', 1.25, costs(http, 'latchkey'), costs(http, 'bare-proxy')),
    judgeRatio(
      'stdio, 2026-07-28: CPU at most 0.333 x mcp-proxy',
      1 / 3,
      costs(stdio, 'latchkey-stdio'),
      costs(stdio, 'mcp-proxy'),
    ),
    judgeRatio(
      'stdio, 2025-11-25 sessions at one process: CPU at most 0.333 x mcp-proxy',
      1 / 3,
      costs(stdio, 'latchkey-stdio-shared'),
      costs(stdio, 'mcp-proxy-sessions'),
    ),
    judgeRatio(
      'stdio, 2025-11-25 sessions with a process each: CPU at most 0.333 x mcp-proxy',
      1 / 3,
      costs(stdio, 'latchkey-stdio-sessions'),
      costs(stdio, 'mcp-proxy-sessions'),
    ),
    judgeWeight('memory: at most 40 KiB a stream above bare-proxy', 40, memory),
  ];
}

function judgeRatio(target: string, limit: number, values: number[], reference: number[]): Verdict {
  const ratio = medianRatio(values, reference);
  const measured = `${ratio.toFixed(3)} x (minima ${minimumRatio(values, reference).toFixed(3)} x)`;
  return judge(target, limit, ratio, measured);
}

function judgeWeight(target: string, limit: number, outcomes: MemoryOutcome[]): Verdict {
  const weigh = (name: string) => {
    const found = outcomes.find(({ peer }) => peer.name === name);
    return found !== undefined && 'weights' in found ? median(found.weights.map(({ second }) => second)) : NaN;
  };
  const difference = weigh('latchkey') - weigh('bare-proxy');
  return judge(target, limit, difference, `${difference.toFixed(1)} KiB`);
}

function judge(target: string, limit: number, value: number, measured: string): Verdict {
  if (Number.isNaN(value)) return { target, measured: '-', result: 'not measured' };
  return { target, measured, result: value <= limit ? 'pass' : 'FAIL' };
}

function costs(outcomes: Outcome[], name: string): number[] {
  return roundsOf(outcomes, name).map(({ gatewayMicroseconds }) => gatewayMicroseconds);
}
