/** What a program takes for text of its own language, so that a value there would be a program. */
export interface Program {
  readonly names: readonly string[];
  /** What that text is, for people. */
  readonly language: string;
  /** Letters of options whose argument is such text (`-c`), alone or at the end of a cluster. */
  readonly letters?: string;
  /** Other options whose argument is such text (`--eval`, `-cmd`). */
  readonly options?: readonly string[];
  /** Letters and options whose argument is something else. */
  readonly takes?: string;
  readonly takesOptions?: readonly string[];
  /** Options with two such arguments. */
  readonly takesTwo?: readonly string[];
  /** Letters of options whose argument names a file or module with the program. */
  readonly file?: string;
  /** Letters and options whose argument names what is loaded before the program. */
  readonly loads?: string;
  readonly loadsOptions?: readonly string[];
  /** A letter after which the rest of the cluster is no more letters (`sed -i.bak`). */
  readonly stop?: string;
  /** Operands that are such text: all, the first unless an option gave it, or those behind the first. */
  readonly operands?: 'all' | 'first' | 'behind-first' | 'none';
  /** A shell: options may begin with `+`, `-` alone ends them, and the text of `-c` comes behind them all. */
  readonly shell?: boolean;
  /** The first operand is the file of the program to run. */
  readonly script?: boolean;
  /** It reads such text from its standard input where it is given none. */
  readonly input?: boolean;
  /** Part of the shell, so that it is none when other programs are given its name. */
  readonly builtin?: boolean;
  /** Some of its options run programs, so that no operand may be read as one. */
  readonly optionsRun?: boolean;
  /** Whole texts of it are what callers may be meant to write: SQL. */
  readonly query?: boolean;
  /** What to write instead. */
  readonly instead: string;
}

/** A program that runs the program named in its operands. */
export interface Wrapper {
  readonly names: readonly string[];
  readonly takes?: string;
  /** Operands before that name. */
  readonly skip?: number;
  /** What it reads from standard input are arguments of that program. */
  readonly inputIsArguments?: boolean;
}

const AS_ARGUMENT = 'pass it as an argument: script: {command, args}';
const SQL = 'let callers write the whole statement, or limit the parameter with enum or to a number';

