import type { Wrapper } from './program.ts';

const FLAGS =
  '--silent --quiet --verbose --overwrite --override --strict --watch --preserve-env --install-if-missing --tty --stdin --no-prompt --fresh-env'.split(
    ' ',
  );

/** What runs a program with secrets, versions of tools or a cluster beside it. */
const SURROUNDING =
  'mise saml2aws aws-okta aws-sso fnm vfox nx okteto odo mirrord gitpod lando goenv nodenv jenv'.split(' ');
const SECRETS = 'dotenvx infisical teller varlock esc honcho goreman'.split(' ');
const NOMAD = '-address -region -namespace -ca-cert -ca-path -client-cert -client-key -tls-server-name -token'.split(
  ' ',
);

export const ENVIRONMENT_WRAPPERS: readonly Wrapper[] = [
  // Tools and their versions may stand before the --.
  { names: SURROUNDING, behind: ['* exec', '* x'], dashes: true },
  { names: SURROUNDING, behind: ['* exec', '* x'], takes: 'fnpuwsC', flags: FLAGS },
  { names: SECRETS, behind: ['* run'], dashes: true },
  { names: SECRETS, behind: ['* run'], takes: 'fe', flags: FLAGS },
  { names: ['vercel', 'pulumi'], behind: ['env run'], dashes: true },
  { names: ['vercel', 'pulumi'], behind: ['env run'], takes: 'e' },
  {
    names: [
      'devenv',
      'flox',
      'sst',
      'telepresence',
      'boundary',
      'devspace',
      'distrobox',
      'dagger',
      'mcpo',
      'launchctl',
    ],
    dashes: true,
  },
  { names: ['devenv', 'sst'], behind: ['shell'] },
  { names: ['dagger'], behind: ['run'] },
  { names: ['netlify', 'ntl'], behind: ['dev:exec'] },
  { names: ['heroku'], behind: ['local:run'] },
  { names: ['nvm', 'n', 'cachix', 'daytona', 'direnv', 'vf', 'garden', 'ktctl'], behind: ['exec'], skip: 1 },
  { names: ['n'], behind: ['run'], skip: 1 },
  { names: ['proto'], behind: ['run'] },
  { names: ['pew'], behind: ['in'], skip: 1 },
  { names: ['gh'], behind: ['extension exec', 'extensions exec', 'ext exec'] },
  { names: ['op'], behind: ['plugin run'] },
  { names: ['sail', 'mcp-proxy', 'inspector', 'mcp-inspector'], takes: 'pe' },
  { names: ['claude', 'codex', 'gemini'], behind: ['mcp add'], dashes: true },
  { names: ['claude', 'codex', 'gemini'], behind: ['mcp add'], takes: 'ste', skip: 1 },
  { names: ['sexpect'], behind: ['spawn'] },
  { names: ['ttyd'], takes: 'piUcHugswTtmPbKCAIS' },
  { names: ['gotty'], takes: 'apc' },
  { names: ['gum'], behind: ['spin'], dashes: true },
  { names: ['xdotool'], behind: ['exec'], flags: ['--sync', '--args', '--terminator'] },
  { names: ['niri'], behind: ['msg action spawn'] },
  { names: ['wl-paste'], behind: ['-w', '--watch'] },
  { names: ['flatpak-spawn', 'host-spawn'], flags: 'all' },
  { names: ['flatpak'], behind: ['enter'], skip: 1 },
  { names: ['foot', 'footclient', 'kitty'], takes: 'caTtWwDdLo' },
  { names: ['wezterm'], behind: ['start', 'cli spawn'], takes: 'e' },
  { names: ['zellij'], behind: ['run', 'action new-pane'], dashes: true },
  { names: ['onchange'], dashes: true },
  // What other programs have within.
  {
    names: ['minikube', 'microk8s', 'colima', 'tsh', 'rdctl'],
    behind: ['kubectl', 'helm', 'helm3', 'nerdctl', 'ctr', 'istioctl', 'aws', 'gcloud', 'az'],
    named: true,
  },
  { names: ['tsh'], behind: ['kube exec'], skip: 1, takes: 'cn' },
  {
    names: ['nomad'],
    behind: ['exec', 'alloc exec'],
    takes: 'e',
    takesMore: { 1: ['-task', ...NOMAD] },
    skip: 1,
  },
  {
    names: ['fly', 'flyctl'],
    behind: ['machine run', 'machines run', 'm run'],
    takes: 'acrnpev',
    skip: 1,
    chooses: true,
  },
  { names: ['container'], behind: ['exec'], takes: 'uwe', flags: ['--interactive', '--tty', '--detach'], skip: 1 },
  {
    names: ['container'],
    behind: ['run', 'create'],
    takes: 'cmeupvwal',
    flags: ['--interactive', '--tty', '--detach', '--rm', '--remove', '--rosetta', '--ssh', '--no-dns', '--read-only'],
    skip: 1,
    chooses: true,
  },
  {
    names: ['podman', 'podman-remote'],
    behind: ['exec -l', 'exec --latest', 'exec -it -l', 'exec -i -l'],
    takes: 'uwe',
  },
  { names: ['kubectl'], behind: ['node-shell', 'exec-as', 'iexec'], dashes: true },
  { names: ['orb'], takes: 'muwp', flags: ['--shell'], shell: '' },
  { names: ['orb', 'orbctl'], behind: ['run'], takes: 'muwp', flags: ['--shell'], shell: '' },
  { names: ['wsl', 'wsl.exe'], behind: ['-e', '--exec'] },
  {
    names: ['VBoxManage', 'VBoxManage.exe', 'vboxmanage'],
    behind: ['* run', '* start'],
    flags: ['--wait-stdout', '--wait-stderr', '--quiet', '--verbose', '--profile'],
  },
  { names: ['lxc', 'incus'], behind: ['shell'], skip: 1 },
  { names: ['sprite'], behind: ['exec'], takes: 's' },
  { names: ['distrobox'], behind: ['* -e', '* --exec'] },
  { names: ['jj'], behind: ['util exec'] },
  { names: ['fossil'], behind: ['bisect run'] },
  { names: ['cargo', 'cargo-watch'], behind: ['watch'], dashes: true },
  { names: ['cargo-watch'], dashes: true },
  { names: ['gotestsum'], behind: ['* --raw-command'], dashes: true },
  { names: ['t-rec', 'richgo'] },
];
