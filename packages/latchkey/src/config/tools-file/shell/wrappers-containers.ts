import { DOCKERS, KUBECTLS, type Wrapper } from './program.ts';

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

const SALT_FLAGS =
  '--local --async --static --verbose --progress --failhard --no-color --force-color --hide-timeout --show-timeout --show-jid --pcre --list --grain --grain-pcre --nodegroup --range --compound --pillar --pillar-pcre --ipcidr --retcode-passthrough --refresh-grains-cache --metadata --subset --batch-safe-size'.split(
    ' ',
  );

/** What runs programs in containers, pods and other machines. */
export const CONTAINER_WRAPPERS: readonly Wrapper[] = [
  {
    names: [...DOCKERS, 'docker-compose'],
    behind: ['exec', 'container exec', 'compose exec'],
    takes: 'uwe',
    flags: ['--detach', '--interactive', '--latest', '--no-TTY', '--privileged', '--tty'],
    skip: 1,
  },
  {
    names: DOCKERS,
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
      '--rootfs',
      '--sig-proxy',
      '--tls-verify',
      '--tty',
    ],
    skip: 1,
    chooses: true,
    entry: '--entrypoint',
  },
  { names: DOCKERS, behind: ['compose run'], ...COMPOSE },
  { names: ['docker-compose', 'podman-compose'], behind: ['run'], ...COMPOSE },
  {
    names: KUBECTLS,
    behind: ['exec'],
    takes: 'cfns',
    flags: ['--quiet', '--stdin', '--tty'],
    skip: 1,
  },
  {
    names: KUBECTLS,
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
  { names: KUBECTLS, behind: ['debug', 'create job', 'create cronjob', 'create deployment'], dashes: true },
  {
    names: 'lxc incus ip direnv apptainer singularity aws-vault chamber crictl runc crun youki multipass pct qm'.split(
      ' ',
    ),
    behind: ['* exec'],
    takes: 'uwencp',
    skip: 1,
  },
  { names: ['oc'], behind: ['rsh'], takes: 'cns', flags: ['--no-tty', '--tty'], skip: 1, shell: '' },
  { names: ['podman', 'buildah'], behind: ['unshare'], takes: 'm' },
  {
    names: ['buildah'],
    behind: ['run'],
    takes: 'cuv',
    flags: ['--add-history', '--no-hosts', '--no-pivot', '--tty'],
    skip: 1,
  },
  { names: ['ctr'], behind: ['run', 'container run', 'containers run', 'c run'], takes: 'nau', skip: 2, chooses: true },
  { names: ['ctr'], behind: ['task exec', 'tasks exec', 't exec'], takes: 'n', flags: ['--tty', '--detach'], skip: 1 },
  { names: ['toolbox'], behind: ['run'], takes: 'cdr', flags: ['--assumeyes', '--verbose'] },
  { names: ['distrobox'], behind: ['enter'], dashes: true },
  { names: ['distrobox-enter'], dashes: true },
  { names: ['lxc-attach', 'lxc-execute', 'lxc-start'], takes: 'nePsuvgfclop', shell: '' },
  {
    names: ['schroot', 'dchroot'],
    takes: 'cdsuon',
    flags:
      '--list --info --all --all-chroots --all-sessions --all-source-chroots --quiet --verbose --preserve-environment --begin-session --run-session --end-session --recover-session --force --location --config --automatic-session'.split(
        ' ',
      ),
    shell: '',
  },
  {
    names: ['systemd-nspawn'],
    takes: 'DiEuMSpZL',
    flags:
      '--quiet --ephemeral --as-pid2 --boot --network-veth --private-network --pipe --read-only --register --keep-unit'.split(
        ' ',
      ),
    shell: '',
  },
  { names: ['machinectl'], behind: ['* shell'], skip: 1, shell: '' },
  { names: ['virsh'], behind: ['* lxc-enter-namespace'], skip: 1 },
  { names: ['k3s', 'k0s'] },
  { names: ['dokku'], behind: ['* run', '* run:detached'], skip: 1 },
  { names: ['dokku'], behind: ['* enter'], skip: 2 },
  { names: ['jexec'], takes: 'uU', skip: 1 },
  { names: ['iocage', 'bastille'], behind: ['exec', 'cmd'], skip: 1 },
  // The name of a function, which the rest of its arguments are for.
  { names: ['salt', 'salt-ssh'], takes: 'tbcl', flags: SALT_FLAGS, skip: 1 },
  { names: ['salt-call', 'salt-run'], takes: 'clm', flags: SALT_FLAGS },
];
