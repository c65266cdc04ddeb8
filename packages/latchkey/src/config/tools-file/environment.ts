import type { Problem } from '../problem.ts';
import type { Path } from '../yaml-document.ts';
import type { Environment, Expansion } from './expand-variables.ts';
import type { Places } from './places.ts';
import type { FileSettings, ToolSettings } from './tools-schema.ts';

/** What a script finds in its environment, and what of it may not be shown. */
export interface ToolEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  readonly hidden: readonly string[];
}

/** Shorter texts stand in everything. */
const LEAST_HIDDEN = 4;
/** Variables of the gateway's that hold no secret. */
const PUBLIC =
  /^(?:HOME|PATH|PWD|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TERM|TZ|TMPDIR|HOSTNAME|EDITOR|NODE_ENV|XDG_\w+|PORT|HOST)$/;
/** Values that say nothing, and would make holes in every output. */
const WORDS =
  /^(?:true|false|none|null|auto|always|never|trace|debug|info|warn|warning|error|production|development|staging|test|testing|local|json|text|utf-?8|c\.utf-?8|\d{1,5}|localhost)$/i;

type Part = Pick<FileSettings | ToolSettings, 'environment' | 'env' | 'secrets'>;

interface Around {
  readonly env: Environment;
  readonly places: Places;
  readonly expansions: readonly Expansion[];
  readonly problems: Problem[];
}

/** The environment that a file, or one tool of it, declares. */
export function readEnvironment(part: Part, at: Path, around: Around): ToolEnvironment {
  const { places, problems } = around;
  const variables: Record<string, string> = {};
  const hidden: string[] = [];
  if (part.environment !== undefined && part.env !== undefined)
    problems.push(places.problem([...at, 'env'], 'stands beside environment; write one of them'));
  for (const [key, values] of [
    ['env', part.env],
    ['environment', part.environment],
  ] as const) {
    for (const [name, value] of Object.entries(values ?? {})) {
      variables[name] = value;
      if (isSecret(value, [...at, key, name], around)) hidden.push(value);
    }
  }
  for (const [name, value] of readSecrets(part, at, around)) {
    if (Object.hasOwn(variables, name))
      problems.push(places.problem([...at, 'secrets'], `sets ${name}, which environment sets too`));
    variables[name] = value;
    hidden.push(value);
  }
  return { variables, hidden: hidden.filter(canHide) };
}

function readSecrets(
  { secrets = [] }: Part,
  at: Path,
  { env, places, problems }: Around,
): readonly (readonly [string, string])[] {
  return secrets.flatMap(({ name, env: from = name }, index) => {
    const path = [...at, 'secrets', index, 'env'];
    const value = env[from] ?? '';
    if (value === '') problems.push(places.problem(path, `the environment variable ${from} is not set`));
    else if (!canHide(value))
      problems.push(
        places.problem(path, `${from} holds less than ${LEAST_HIDDEN} characters, which cannot be kept out of results`),
      );
    return value === '' ? [] : [[name, value] as const];
  });
}

/** A value of the file's own, or from a variable that may hold a secret. */
function isSecret(value: string, path: Path, { expansions }: Around): boolean {
  const from = expansionsAt(expansions, path);
  return from.length === 0 ? !WORDS.test(value) : from.some((name) => !PUBLIC.test(name));
}

/** The variables that were put in at a path, or below it. */
function expansionsAt(expansions: readonly Expansion[], path: Path): readonly string[] {
  return expansions.filter((each) => path.every((step, index) => each.path[index] === step)).map(({ name }) => name);
}

/** Values of the gateway's variables that stand in what a tool runs or sends. */
export function hiddenIn(expansions: readonly Expansion[], path: Path, env: Environment): readonly string[] {
  return expansionsAt(expansions, path)
    .filter((name) => !PUBLIC.test(name))
    .map((name) => env[name] ?? '')
    .filter(canHide);
}

export function isPublic(variable: string): boolean {
  return PUBLIC.test(variable);
}

export function canHide(value: string): boolean {
  return value.length >= LEAST_HIDDEN;
}
