import { QEMU_USERS, type Wrapper } from './program.ts';

/** What runs a program under a limit, as another user, in another folder, beside something or watched. */
export const LIMIT_WRAPPERS: readonly Wrapper[] = [
  { names: ['runuser'], takes: 'ugGsw' },
  { names: ['nice', 'ionice', 'choom', 'numactl'], takes: 'ncpNCmiPw' },
  { names: ['chroot'], flags: ['--skip-chdir'], skip: 1, chooses: true, shell: '' },
  { names: ['proot'], takes: 'rRSbmwkqiv' },
  { names: ['nsenter'], takes: 'tSG', shell: '' },
  { names: ['unshare'], takes: 'SGRwl', shell: '' },
  { names: ['flock', 'taskset', 'gosu', 'su-exec'], takes: 'wE', skip: 1 },
  { names: ['lckdo'], takes: 'WE', skip: 1 },
  { names: ['faketime', 'datefudge'], takes: 'p', skip: 1 },
  {
    names: ['chrt'],
    takes: 'TPD',
    flags: '--all-tasks --fifo --rr --other --batch --idle --deadline --reset-on-fork --verbose'.split(' '),
    skip: 1,
  },
  // The architecture may be left out, and is a program's name too.
  {
    names:
      'setarch linux32 linux64 uname26 i386 i486 i586 i686 x86_64 aarch64 arm armv7l ppc ppc64 ppc64le s390 s390x mips mips64 riscv64'.split(
        ' ',
      ),
    flags: 'all',
  },
  { names: ['strace'], takes: 'abeEIoOpPsSuUX' },
  { names: ['ltrace'], takes: 'aADeFlnopsuwx' },
  { names: ['perf'], behind: ['* stat', '* record', '* trace', '* ftrace'], takes: 'ecCDFGIMjkmoprtuxTN' },
  { names: ['uftrace'], takes: 'AbCdDEfFHKNpPrRsStTUWZ' },
  { names: ['uftrace'], behind: ['record', 'live'], takes: 'AbCdDEfFHKNpPrRsStTUWZ' },
  { names: ['heaptrack'], takes: 'opa' },
  { names: ['rr'], behind: ['* record'], takes: 'o' },
  { names: ['proxychains'], takes: 'f' },
  {
    names: ['catchsegv', 'ddd', 'cgdb', 'run-this-one', 'keep-one-running', 'tsocks', 'torify', 'nq', 'zrun'],
  },
  { names: ['systemd-run', 'cgexec', 'prlimit'], takes: 'puMHEg' },
  { names: ['systemd-cat'], takes: 'tp' },
  { names: ['systemd-socket-activate'], takes: 'lE' },
  {
    names: ['run0'],
    takes: 'ugDM',
    flags: ['--pty', '--pipe', '--no-ask-password', '--slice-inherit', '--lightweight', '--via-shell'],
    shell: '',
  },
  {
    names: ['bwrap'],
    flags:
      '--unshare-all --share-net --unshare-user --unshare-user-try --unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup --unshare-cgroup-try --disable-userns --assert-userns-disabled --clearenv --new-session --die-with-parent --as-pid-1 --level-prefix --tmp-overlay'.split(
        ' ',
      ),
    takesMore: {
      2: '--setenv --bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --bind-fd --ro-bind-fd --file --bind-data --ro-bind-data --symlink --chmod'.split(
        ' ',
      ),
      3: ['--overlay'],
    },
  },
  { names: ['firejail', 'valgrind'], flags: 'all' },
  { names: ['nsjail', 'lldb', 'gdb'], dashes: true },
  { names: ['minijail0'], takes: 'abBcCfgkPRSTuVeNm' },
  { names: ['aa-exec'], takes: 'pn' },
  { names: ['runcon'], takes: 'urtl' },
  { names: ['runcon'], takes: 'urtl', skip: 1 },
  { names: ['sandbox-exec'], takes: 'fpnD' },
  { names: ['fakeroot'], takes: 'lfisb', flags: ['--unknown-is-real'] },
  { names: ['fakechroot'], takes: 'ldecb', flags: ['--use-system-libs'] },
  { names: ['dbus-run-session'], flags: [] },
  {
    names: ['dbus-launch'],
    flags: [
      '--auto-syntax',
      '--binary-syntax',
      '--close-stderr',
      '--csh-syntax',
      '--sh-syntax',
      '--exit-with-session',
      '--exit-with-x11',
    ],
  },
  { names: ['xvfb-run'], takes: 'efnpsw', flags: ['--auto-servernum', '--auto-display', '--listen-tcp'] },
  { names: ['rlwrap', 'rlfe'], takes: 'bCDefgHlMOPqsStwz' },
  { names: ['script'], dashes: true },
  { names: ['script'], takes: 'cEIOBTmot', skip: 1 },
  // The daemontools, runit and s6.
  { names: ['chpst'], takes: 'uUbenlLmdopfctr' },
  { names: ['softlimit', 's6-softlimit'], takes: 'admfoprscltHh' },
  { names: ['setuidgid', 'envuidgid', 'setlock', 's6-setuidgid', 's6-envuidgid', 's6-setlock'], skip: 1 },
  { names: ['envdir', 's6-envdir'], skip: 1, chooses: true },
  { names: ['pgrphack', 's6-setsid'] },
  { names: ['daemon'], takes: 'CnXPFuRDmeaALMlboOE' },
  { names: ['daemonize'], takes: 'cEeopul' },
  { names: ['dtach', 'abduco'], takes: 'acAnNper' },
  { names: ['ssh-agent'], takes: 'aEOPt' },
  { names: ['gpg-agent'], behind: ['* --daemon'] },
  { names: ['tsp'], takes: 'DLN' },
  { names: ['tini', 'catatonit', 'dumb-init'], takes: 'per' },
  { names: ['cpulimit'], takes: 'lpePcs' },
  { names: ['trickle'], takes: 'duwtlnLP' },
  { names: ['nocache'], takes: 'n' },
  { names: ['retry'], takes: 'dtuw' },
  { names: ['timelimit'], takes: 'tTsS' },
  { names: ['watchexec', 'reflex'], takes: 'wedisogrRGEf' },
  // What runs programs of other machines, and the loader of this one's.
  {
    names: QEMU_USERS,
    takes: 'gLsEU0rBRdDp',
    takesMore: { 1: ['-cpu', '-seed', '-dfilter', '-plugin', '-trace'] },
  },
  { names: ['box64', 'box86', 'mono', 'wasmer'] },
  { names: ['wasmtime', 'wasmer'], behind: ['run'] },
  {
    names: ['ld.so', 'ld-linux-x86-64.so', 'ld-linux.so', 'ld-linux-aarch64.so', 'ld-musl-x86_64.so'],
    flags: ['--list', '--verify', '--inhibit-cache', '--list-tunables', '--list-diagnostics'],
  },
];
