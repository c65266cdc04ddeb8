import { QEMU_USERS, type Program } from './program.ts';

/** Of options before the program that is run. */
const LOADS = { before: true, language: 'what it loads and runs', instead: 'name it here' } as const;
const LIBRARIES = /^(?:LD_\w+|PATH|BASH_ENV|ENV)$/;

/** What programs that run others load or run besides. */
export const WRAPPING: readonly Program[] = [
  { names: ['fakeroot'], ...LOADS, loads: 'lf', loadsOptions: ['--lib', '--faked'], takes: 'isb' },
  {
    names: ['fakechroot'],
    ...LOADS,
    loads: 'ldecb',
    loadsOptions: ['--lib', '--elfloader', '--environment', '--config-dir', '--bindir'],
  },
  { names: ['dbus-run-session', 'dbus-launch'], ...LOADS, loadsOptions: ['--dbus-daemon', '--config-file'] },
  { names: ['proot'], ...LOADS, loads: 'qrRS', loadsOptions: ['--qemu', '--rootfs'], takes: 'bmwkiv' },
  { names: ['unshare'], ...LOADS, loads: 'Rl', loadsOptions: ['--root', '--load-interp'], takes: 'SGw' },
  {
    names: ['systemd-nspawn'],
    ...LOADS,
    loads: 'Di',
    loadsOptions: ['--directory', '--image', '--template', '--root-directory'],
    settings: 'E',
    settingsOptions: ['--setenv'],
    running: LIBRARIES,
    takes: 'MuSpZL',
  },
  {
    names: ['firejail'],
    ...LOADS,
    loadsOptions: ['--profile', '--shell'],
    settingsOptions: ['--env'],
    running: LIBRARIES,
  },
  { names: ['valgrind'], ...LOADS, loadsOptions: ['--tool'] },
  { names: ['rlwrap'], ...LOADS, letters: 'z', options: ['--filter'], takes: 'abCDefgHlmMOpPqsStw' },
  {
    names: ['daemon'],
    ...LOADS,
    letters: 'X',
    loads: 'CR',
    loadsOptions: ['--config', '--chroot'],
    takes: 'nPFuDmeaALMlboOE',
  },
  { names: ['faketime'], ...LOADS, loadsOptions: ['--date-prog'], takes: 'p' },
  { names: ['chpst'], ...LOADS, loads: 'e', takes: 'uUbnlLmdopfctr' },
  {
    names: ['ld.so', 'ld-linux-x86-64.so', 'ld-linux.so', 'ld-linux-aarch64.so', 'ld-musl-x86_64.so'],
    ...LOADS,
    loadsOptions: ['--preload', '--library-path', '--audit'],
    takesOptions: ['--argv0', '--inhibit-rpath', '--glibc-hwcaps-prepend', '--glibc-hwcaps-mask'],
  },
  {
    names: QEMU_USERS,
    ...LOADS,
    loads: 'L',
    loadsOptions: ['-plugin', '-E'],
    takes: 'gsU0rBRdDp',
    takesOptions: ['-cpu', '-seed'],
  },
  {
    names: ['multilog', 's6-log'],
    language: 'an action, of which ! runs a command',
    operands: 'begins',
    instead: 'write its beginning here',
  },
  {
    names: ['mispipe', 'pee'],
    language: 'a script for a shell',
    shellText: true,
    operands: 'all',
    instead: 'write the command itself here',
  },
  {
    // Not the sg of ast-grep.
    names: ['sg'],
    unless: ['run', 'scan', '--pattern', '-p'],
    language: 'a script for a shell',
    shellText: true,
    operands: 'behind-first',
    letters: 'c',
    instead: 'name the group and the command here',
  },
];
