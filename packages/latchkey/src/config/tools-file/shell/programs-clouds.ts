import { REMOTE, type Program } from './program.ts';

const BOOT = {
  language: 'what a machine runs when it starts, or a container',
  instead: 'write it in a file that is named here, and hand the value on as a tag or a label',
} as const;

/** Clouds, where a value can be what a machine runs when it starts. */
export const CLOUDS: readonly Program[] = [
  {
    names: ['aws'],
    ...BOOT,
    options: ['--user-data', '--launch-template-data', '--container-overrides', '--buildspec-override', '--overrides'],
    loadsOptions: ['--container-definitions', '--steps', '--bootstrap-actions'],
  },
  {
    names: ['aws'],
    only: ['ec2', 'autoscaling', 'ecs', 'batch', 'codebuild', 'emr', 'lightsail', 'ssm', 'glue', 'sagemaker'],
    ...BOOT,
    options: ['--cli-input-json', '--cli-input-yaml'],
  },
  { names: ['aws'], only: ['ssm start-session'], ...REMOTE, options: ['--parameters', '--document-name'] },
  {
    // One value holds many settings, with commas between them.
    names: ['gcloud'],
    only: ['* instances', '* instance-templates', '* project-info', '* tpu-vm', '* queued-resources'],
    ...BOOT,
    options: ['--metadata'],
    loadsOptions: ['--metadata-from-file'],
    instead: 'write the metadata here, and hand the value on with --labels',
  },
  {
    names: ['gcloud'],
    only: ['* jobs', '* services', '* deploy', '* create-with-container', '* update-container', '* worker-pools'],
    ...BOOT,
    options: ['--command', '--args', '--container-command', '--container-arg'],
  },
  {
    names: ['az'],
    ...BOOT,
    options: '--custom-data --user-data --script --scripts --protected-settings --command-line --startup-file'.split(
      ' ',
    ),
  },
  { names: ['az'], only: ['vm extension set', 'vmss extension set'], ...BOOT, options: ['--settings'] },
  { names: ['az'], only: ['ssh vm --', 'ssh arc --', '* ssh --'], ...REMOTE, operands: 'all', subcommands: ['ssh'] },
  {
    names: [
      'doctl',
      'hcloud',
      'linode-cli',
      'openstack',
      'nova',
      'oci',
      'ibmcloud',
      'civo',
      'vultr-cli',
      'upctl',
      'exo',
      'scw',
    ],
    ...BOOT,
    options: ['--user-data', '--userdata', '--metadata.user_data', '--cloud-init', '--script', '--content'],
    loadsOptions: ['--user-data-file', '--user-data-from-file', '--cloud-init-file', '--stackscript_id'],
    attached: /^(?:cloud-init|command)=/,
  },
  {
    names: ['hcloud', 'openstack'],
    only: ['server ssh'],
    ...REMOTE,
    subcommands: ['server', 'ssh'],
    operands: 'behind-first',
  },
];
