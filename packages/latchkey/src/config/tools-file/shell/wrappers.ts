import type { Wrapper } from './program.ts';
import { CONTAINER_WRAPPERS } from './wrappers-containers.ts';
import { ENVIRONMENT_WRAPPERS } from './wrappers-environments.ts';
import { LIMIT_WRAPPERS } from './wrappers-limits.ts';

const PACKAGE_FLAGS =
  '--recursive --parallel --stream --silent --offline --prod --production --verbose --json --watch --hot --bun --smol --if-present --workspace-root --aggregate-output --no-bail'.split(
    ' ',
  );

export const WRAPPERS: readonly Wrapper[] = [
  ...LIMIT_WRAPPERS,
  {
    names: ['sudo', 'doas'],
    takes: 'ughpCTUDRrta',
    flags: [
      '--askpass',
      '--background',
      '--edit',
      '--list',
      '--login',
      '--no-update',
      '--non-interactive',
      '--preserve-env',
      '--reset-timestamp',
      '--set-home',
      '--shell',
      '--stdin',
    ],
    shell: 'si',
  },
  {
    names: ['env'],
    takes: 'uC',
    flags: [
      '--ignore-environment',
      '--debug',
      '--null',
      '--list-signal-handling',
      '--block-signal',
      '--default-signal',
      '--ignore-signal',
    ],
  },
  {
    names: ['xargs'],
    takes: 'IndPLEaRs',
    attaches: 'iel',
    flags: [
      '--null',
      '--no-run-if-empty',
      '--verbose',
      '--interactive',
      '--exit',
      '--open-tty',
      '--show-limits',
      '--replace',
      '--eof',
      '--max-lines',
    ],
    inputIsArguments: true,
  },
  { names: ['timeout', 'gtimeout'], takes: 'ks', flags: ['--foreground', '--preserve-status', '--verbose'], skip: 1 },
  { names: ['msgexec', 'msgfilter'], takes: 'iDo' },
  { names: ['dotenv', 'env-cmd'], takes: 'evpcf' },
  { names: ['nyc', 'c8'], takes: 'xnroic' },
  { names: ['npm', 'pnpm'], behind: ['explore'], skip: 1 },
  // They run scripts and programs of packages by their names alone.
  { names: ['pnpm', 'yarn', 'bun'], takes: 'CF', flags: PACKAGE_FLAGS },
  { names: ['yarn', 'bun'], behind: ['run'], flags: PACKAGE_FLAGS },
  { names: ['yarn'], behind: ['workspace'], skip: 1 },
  { names: ['lerna'], behind: ['exec'] },
  { names: ['py-spy'], behind: ['record', 'top'], dashes: true },
  { names: ['rustup'], behind: ['run'], skip: 1 },
  { names: ['guix'], behind: ['shell', 'environment', 'time-machine'], dashes: true },
  { names: ['sshpass'], takes: 'pfdP' },
  { names: ['stdbuf'], takes: 'ioe' },
  { names: ['exec'], takes: 'a' },
  { names: ['time'], takes: 'of' },
  { names: ['gdbserver'], skip: 1 },
  { names: ['screen'], takes: 'SscehtTp' },
  { names: ['npx', 'bunx', 'pnpx', 'uvx'], takes: 'p' },
  // A module is as good as a program: `python3 -m timeit …`.
  { names: ['python', 'pypy'], behind: ['-m', '-Im', '-um', '-Bm', '-Em', '-sm'] },
  ...CONTAINER_WRAPPERS,
  ...ENVIRONMENT_WRAPPERS,
  { names: ['conda', 'mamba', 'micromamba'], behind: ['* run'], takes: 'np' },
  {
    names:
      'uv poetry pipenv pdm hatch pipx nix op doppler dotenv git stack cabal pixi rye devbox flatpak snap railway rbenv pyenv asdf mise volta tox foreman zellij terragrunt perlbrew ddev devcontainer'.split(
        ' ',
      ),
    behind: ['* run', '* exec'],
    takes: 'peo',
  },
  {
    names: ['npm', 'pnpm', 'yarn', 'bun', 'bundle', 'composer', 'gem'],
    behind: ['* exec', '* x', '* dlx', 'create', 'init'],
    takes: 'p',
  },
  {
    names:
      'nohup - setsid command builtin noglob nocorrect coproc busybox toybox unbuffer torsocks eatmydata setpriv pkexec chronic ifne systemd-inhibit uclampset run-one nodemon caffeinate entr wine wasmtime cross-env ccache distrobox-host-exec sccache distcc'.split(
        ' ',
      ),
  },
];

/**
 * Options of any program that name a command, as far as they are spelled alike: `--command`, `--health-cmd`,
 * `-oProxyCommand=`, `-c core.sshCommand=`, `git config core.pager`. What programs call otherwise stands in their table.
 */
const RUNNING =
  /^(?:--?[\w-]*(?:command|cmd|compress-program|eval|exec|execute|rsh|pager|editor|askpass|upload-pack|receive-pack|exec-path|entrypoint|hooks?|program|user-?data|custom-data|cloud-init|startup-script)|(?:-[a-z])?(?:[\w-]+\.)+(?:\w*command|\w*cmd|program|pager|editor|helper|askPass|hooksPath|fsmonitor)|(?:-o)?(?:proxy|local|remote|knownhosts)command|(?:-c)?alias\.[\w-]+)[= ]|^(?:EXEC|SYSTEM|SHELL|ext:):/i;

/** Whether an argument that begins so, or one behind such a word, is a command or part of one. */
export function isRunning(prefix: string, before: string): boolean {
  return RUNNING.test(prefix) || (RUNNING.test(`${before} `) && !prefix.startsWith('-'));
}

/** Words before the name of a program that another runs. */
export const RUNNING_WORD = /^(?:exec|run|shell|ssh|enter|console|--|--interactive|-[a-zA-Z]*i[a-zA-Z]*)$/;

/** Read text and print text, and run nothing. */
export const TEXT_PROGRAMS: ReadonlySet<string> = new Set(
  'echo printf grep egrep fgrep rg tr cut head tail wc tee cat uniq comm paste column fold nl rev base64 xxd od diff'.split(
    ' ',
  ),
);

/** Options of find whose next argument is the name of a program. */
export const RUNNING_OPTIONS: ReadonlySet<string> = new Set(['-exec', '-execdir', '-ok', '-okdir']);
