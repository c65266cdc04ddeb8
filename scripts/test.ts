// `npm test`: everything that must hold, in one go, with a plain closing line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { CATALOGUE, toCheckId } from '../test/acceptance/catalogue.ts';
import { DOORS, toProject } from '../test/doors/doors.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'build', command: ['npm', 'run', '--silent', 'build'] },
  { name: 'types', command: ['npm', 'run', '--silent', 'types'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'generated documents', command: ['node', 'scripts/generate.ts', '--check'] },
];

/** One run of vitest. */
interface Pass {
  readonly projects: readonly string[];
  /** Test files at a time. */
  readonly workers: number;
  /** Only files whose names begin like this, or only others. */
  readonly only?: readonly string[];
  readonly without?: readonly string[];
  /** Besides those of every run. */
  readonly reporter?: string;
}

/** Files whose tests hold time or load against a bound: nothing else may run beside them. */
const TIMED = ['dos-', 'jwt-cost', 'leg-load', 'net-testssl', 'rob-', 'sse-backpressure', 'str-backpressure'];
// Tests mostly wait, for time to pass or for processes to start: three files at a time keep two cores busy.
const SEVERAL = Math.max(3, availableParallelism() - 1);

// The quick ones first.
const PASSES: readonly Pass[] = [
  { projects: ['unit', 'contract', 'property'], workers: SEVERAL },
  { projects: ['acceptance', 'cli'], workers: SEVERAL, without: TIMED },
  { projects: ['acceptance'], workers: 1, only: TIMED },
  { projects: ['library', 'clients', 'forward-auth'], workers: SEVERAL },
  { projects: DOORS.map(toProject), workers: SEVERAL, reporter: './test/doors/reporter.ts' },
  { projects: ['meta'], workers: 1 },
  { projects: ['conformance'], workers: 1 },
];

/** Programs that single tests need, with Debian's package that has them. Tests of a missing one are skipped. */
const PROGRAMS: readonly { readonly program: string; readonly debian: string }[] = [
  { program: 'openssl', debian: 'openssl' },
  { program: 'strace', debian: 'strace' },
  { program: 'faketime', debian: 'faketime' },
  { program: 'slowhttptest', debian: 'slowhttptest' },
  { program: 'testssl', debian: 'testssl.sh' },
  { program: 'script', debian: 'bsdutils' },
  { program: 'bwrap', debian: 'bubblewrap' },
  { program: 'zsh', debian: 'zsh' },
  { program: 'nginx', debian: 'nginx' },
  { program: 'caddy', debian: 'caddy' },
  { program: 'chromium', debian: 'chromium' },
];

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
/** What failed and why, said once more at the end, where whoever sees only the last lines finds it. */
const failures: string[] = [];
/** By id of the catalogue: whether every test of that check passed. */
const checked = new Map<string, boolean>();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-report-'));
// What tests leave behind, as those that kill a gateway must, goes with it.
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
try {
  for (const needed of PROGRAMS) bring(needed);
  bringWorkerd();
  for (const check of CHECKS) runCheck(check);
  PASSES.forEach(runPass);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
console.log(`\n${describeCatalogue()}`);
if (failures.length > 0) console.log(`\nfailed:\n${failures.join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** On Debian as root a missing program is installed; elsewhere it is said how to get it. */
function bring({ program, debian }: (typeof PROGRAMS)[number]): void {
  if (process.platform === 'win32' || has(program)) return;
  const install = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debian}`;
  if (process.getuid?.() === 0 && has('apt-get')) spawnSync('sh', ['-c', install], { stdio: 'inherit' });
  if (!has(program)) console.log(`skip tests that need ${program}: it is missing (Debian: apt-get install ${debian})`);
}

/** The runtime of Cloudflare Workers, of npm; large, so nobody else gets it. */
function bringWorkerd(): void {
  const place = join('test', 'fixtures', 'workerd');
  if (existsSync(join(place, 'node_modules'))) return;
  const args = ['ci', '--prefix', place, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) console.log('skip tests that need workerd: npm could not install it');
}

function runCheck({ name, command }: (typeof CHECKS)[number]): void {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) total.passed += 1;
  else {
    total.failed += 1;
    failures.push(`- ${name}`);
  }
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}${status === 0 ? '' : `\n${stdout ?? ''}${stderr ?? ''}`}`);
}

function runPass({ projects, workers, only = [], without = [], reporter }: Pass, index: number): void {
  console.log(`\n== ${projects.join(', ')}${only.length > 0 ? ': time and load' : ''}`);
  const report = join(folder, `${index}.json`);
  const args = [
    'run',
    ...only.map((name) => `/${name}`),
    ...projects.flatMap((project) => ['--project', project]),
    ...without.flatMap((name) => ['--exclude', `**/acceptance/${name}*`]),
    `--maxWorkers=${workers}`,
    '--reporter=default',
    '--reporter=json',
    ...(reporter === undefined ? [] : [`--reporter=${reporter}`]),
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync('vitest', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TMPDIR: temporary },
    shell: process.platform === 'win32',
  });
  add(readReport(report), status);
}

function readReport(path: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  } catch {
    return null;
  }
}

/** A file that could not be loaded has no test to count, and counts as one that failed; so does a run without a report. */
function add(report: VitestReport | null, status: number | null): void {
  const broken =
    report?.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length ?? 1;
  const failed = (report?.numFailedTests ?? 0) + broken;
  total.passed += report?.numPassedTests ?? 0;
  total.failed += failed === 0 && status !== 0 ? 1 : failed;
  total.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  if (report === null) failures.push('- a run that left no report');
  else if (failed === 0 && status !== 0) failures.push('- a run that failed outside of its tests; see above');
  else report.testResults.forEach(noteFailures);
  for (const { title, status: result } of report?.testResults.flatMap((file) => file.assertionResults) ?? []) {
    const id = /^[A-Z]+-\d+/.exec(title)?.[0];
    if (id !== undefined) checked.set(id, result === 'passed' && checked.get(id) !== false);
  }
}

function noteFailures(file: VitestReport['testResults'][number]): void {
  const name = relative(process.cwd(), file.name);
  const failed = file.assertionResults.filter((test) => test.status === 'failed');
  if (file.status === 'failed' && failed.length === 0) failures.push(`- ${name}: ${brief(file.message)}`);
  for (const { title, failureMessages } of failed) {
    failures.push(`- ${name}: ${title}\n    ${brief(failureMessages?.join('\n') ?? '')}`);
  }
}

/** The beginning of a message, without the colours of a terminal. */
function brief(message: string): string {
  return stripVTControlCharacters(message).trim().slice(0, 600).replaceAll('\n', '\n    ');
}

/** How many checks of each area have tests that all passed. */
function describeCatalogue(): string {
  const areas = Object.entries(CATALOGUE).map(([area, numbers]) => {
    const passed = numbers.filter((number) => checked.get(toCheckId(area, number)) === true);
    return `${area} ${passed.length} of ${numbers.length}`;
  });
  return `catalogue: ${areas.join(', ')}`;
}
