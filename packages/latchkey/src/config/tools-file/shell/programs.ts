import type { Program } from './program.ts';
import { BUILDS } from './programs-builds.ts';
import { DOCUMENTS } from './programs-documents.ts';
import { GIT } from './programs-git.ts';
import { LANGUAGES } from './programs-languages.ts';
import { NETWORK } from './programs-network.ts';
import { PACKAGES } from './programs-packages.ts';
import { QUERIES } from './programs-queries.ts';
import { RUNNERS } from './programs-runners.ts';
import { SHELLS } from './programs-shells.ts';

/** All programs that are known to take text for a program; more than one entry may be of one of them. */
export const PROGRAMS: readonly Program[] = [
  ...SHELLS,
  ...GIT,
  ...RUNNERS,
  ...NETWORK,
  ...DOCUMENTS,
  ...PACKAGES,
  ...BUILDS,
  ...LANGUAGES,
  ...QUERIES,
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
