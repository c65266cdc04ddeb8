import { styleText } from 'node:util';
import { GROUPS, type Finding, type Report, type Verdict } from '../../compose-check.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { wrapText } from './wrap-text.ts';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<Verdict, Style>> = {
  fail: ['bold', 'red'],
  warn: 'yellow',
  info: 'cyan',
  pass: 'green',
  skip: 'dim',
};
const NARROWEST = 40;
const USUAL = 100;
const WIDEST = 120;
const NOTE_INDENT = 8;
const MAX_SAW = 300;

interface Layout {
  readonly width: number;
  /** Of the column of ids. */
  readonly ids: number;
  /** Where what was seen begins, and where its further lines do. */
  readonly indent: number;
  readonly hang: number;
}

/** The report for people: a table for each group, and under what is wrong why it matters and what to do. */
export function renderReport(report: Report): string {
  const layout = toLayout(report);
  // Of a server that was not found, only that is to be said.
  const unasked = report.findings.every(({ group, verdict }) => group === 'connection' || verdict === 'skip');
  const groups = Object.entries(GROUPS).flatMap(([group, title]) => {
    const found = report.findings.filter((finding) => finding.group === group);
    if (group !== 'connection' && unasked) return [];
    const tried = found.filter(({ verdict }) => verdict !== 'skip');
    return [
      '',
      style('bold', title),
      ...tried.flatMap((finding) => renderFinding(finding, layout)),
      ...renderSkipped(found, layout),
    ];
  });
  return [...renderHead(report), ...groups, '', ...renderSummary(report)].map((line) => `${line}\n`).join('');
}

function toLayout({ findings }: Report): Layout {
  // A terminal may say that it has none.
  const width = Math.max(NARROWEST, Math.min(process.stdout.columns || USUAL, WIDEST));
  const ids = Math.max(...findings.map(({ id }) => id.length));
  const indent = NOTE_INDENT + ids + 2;
  return { width, ids, indent, hang: width < 80 ? NOTE_INDENT : indent };
}

const TOKENS = {
  none: 'without a token',
  accepted: 'with a token',
  refused: 'with a token that is not accepted',
  unsent: 'the token was not sent',
} as const;

function renderHead({ url, server, revisions, token }: Report): readonly string[] {
  const said = [
    ...(server === null ? [] : [toPlainText(server).slice(0, 80)]),
    ...(revisions.length === 0 ? [] : [`MCP ${revisions.join(', ')}`]),
    TOKENS[token ?? 'none'],
  ];
  return [style('bold', toPlainText(url)), style('dim', said.join(' · '))];
}

function renderFinding(finding: Finding, layout: Layout): readonly string[] {
  const { id, verdict, tries, saw, why, source, advice } = finding;
  const name = style(STYLES[verdict], verdict === 'fail' ? 'FAIL' : verdict);
  const lines = renderEntry(layout, name, id, cut(toPlainText(saw)));
  if (advice === null) return lines;
  const reasons =
    verdict === 'info'
      ? []
      : [...renderNote(layout, 'tried', tries), ...renderNote(layout, 'why', `${why} (${source})`)];
  return [...lines, ...reasons, ...renderNote(layout, 'do', advice)];
}

function renderEntry({ width, ids, indent, hang }: Layout, name: string, id: string, text: string): readonly string[] {
  return wrapText(text, width - indent, width - hang).map((line, at) =>
    at === 0 ? `  ${name}  ${id.padEnd(ids)}  ${line}` : ' '.repeat(hang) + line,
  );
}

function renderNote({ width }: Layout, word: string, text: string): readonly string[] {
  const begin = word.padEnd(7);
  return wrapText(toPlainText(text), width - NOTE_INDENT - begin.length).map(
    (line, at) => ' '.repeat(NOTE_INDENT) + (at === 0 ? style('dim', begin) : ' '.repeat(begin.length)) + line,
  );
}

/** What was not tried, one entry for each reason. */
function renderSkipped(found: readonly Finding[], layout: Layout): readonly string[] {
  const reasons = Map.groupBy(
    found.filter(({ verdict }) => verdict === 'skip'),
    ({ saw }) => saw,
  );
  return [...reasons].flatMap(([saw, skipped]) => {
    const ids = skipped.map(({ id }) => id).join(', ');
    const [name, names] = skipped.length === 1 ? [ids, ''] : [`${skipped.length} probes`, `: ${ids}`];
    return renderEntry(layout, 'skip', name, cut(toPlainText(saw)) + names).map((line) => style('dim', line));
  });
}

function renderSummary({ summary, findings, complete, durationMs }: Report): readonly string[] {
  const counts = (['fail', 'warn', 'info', 'pass', 'skip'] as const)
    .filter((verdict) => summary[verdict] > 0)
    .map((verdict) => style(STYLES[verdict], `${summary[verdict]} ${WORDS[verdict](summary[verdict])}`));
  const time = `${(durationMs / 1000).toFixed(1)} s`;
  const lines = [`${findings.length} probes in ${time}: ${counts.join(', ')}`];
  return complete
    ? lines
    : [
        ...lines,
        style(STYLES.fail, 'The time was over before every probe had its turn; a shorter --timeout leaves more of it.'),
      ];
}

const WORDS: Readonly<Record<Verdict, (count: number) => string>> = {
  fail: () => 'failed',
  warn: (count) => (count === 1 ? 'warning' : 'warnings'),
  info: (count) => (count === 1 ? 'note' : 'notes'),
  pass: () => 'passed',
  skip: () => 'skipped',
};

function cut(text: string): string {
  return text.length > MAX_SAW ? `${text.slice(0, MAX_SAW)}…` : text;
}

function style(format: Style, text: string): string {
  return styleText(format, text, { stream: process.stdout });
}
