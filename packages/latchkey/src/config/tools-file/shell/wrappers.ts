import type { Wrapper } from './program.ts';

/** What `docker compose run` and its like have before the name of a service. */
const COMPOSE = {
  takes: 'elpuvw',
  flags: [
    '--build',
    '--detach',
    '--interactive',
    '--no-TTY',
    '--no-deps',
    '--quiet-pull',
    '--remove-orphans',
    '--rm',
    '--service-ports',
    '--use-aliases',
  ],
  skip: 1,
  entry: '--entrypoint',
};

const PACKAGE_FLAGS =
  '--recursive --parallel --stream --silent --offline --prod --production --verbose --json --watch --hot --bun --smol --if-present --workspace-root --aggregate-output --no-bail'.split(
    ' ',
  );

export const WRAPPERS: readonly Wrapper[] = [
  {
    names: ['sudo', 'doas'],
    takes: 'ughpCTUDR',
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
  { names: ['runuser'], takes: 'ugG' },
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
  { names: ['nice', 'ionice', 'choom', 'numactl'], takes: 'ncpNCmi' },
  { names: ['timeout', 'gtimeout'], takes: 'ks', flags: ['--foreground', '--preserve-status', '--verbose'], skip: 1 },
  { names: ['chroot'], flags: ['--skip-chdir'], skip: 1, chooses: true, shell: '' },
  { names: ['msgexec', 'msgfilter'], takes: 'iDo' },
  { names: ['dotenv', 'env-cmd'], takes: 'evpcf' },
  { names: ['nyc', 'c8'], takes: 'xnroic' },
  { names: ['npm', 'pnpm'], behind: ['explore'], skip: 1 },
  // They run scripts and programs of packages by their names alone.
  { names: ['pnpm', 'yarn', 'bun'], takes: 'CF', flags: PACKAGE_FLAGS },
  { names: ['yarn', 'bun'], behind: ['run'], flags: PACKAGE_FLAGS },
  { names: ['yarn'], behind: ['workspace'], skip: 1 },
  { names: ['proot'], takes: 'rRbmwkqi' },
  { names: ['lerna'], behind: ['exec'] },
  { names: ['py-spy'], behind: ['record', 'top'], dashes: true },
  { names: ['rustup'], behind: ['run'], skip: 1 },
  { names: ['guix'], behind: ['shell', 'environment', 'time-machine'], dashes: true },
  { names: ['nsenter', 'unshare'], takes: 'tSGR', shell: '' },
  { names: ['flock', 'taskset', 'gosu', 'su-exec', 'faketime', 'setarch', 'chrt'], takes: 'wE', skip: 1 },
  { names: ['sshpass'], takes: 'pfdP' },
  { names: ['stdbuf'], takes: 'ioe' },
  { names: ['exec'], takes: 'a' },
  { names: ['time'], takes: 'of' },
  { names: ['strace', 'ltrace'], takes: 'abeEiIoOpPsSuUX' },
  { names: ['gdbserver'], skip: 1 },
  { names: ['systemd-run', 'cgexec', 'prlimit'], takes: 'puMHEg' },
  { names: ['screen'], takes: 'SscehtTp' },
  { names: ['npx', 'bunx', 'pnpx', 'uvx'], takes: 'p' },
  // A module is as good as a program: `python3 -m timeit …`.
  { names: ['python', 'pypy'], behind: ['-m', '-Im', '-um', '-Bm', '-Em', '-sm'] },
  {
    names: ['docker', 'podman', 'nerdctl', 'docker-compose'],
    behind: ['exec', 'container exec', 'compose exec'],
    takes: 'uwe',
    flags: ['--detach', '--interactive', '--latest', '--no-TTY', '--privileged', '--tty'],
    skip: 1,
  },
  {
    names: ['docker', 'podman', 'nerdctl'],
    behind: ['run', 'create', 'container run', 'container create', 'service create'],
    takes: 'acehlmpuvw',
    flags: [
      '--detach',
      '--disable-content-trust',
      '--env-host',
      '--http-proxy',
      '--init',
      '--interactive',
      '--no-healthcheck',
      '--no-hosts',
      '--oom-kill-disable',
      '--privileged',
      '--publish-all',
      '--quiet',
      '--read-only',
      '--replace',
      '--rm',
      '--rmi',
      '--sig-proxy',
      '--tls-verify',
      '--tty',
    ],
    skip: 1,
    chooses: true,
    entry: '--entrypoint',
  },
  { names: ['docker', 'podman', 'nerdctl'], behind: ['compose run'], ...COMPOSE },
  { names: ['docker-compose', 'podman-compose'], behind: ['run'], ...COMPOSE },
  {
    names: ['kubectl', 'oc'],
    behind: ['exec'],
    takes: 'cfns',
    flags: ['--quiet', '--stdin', '--tty'],
    skip: 1,
  },
  {
    names: ['kubectl', 'oc'],
    behind: ['run'],
    takes: 'flLns',
    flags: [
      '--attach',
      '--command',
      '--expose',
      '--leave-stdin-open',
      '--privileged',
      '--quiet',
      '--rm',
      '--save-config',
      '--stdin',
      '--tty',
    ],
    skip: 1,
  },
  { names: ['kubectl', 'oc'], behind: ['debug', 'create job', 'create cronjob'], dashes: true },
  {
    names: 'lxc incus ip direnv apptainer singularity aws-vault chamber crictl runc multipass pct qm'.split(' '),
    behind: ['* exec'],
    takes: 'uwenc',
    skip: 1,
  },
  { names: ['conda', 'mamba', 'micromamba'], behind: ['* run'], takes: 'np' },
  {
    names:
      'uv poetry pipenv pdm hatch pipx nix op doppler dotenv git perf stack cabal pixi rye devbox flatpak snap heroku railway rbenv pyenv asdf mise volta rr tox foreman zellij terragrunt perlbrew ddev devcontainer'.split(
        ' ',
      ),
    behind: ['* run', '* exec', '* stat', '* record'],
    takes: 'peo',
  },
  {
    names: ['npm', 'pnpm', 'yarn', 'bun', 'bundle', 'composer', 'gem'],
    behind: ['* exec', '* x', '* dlx', 'create', 'init'],
    takes: 'p',
  },
  {
    names:
      'nohup - setsid command builtin noglob nocorrect coproc busybox toybox unbuffer torsocks proxychains fakeroot dbus-run-session eatmydata setpriv pkexec firejail bwrap valgrind tini dumb-init chronic ifne linux32 linux64 systemd-cat systemd-inhibit uclampset cpulimit run-one nodemon caffeinate ssh-agent xvfb-run rlwrap watchexec entr daemonize wine wasmtime cross-env ccache distrobox-host-exec sccache distcc'.split(
        ' ',
      ),
  },
];

/**
 * Options of any program that name a command, as far as they are spelled alike: `--command`, `--health-cmd`,
 * `-oProxyCommand=`, `-c core.sshCommand=`, `git config core.pager`. What programs call otherwise stands in their table.
 */
const RUNNING =
  /^(?:--?[\w-]*(?:command|cmd|compress-program|eval|exec|execute|rsh|pager|editor|askpass|upload-pack|receive-pack|exec-path|entrypoint|hook|program)|(?:-[a-z])?(?:[\w-]+\.)+(?:\w*command|\w*cmd|program|pager|editor|helper|askPass|hooksPath|fsmonitor)|(?:-o)?(?:proxy|local|remote|knownhosts)command|(?:-c)?alias\.[\w-]+)[= ]|^(?:EXEC|SYSTEM|SHELL|ext:):/i;

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
