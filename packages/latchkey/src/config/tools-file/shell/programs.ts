import type { Program } from './program.ts';
import { BUILDS } from './programs-builds.ts';
import { DOCUMENTS } from './programs-documents.ts';
import { CLOUDS } from './programs-clouds.ts';
import { CLUSTERS } from './programs-clusters.ts';
import { CHOSEN_COMMANDS } from './programs-commands.ts';
import { COMPILERS } from './programs-compilers.ts';
import { CONTAINERS } from './programs-containers.ts';
import { GIT } from './programs-git.ts';
import { JAVASCRIPTS } from './programs-javascript.ts';
import { LANGUAGES } from './programs-languages.ts';
import { NETWORK } from './programs-network.ts';
import { MACHINES } from './programs-machines.ts';
import { PACKAGES } from './programs-packages.ts';
import { PLATFORMS } from './programs-platforms.ts';
import { PYTHON_JOBS } from './programs-python-jobs.ts';
import { PYTHONS } from './programs-python.ts';
import { QUERIES } from './programs-queries.ts';
import { RUBY_AND_PHP } from './programs-ruby-php.ts';
import { RUNNERS } from './programs-runners.ts';
import { SERVICES } from './programs-services.ts';
import { SHELLS } from './programs-shells.ts';
import { TASKS } from './programs-tasks.ts';
import { TERMINALS } from './programs-terminals.ts';
import { WRAPPING } from './programs-wrappers.ts';

/** All programs that are known to take text for a program; more than one entry may be of one of them. */
export const PROGRAMS: readonly Program[] = [
  ...SHELLS,
  ...GIT,
  ...RUNNERS,
  ...WRAPPING,
  ...NETWORK,
  ...DOCUMENTS,
  ...PACKAGES,
  ...BUILDS,
  ...LANGUAGES,
  ...JAVASCRIPTS,
  ...PYTHONS,
  ...PYTHON_JOBS,
  ...RUBY_AND_PHP,
  ...COMPILERS,
  ...CONTAINERS,
  ...CLUSTERS,
  ...MACHINES,
  ...CLOUDS,
  ...PLATFORMS,
  ...SERVICES,
  ...TERMINALS,
  ...TASKS,
  ...QUERIES,
  ...CHOSEN_COMMANDS,
];

/** One that is only known when the script runs. */
export const UNKNOWN: Program = {
  names: [],
  language: 'a program',
  letters: 'ceErR',
  options: ['--eval', '--command', '--execute'],
  script: true,
  input: 'alone',
  instead: 'name the program here, since it may be a shell',
};
