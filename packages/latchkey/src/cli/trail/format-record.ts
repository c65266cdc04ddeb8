import { styleText } from 'node:util';
import { toPlainText } from '../../core/plain-text.ts';
import { padCell } from '../table.ts';

/** Widths suit what the columns usually hold: lines that come one by one cannot be measured together. */
const COLUMNS = [
  ['TIME', 24],
  ['DECISION', 8],
  ['REASON', 20],
  ['STATUS', 6],
  ['WHO', 20],
  ['METHOD', 25],
  ['TARGET', 24],
  ['SERVER', 10],
  ['ADDRESS', 15],
  ['MS', 8],
  ['DETAIL', 0],
] as const;

/** The head of the table, one line. */
export const RECORD_HEAD = (): string =>
  `${styleText('dim', toLine(COLUMNS.map(([title]) => title)), { stream: process.stdout })}\n`;

/** One record as one line for people; refusals are red on a terminal, and no text of a caller can move the cursor. */
export function formatRecord(json: string): string {
  const record = withoutEnd(parse(json));
  const cell = (name: string) => toPlainText(String(record[name] ?? '-'));
  const who = record['credential'] ?? record['principal'];
  const line = toLine([
    cell('time'),
    cell('decision'),
    cell('reason'),
    cell('status'),
    toPlainText(String(who ?? '-')),
    record['method'] === null ? cell('httpMethod') : cell('method'),
    cell('target'),
    cell('server'),
    cell('address'),
    cell('durationMs'),
    record['detail'] === undefined ? describeChange(record['change']) : cell('detail'),
  ]);
  return `${record['decision'] === 'deny' ? styleText('red', line, { stream: process.stdout }) : line}\n`;
}

/** Of a reload, what it changed; of what else was changed the other columns say enough. */
function describeChange(change: unknown): string {
  const { rules = {}, declaredTools = {} } = (change ?? {}) as Readonly<Record<string, object>>;
  const parts = [...Object.entries(rules), ...Object.entries(declaredTools)] as [string, readonly string[]][];
  return toPlainText(
    parts.flatMap(([what, names]) => (names.length === 0 ? [] : [`${what} ${names.join(', ')}`])).join('; '),
  );
}

function parse(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return { target: json };
  }
}

/** What has only begun took no time yet, and was answered nothing. */
function withoutEnd(record: Record<string, unknown>): Record<string, unknown> {
  if (record['phase'] !== 'begun') return record;
  return { ...record, status: null, durationMs: null, detail: 'begun, not ended' };
}

function toLine(cells: readonly string[]): string {
  return cells
    .map((cell, column) => padCell(cell, COLUMNS[column]![1]))
    .join('  ')
    .trimEnd();
}
