import type { Wrapper } from './program.ts';

export const WRAPPERS: readonly Wrapper[] = [
  { names: ['sudo', 'doas'], takes: 'ughpCTUDR', shell: 'si' },
  { names: ['runuser'], takes: 'ugG' },
  { names: ['env'], takes: 'uC' },
  { names: ['xargs'], takes: 'IndPLEaRs', attaches: 'iel', inputIsArguments: true },
  { names: ['nice', 'ionice', 'choom', 'numactl'], takes: 'ncpNCmi' },
  { names: ['timeout'], takes: 'ks', skip: 1 },
  { names: ['chroot'], skip: 1, shell: '' },
  { names: ['nsenter', 'unshare'], takes: 'tSGR', shell: '' },
  { names: ['flock', 'taskset', 'gosu', 'su-exec', 'faketime', 'setarch', 'chrt'], takes: 'wE', skip: 1 },
  { names: ['sshpass'], takes: 'pfdP' },
  { names: ['stdbuf'], takes: 'ioe' },
  { names: ['exec'], takes: 'a' },
  { names: ['strace', 'ltrace'], takes: 'epoP' },
  { names: ['systemd-run', 'cgexec', 'prlimit'], takes: 'puMHEg' },
  { names: ['screen'], takes: 'SscehtTp' },
  { names: ['npx', 'bunx', 'pnpx', 'uvx'], takes: 'p' },
  {
    names: ['docker', 'podman', 'nerdctl', 'docker-compose', 'kubectl', 'oc', 'lxc', 'incus', 'ip', 'direnv'],
    behind: ['exec'],
    takes: 'uwenc',
    skip: 1,
  },
  {
    names: ['uv', 'poetry', 'pipenv', 'pdm', 'hatch', 'pipx', 'nix', 'op', 'doppler', 'dotenv', 'git', 'perf'],
    behind: ['run', 'stat', 'record'],
    takes: 'peo',
  },
  { names: ['npm', 'pnpm', 'yarn', 'bun', 'bundle'], behind: ['exec', 'x', 'dlx'], takes: 'p' },
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
      'toybox',
      'unbuffer',
      'torsocks',
      'proxychains',
      'fakeroot',
      'dbus-run-session',
      'eatmydata',
      'setpriv',
      'pkexec',
      'firejail',
      'bwrap',
      'valgrind',
      'tini',
      'dumb-init',
      'caffeinate',
      'ssh-agent',
      'xvfb-run',
      'rlwrap',
      'watchexec',
      'entr',
      'daemonize',
    ],
  },
];

/**
 * Options of any program that name a command, as far as they are spelled alike: `--command`, `--health-cmd`,
 * `-oProxyCommand=`, `-c core.sshCommand=`, `git config core.pager`. What programs call otherwise stands in their table.
 */
const RUNNING =
  /^(?:--?[\w-]*(?:command|cmd|compress-program|eval|exec|rsh|pager|editor|askpass|upload-pack|receive-pack|exec-path|entrypoint)|(?:-[a-z])?(?:[\w-]+\.)+(?:\w*command|cmd|program|pager|editor|helper|askPass|hooksPath|fsmonitor)|(?:-o)?(?:proxy|local|remote|knownhosts)command|(?:-c)?alias\.[\w-]+)[= ]|^(?:EXEC|SYSTEM|SHELL):/i;

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
