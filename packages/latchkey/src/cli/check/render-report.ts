import { stripVTControlCharacters, styleText } from 'node:util';
import { GROUPS, type Finding, type Report, type Verdict } from '../../compose-check.ts';
import { toPlainText } from '../plain-text.ts';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<Verdict, Style>> = {
  fail: ['bold', 'red'],
  warn: 'yellow',
  info: 'cyan',
  pass: 'green',
  skip: 'dim',
};
const WIDEST = 120;
const MAX_SAW = 300;

/** The report for people: a table for each group, and under what is wrong why it matters and what to do. */
export function renderReport(report: Report): string {
  const width = Math.max(40, Math.min(process.stdout.columns ?? 100, WIDEST));
  const longest = Math.max(...report.findings.map(({ id }) => id.length));
  // Of a server that was not found, only that is to be said.
  const unasked = report.findings.every(({ group, verdict }) => group === 'connection' || verdict === 'skip');
  const groups = Object.entries(GROUPS).flatMap(([group, title]) => {
    const found = report.findings.filter((finding) => finding.group === group);
    return group !== 'connection' && unasked
      ? []
      : [
          '',
          style('bold', title),
          ...found.filter(({ verdict }) => verdict !== 'skip').flatMap((each) => renderFinding(each, longest, width)),
          ...renderSkipped(found, longest, width),
        ];
  });
  return [...renderHead(report), ...groups, '', ...renderSummary(report)].map((line) => `${line}\n`).join('');
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

function renderFinding(finding: Finding, longest: number, width: number): readonly string[] {
  const { id, verdict, saw, why, source, advice } = finding;
  const name = verdict === 'fail' ? 'FAIL' : verdict;
  const indent = 2 + 4 + 2 + longest + 2;
  const head = `  ${style(STYLES[verdict], name)}  ${id.padEnd(longest)}  `;
  const [first = '', ...rest] = wrap(cut(toPlainText(saw)), width - indent);
  const lines = [head + first, ...rest.map((line) => ' '.repeat(indent) + line)];
  if (advice === null) return lines;
  const note = (word: string, text: string): readonly string[] =>
    wrap(toPlainText(text), width - indent - 5).map(
      (line, at) => ' '.repeat(indent) + (at === 0 ? style('dim', word.padEnd(5)) : '     ') + line,
    );
  if (verdict === 'info') return [...lines, ...note('do', advice)];
  return [...lines, ...note('why', `${why} (${source})`), ...note('do', advice)];
}

/** What was not tried, one entry for each reason. */
function renderSkipped(found: readonly Finding[], longest: number, width: number): readonly string[] {
  const reasons = Map.groupBy(
    found.filter(({ verdict }) => verdict === 'skip'),
    ({ saw }) => saw,
  );
  const indent = 2 + 4 + 2 + longest + 2;
  return [...reasons].flatMap(([saw, skipped]) => {
    const [only] = skipped;
    const name = skipped.length === 1 && only !== undefined ? only.id : `${skipped.length} probes`;
    const names = skipped.length === 1 ? '' : `: ${skipped.map(({ id }) => id).join(', ')}`;
    return wrap(cut(toPlainText(saw)) + names, width - indent).map((line, at) =>
      style('dim', (at === 0 ? `  skip  ${name.padEnd(longest)}  ` : ' '.repeat(indent)) + line),
    );
  });
}

function renderSummary({ summary, findings, complete, durationMs }: Report): readonly string[] {
  const counts = (['fail', 'warn', 'info', 'pass', 'skip'] as const)
    .filter((verdict) => summary[verdict] > 0)
    .map((verdict) => style(STYLES[verdict], `${summary[verdict]} ${WORDS[verdict](summary[verdict])}`));
  const time = `${(durationMs / 1000).toFixed(1)} s`;
  const lines = [`${findings.length} probes in ${time}: ${counts.join(', ')}`];
  return complete ? lines : [...lines, style(STYLES.fail, 'The time was over before every probe had its turn.')];
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

/** Lines of at most that many columns, broken between words; a longer word stands alone. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of stripVTControlCharacters(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
