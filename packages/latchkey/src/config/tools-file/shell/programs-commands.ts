import { DOCKERS, KUBECTLS, type Program } from './program.ts';

/** Their first operand says what they do, and some of that is running what comes behind, or what is fetched. */
const COMMANDS = {
  language: 'the command of that program, and some of its commands run others',
  operands: 'first',
  instead: 'name the command here, or list the commands with enum',
} as const;

/** Programs of many commands, where callers may not choose which. */
export const CHOSEN_COMMANDS: readonly Program[] = [
  {
    names: [...DOCKERS, 'buildah'],
    ...COMMANDS,
    takes: 'Hcln',
    takesOptions:
      '--context --host --log-level --config --tlscacert --tlscert --tlskey --root --runroot --url --connection --identity --storage-driver --storage-opt --runtime --namespace --address --cgroup-manager --network-config-dir'.split(
        ' ',
      ),
  },
  {
    names: ['docker-compose', 'podman-compose'],
    ...COMMANDS,
    takes: 'fpHc',
    takesOptions:
      '--file --project-name --profile --project-directory --env-file --context --host --ansi --parallel --progress'.split(
        ' ',
      ),
  },
  {
    names: DOCKERS,
    only: ['compose', 'container', 'service', 'image', 'buildx', 'stack', 'plugin', 'machine', 'pod', 'kube'],
    ...COMMANDS,
    subcommands: ['compose', 'container', 'service', 'image', 'buildx', 'stack', 'plugin', 'machine', 'pod', 'kube'],
    takes: 'fpHcln',
    takesOptions:
      '--file --project-name --profile --project-directory --env-file --context --host --ansi --parallel --progress --builder --log-level --url --connection --namespace'.split(
        ' ',
      ),
  },
  {
    names: KUBECTLS,
    ...COMMANDS,
    takes: 'nsv',
    takesOptions:
      '--as --as-group --as-uid --cache-dir --certificate-authority --client-certificate --client-key --cluster --context --kubeconfig --log-file --namespace --password --profile --profile-output --request-timeout --server --tls-server-name --token --user --username --v --vmodule --config --loglevel'.split(
        ' ',
      ),
  },
  {
    names: [
      'helm',
      'terraform',
      'tofu',
      'terragrunt',
      'packer',
      'nomad',
      'pulumi',
      'vagrant',
      'ctr',
      'crictl',
      'minikube',
      'microk8s',
      'colima',
      'limactl',
      'sam',
      'VBoxManage',
      'vboxmanage',
      'mise',
      'devbox',
      'railway',
      'vercel',
      'pueue',
      'jj',
      'tsh',
      'systemctl',
      'rustup',
      'fossil',
      'turbo',
      'nx',
    ],
    ...COMMANDS,
    takes: 'npaCris',
    takesOptions:
      '--namespace --kube-context --kubeconfig --kube-apiserver --kube-token --registry-config --repository-cache --repository-config --stack --cwd --color --profile --address --runtime-endpoint --image-endpoint --timeout --config --region'.split(
        ' ',
      ),
  },
  {
    names: ['npm', 'pnpm', 'pip', 'uv', 'pipx', 'poetry', 'pdm', 'pipenv', 'gem', 'bundle', 'composer', 'go'].concat(
      ['dnf', 'yum', 'zypper', 'apk', 'brew', 'snap', 'flatpak', 'pkg', 'opkg', 'port', 'conda', 'mamba', 'micromamba'],
      ['nix', 'guix', 'luarocks', 'opam', 'cabal', 'stack', 'dotnet', 'mix', 'gh', 'heroku', 'fly', 'flyctl'],
      ['rails', 'artisan', 'drush', 'django-admin', 'manage.py', 'django', 'jupyter', 'scrapy', 'celery', 'flask'],
      [
        'thor',
        'lein',
        'mill',
        'perf',
        'lxc',
        'incus',
        'multipass',
        'machinectl',
        'virsh',
        'knife',
        'chef',
        'aws',
        'gcloud',
        'az',
      ],
    ),
    ...COMMANDS,
    takes: 'wCcpdARrt',
    takesOptions:
      '--prefix --workspace --filter --dir --cwd --loglevel --directory --project --python --color --cache-dir --index-url --settings --pythonpath --verbosity --app --workdir --env-file --broker --config --profile --region --output --query --endpoint-url --format --account --subscription --repo --hostname --root --connect --user --host --machine --app-dir --name --installroot --repository --loader --env --working-dir --uri --alias'.split(
        ' ',
      ),
  },
];
