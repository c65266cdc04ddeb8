import type { MemoryOutcome } from './streams.ts';
import { median, medianRatio } from './statistics.ts';
import type { Outcome, Round } from './throughput.ts';

type Reading = (round: Round) => number;

const ofGateway: Reading = (round) => round.gatewayMicroseconds;
const withServers: Reading = (round) => round.totalMicroseconds;

/** Rounds of the peer called `name`, or an empty list. */
export function roundsOf(outcomes: Outcome[], name: string): Round[] {
  const found = outcomes.find(({ peer }) => peer.name === name);
  return found !== undefined && 'rounds' in found ? found.rounds : [];
}

export function formatHttp(outcomes: Outcome[]): string {
  const head = ['peer', 'checks', 'CPU µs', 'min', 'req/s', 'best', 'x bare', 'x haproxy'];
  return formatRows(outcomes, head, (rounds) => [
    ...formatCost(rounds, ofGateway),
    ...formatRate(rounds),
    formatRatio(rounds, roundsOf(outcomes, 'bare-proxy'), ofGateway),
    formatRatio(rounds, roundsOf(outcomes, 'haproxy'), ofGateway),
  ]);
}

export function formatStdio(outcomes: Outcome[]): string {
  const head = ['peer', 'checks', 'CPU µs', 'min', '+child', 'min', 'req/s', 'best', 'x mcp-proxy', '+child'];
  return formatRows(outcomes, head, (rounds, name) => {
    // Each shape against mcp-proxy in that shape.
    const reference = roundsOf(outcomes, toStdioReference(outcomes, name));
    return [
      ...formatCost(rounds, ofGateway),
      ...formatCost(rounds, withServers),
      ...formatRate(rounds),
      formatRatio(rounds, reference, ofGateway),
      formatRatio(rounds, reference, withServers),
    ];
  });
}

export function formatMemory(outcomes: MemoryOutcome[]): string {
  const rows = outcomes.map((outcome) => {
    const { name } = outcome.peer;
    if ('problem' in outcome) return [name, formatProblem(outcome)];
    const [first, second] = [outcome.weights.map((one) => one.first), outcome.weights.map((one) => one.second)];
    return [name, formatNumber(median(first)), formatNumber(median(second)), formatNumber(Math.min(...second))];
  });
  return formatTable([['peer', '1st thousand', '2nd thousand', 'min'], ...rows]);
}

function formatRows(outcomes: Outcome[], head: string[], toCells: (rounds: Round[], name: string) => string[]): string {
  const rows = outcomes.map((outcome) => {
    const { name, checks } = outcome.peer;
    if ('problem' in outcome) return [name, formatProblem(outcome)];
    const held = Object.entries(checks).flatMap(([check, done]) => (done ? [check] : []));
    return [name, held.join('+') || 'none', ...toCells(outcome.rounds, name)];
  });
  return formatTable([head, ...rows]);
}

function formatProblem({ problem, broken }: { problem: string; broken: boolean }): string {
  return broken ? `FAILED: ${problem}` : problem;
}

function toStdioReference(outcomes: Outcome[], name: string): string {
  const shape = outcomes.find(({ peer }) => peer.name === name)?.peer.shape;
  return shape === '2026-07-28' ? 'mcp-proxy' : 'mcp-proxy-sessions';
}

function formatCost(rounds: Round[], reading: Reading): string[] {
  const values = rounds.map(reading);
  return [formatNumber(median(values)), formatNumber(Math.min(...values))];
}

function formatRate(rounds: Round[]): string[] {
  const rates = rounds.map(({ requestsPerSecond }) => requestsPerSecond);
  return [median(rates).toFixed(0), Math.max(...rates).toFixed(0)];
}

function formatRatio(rounds: Round[], reference: Round[], reading: Reading): string {
  return reference.length === 0 ? '-' : medianRatio(rounds.map(reading), reference.map(reading)).toFixed(2);
}

function formatNumber(value: number): string {
  return value.toFixed(1);
}

/** Columns to the right but the first two; a row of two cells is a name and a sentence, which sets no width. */
function formatTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.filter((row) => row.length > 2 || column === 0).map((row) => row[column]?.length ?? 0)),
  );
  const isText = (column: number, row: string[]) =>
    column === 0 || row.length === 2 || (rows[0]?.[1] === 'checks' && column === 1);
  const pad = (cell: string, column: number, row: string[]) =>
    isText(column, row) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, column, row))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
