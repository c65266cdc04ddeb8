import { LOADED, REMOTE, type Program } from './program.ts';

const QEMU_SYSTEMS =
  'x86_64 i386 aarch64 arm riscv64 riscv32 ppc64 ppc s390x mips mips64 mipsel mips64el sparc sparc64 m68k loongarch64 alpha hppa microblaze sh4 xtensa or1k rx tricore avr'.split(
    ' ',
  );

/** Virtual machines, and what looks into their disks. */
export const MACHINES: readonly Program[] = [
  {
    names: [...QEMU_SYSTEMS.map((each) => `qemu-system-${each}`), 'qemu-kvm', 'kvm'],
    language: 'a disk, a device or a program of the machine',
    loads: 'L',
    loadsOptions:
      '-hda -hdb -hdc -hdd -cdrom -fda -fdb -drive -kernel -initrd -append -bios -pflash -dtb -device -netdev -nic -net -chardev -monitor -qmp -serial -parallel -mon -incoming -readconfig -blockdev -object -fsdev -virtfs -tpmdev -plugin -option-rom -acpitable -smbios -fw_cfg -loadvm -set -global -accel -sandbox -run-with -vnc -spice -gdb'.split(
        ' ',
      ),
    takesOptions:
      '-m -cpu -smp -M -machine -name -display -boot -rtc -vga -k -uuid -pidfile -D -d -g -audiodev -action -numa -icount -watchdog-action -msg'.split(
        ' ',
      ),
    operands: 'files',
    instead: 'name it here, or list the choices with enum',
  },
  {
    names: ['VBoxManage', 'VBoxManage.exe', 'vboxmanage'],
    only: ['guestcontrol'],
    ...LOADED,
    loadsOptions: ['--exe'],
    settings: 'E',
    settingsOptions: ['--putenv'],
    running: /^(?:LD_\w+|PATH|BASH_ENV|ENV)$/,
    takesOptions: ['--username', '--password', '--passwordfile', '--domain', '--timeout'],
  },
  { names: ['prlctl'], only: ['exec'], ...REMOTE, subcommands: ['exec'], operands: 'behind-first' },
  {
    names: ['vmrun'],
    only: ['* runProgramInGuest', '* runScriptInGuest'],
    ...REMOTE,
    subcommands: ['runProgramInGuest', 'runScriptInGuest'],
    operands: 'behind-first',
    takesOptions: ['-T', '-gu', '-gp', '-h', '-u', '-p', '-vp'],
  },
  {
    // Without --exec the shell over there reads it.
    names: ['wsl', 'wsl.exe'],
    unless: ['-e', '--exec'],
    ...REMOTE,
    operands: 'all',
    takes: 'dusnt',
    takesOptions:
      '--distribution --distribution-id --user --cd --shell-type --terminate --unregister --export --import --set-default --set-version --manage --mount --unmount --install'.split(
        ' ',
      ),
  },
  {
    names: ['orb', 'orbctl'],
    only: ['-s', '--shell', 'run -s', 'run --shell'],
    ...REMOTE,
    operands: 'all',
    takes: 'muwp',
  },
  {
    names: ['guestfish'],
    language: 'commands of guestfish, which run programs there and here',
    file: 'f',
    fileOptions: ['--file'],
    takes: 'adcmN',
    takesOptions: ['--add', '--domain', '--connect', '--mount', '--format', '--new', '--key', '--network'],
    input: 'alone',
    operands: 'first',
    instead: 'name the command here, and let the value be an argument of it',
  },
  {
    names: ['guestfish'],
    only: ['* sh', '* sh-lines', '* sh-out', '* command', '* command-lines', '* command-out', '* debug'],
    ...REMOTE,
    operands: 'all',
    takes: 'adcmN',
    takesOptions: ['--add', '--domain', '--connect', '--mount', '--format', '--new', '--key'],
  },
  {
    names: ['virt-customize', 'virt-builder', 'virt-sysprep', 'virt-make-fs'],
    language: 'a script for the machine, or an expression of Perl',
    options: ['--run-command', '--firstboot-command', '--edit', '--append-line'],
    loadsOptions: ['--run', '--firstboot', '--script', '--scriptsdir', '--commands-from-file'],
    instead: 'write it here',
  },
  {
    names: ['virt-edit'],
    language: 'an expression of Perl',
    letters: 'e',
    options: ['--expr'],
    takes: 'abcdm',
    instead: 'write it here',
  },
  {
    names: ['multipass', 'virt-install'],
    ...LOADED,
    loadsOptions: ['--cloud-init', '--qemu-commandline', '--initrd-inject', '--extra-args'],
  },
  {
    names: ['limactl'],
    only: ['start', 'create', 'edit'],
    ...LOADED,
    options: ['--set'],
    takesOptions: ['--name', '--cpus', '--memory', '--disk', '--vm-type', '--arch', '--timeout', '--containerd'],
    subcommands: ['start', 'create', 'edit'],
    operands: 'files',
  },
  {
    names: ['lxc', 'incus'],
    only: ['config set', 'launch', 'init', 'create'],
    language: 'a setting of the machine, which can name programs',
    options:
      'raw.lxc raw.qemu raw.qemu.conf raw.apparmor raw.seccomp user.user-data user.vendor-data cloud-init.user-data cloud-init.vendor-data'.split(
        ' ',
      ),
    attached:
      /^(?:user\.(?:user|vendor)-data|cloud-init\.[\w.-]+|raw\.[\w.-]+|security\.privileged|environment\.(?:LD_\w+|PATH|BASH_ENV))=/,
    settings: 'c',
    settingsOptions: ['--config'],
    running: /^(?:raw\.|user\.(?:user|vendor)-data|cloud-init\.|environment\.(?:LD_|PATH|BASH_ENV))/,
    takes: 'psntd',
    takesOptions: ['--profile', '--storage', '--network', '--type', '--device', '--target'],
    instead: 'name the setting here',
  },
];