export const PROGRAMS: readonly Program[] = [
  {
    names: ['sh', 'bash', 'dash', 'zsh', 'ksh', 'mksh', 'ash', 'fish', 'csh', 'tcsh'],
    language: 'a script for a shell',
    shell: true,
    letters: 'c',
    takes: 'oO',
    takesOptions: ['--rcfile', '--init-file'],
    script: true,
    input: true,
    instead: 'write the script itself here, or pass it as an argument: sh -c \'… "$1"\' sh "{{…}}"',
  },
  {
    names: [
      'eval',
      'alias',
      'trap',
      'compgen',
      'complete',
      'bind',
      'hash',
      'enable',
      'fc',
      'sched',
      'zle',
      'zstyle',
      'emulate',
      'zmodload',
      'autoload',
    ],
    language: 'text that the shell reads again',
    operands: 'all',
    builtin: true,
    instead: 'write the command itself here',
  },
  {
    names: ['source', '.'],
    language: 'a script for a shell',
    script: true,
    builtin: true,
    instead: 'name the file here, or limit the parameter with enum',
  },
  {
    names: ['su', 'script', 'flock', 'runuser'],
    language: 'a script for a shell',
    letters: 'c',
    options: ['--command'],
    instead: AS_ARGUMENT,
  },
  {
    names: ['watch', 'parallel'],
    language: 'a script for a shell',
    operands: 'all',
    input: true,
    takes: 'nj',
    instead: AS_ARGUMENT,
  },
  {
    names: ['at', 'batch', 'crontab'],
    language: 'a script for a shell',
    input: true,
    operands: 'none',
    instead: AS_ARGUMENT,
  },
  {
    names: ['ssh'],
    language: 'text that the shell over there reads',
    operands: 'behind-first',
    takes: 'BbcDEeFIiJLlmOopQRSWw',
    optionsRun: true,
    input: true,
    instead: 'send it on standard input to a program that is named here',
  },
  {
    names: ['scp', 'sftp', 'rsync'],
    language: 'an option',
    takes: 'oPiFSJ',
    optionsRun: true,
    instead: 'write -- before it',
  },
  {
    names: ['python', 'pypy'],
    language: 'a Python program',
    letters: 'c',
    takes: 'WX',
    file: 'm',
    script: true,
    input: true,
    instead: 'pass it as an argument: python3 -c \'import sys; … sys.argv[1]\' "{{…}}", or script: {command, args}',
  },
  {
    names: ['node', 'bun', 'deno', 'tsx', 'nodejs'],
    language: 'a JavaScript program',
    letters: 'ep',
    options: ['--eval', '--print', 'eval'],
    takes: 'C',
    takesOptions: ['--env-file'],
    loads: 'r',
    loadsOptions: ['--require', '--import', '--loader'],
    script: true,
    input: true,
    instead: 'pass it as an argument: node -e \'… process.argv[1]\' "{{…}}", or script: {command, args}',
  },
  {
    names: ['perl'],
    language: 'a Perl program',
    letters: 'eE',
    takes: 'I',
    loads: 'Mm',
    stop: 'i',
    script: true,
    input: true,
    instead: 'pass it as an argument: perl -e \'… $ARGV[0]\' "{{…}}"',
  },
  {
    names: ['ruby', 'php', 'lua', 'luajit', 'Rscript', 'R', 'julia', 'osascript', 'groovy', 'elixir', 'swift', 'tclsh'],
    language: 'a program',
    letters: 'eErR',
    takes: 'I',
    script: true,
    input: true,
    instead: AS_ARGUMENT,
  },
  {
    names: ['pwsh', 'powershell', 'cmd', 'expect'],
    language: 'a script',
    letters: 'ck',
    options: ['-Command', '-EncodedCommand', '/c', '/k'],
    script: true,
    input: true,
    instead: AS_ARGUMENT,
  },
  {
    names: ['awk', 'gawk', 'mawk', 'nawk'],
    language: 'an awk program, which can run others',
    letters: 'e',
    options: ['--source'],
    takes: 'Fv',
    file: 'f',
    operands: 'first',
    instead: 'pass it as a variable: awk -v x="{{…}}" \'… x\'',
  },
  {
    names: ['sed', 'gsed', 'ssed'],
    language: 'a sed script, which can run programs',
    letters: 'e',
    options: ['--expression'],
    takes: 'l',
    file: 'f',
    stop: 'i',
    operands: 'first',
    instead: 'use awk with a variable: awk -v x="{{…}}" \'…\', or make the parameter a number or an enum',
  },
  {
    names: ['jq', 'yq', 'gojq'],
    language: 'a jq filter, which can read the environment',
    takes: 'L',
    takesOptions: ['--indent'],
    takesTwo: ['--arg', '--argjson', '--slurpfile', '--rawfile'],
    file: 'f',
    operands: 'first',
    instead: 'pass it as a variable: jq --arg x "{{…}}" \'… $x\'',
  },
  {
    names: ['dc', 'ed', 'ex', 'm4', 'gnuplot'],
    language: 'a program that can run others',
    letters: 'e',
    input: true,
    instead: AS_ARGUMENT,
  },
  {
    names: ['mongosh', 'mongo'],
    language: 'a JavaScript program',
    options: ['--eval'],
    input: true,
    instead: 'read it from the environment: process.env.GANTZ_ARG_…',
  },
  {
    names: ['psql', 'duckdb', 'cockroach', 'usql'],
    language: 'SQL',
    letters: 'c',
    options: ['--command', '--execute'],
    takes: 'dhpUvPF',
    file: 'f',
    input: true,
    query: true,
    instead: `${SQL}; psql takes values with -v x="{{…}}" and :'x' in a file or on standard input`,
  },
  {
    names: ['mysql', 'mariadb', 'clickhouse-client', 'sqlcmd', 'cqlsh', 'trino'],
    language: 'SQL',
    letters: 'eqQ',
    options: ['--execute', '--query'],
    takes: 'hPuDS',
    input: true,
    query: true,
    instead: SQL,
  },
  {
    names: ['sqlite3', 'sqlite'],
    language: 'SQL',
    options: ['-cmd', '--cmd'],
    takesOptions: ['-separator', '-nullvalue', '-newline', '-init'],
    operands: 'behind-first',
    input: true,
    query: true,
    instead: `${SQL}; sqlite3 takes values with .parameter on standard input`,
  },
];

/** One that is only known when the script runs. */
export const UNKNOWN: Program = {
  names: [],
  language: 'a program',
  letters: 'ceErR',
  options: ['--eval', '--command', '--execute'],
  script: true,
  input: true,
  instead: 'name the program here, since it may be a shell',
};

export const WRAPPERS: readonly Wrapper[] = [
  { names: ['sudo', 'doas'], takes: 'ughpCTUDR' },
  { names: ['runuser'], takes: 'ugG' },
  { names: ['env'], takes: 'uC' },
  { names: ['xargs'], takes: 'IndPLEaRs', inputIsArguments: true },
  { names: ['nice', 'ionice', 'chrt'], takes: 'ncp' },
  { names: ['timeout'], takes: 'ks', skip: 1 },
  { names: ['chroot', 'flock', 'taskset'], takes: 'wE', skip: 1 },
  { names: ['stdbuf'], takes: 'ioe' },
  { names: ['exec'], takes: 'a' },
  { names: ['strace', 'ltrace'], takes: 'epoP' },
  {
    names: [
      'nohup',
      '-',
      'setsid',
      'time',
      'command',
      'builtin',
      'noglob',
      'nocorrect',
      'coproc',
      'busybox',
      'unbuffer',
    ],
  },
];

/** Options of find whose next argument is the name of a program. */
export const RUNNING_OPTIONS: ReadonlySet<string> = new Set(['-exec', '-execdir', '-ok', '-okdir']);

/** Which program a word names: the last part of its path, without a version. */
export function findNamed<Entry extends { readonly names: readonly string[] }>(
  entries: readonly Entry[],
  word: string,
): Entry | undefined {
  const base = word.slice(word.lastIndexOf('/') + 1);
  const bare = base.replace(/(?<=[a-z])[\d.]+$/i, '');
  return entries.find(({ names }) => names.includes(base) || (bare !== '' && names.includes(bare)));
}
