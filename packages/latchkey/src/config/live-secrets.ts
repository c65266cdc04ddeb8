import { Secret } from '../core/secret.ts';
import { resolveSecrets, type TextOrSource } from './secret-source.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Sources = Readonly<Record<string, TextOrSource | Secret>>;
type Secrets = ReadonlyMap<string, Secret>;

/**
 * Puts secrets in use, by their names in the sources; throws where they cannot be used. False: they are used as they were
 * until a restart.
 */
export type UseSecrets = (secrets: Secrets) => boolean;

/** What came of reading one file again: keys whose secrets are in use now, wait for a restart, or stay for a reason. */
export interface ReadAgain {
  readonly replaced: readonly string[];
  readonly waiting: readonly string[];
  readonly kept: readonly { readonly key: string; readonly error: unknown }[];
}

/** The secrets that a configuration names. Those in files may be replaced while the program runs. */
export interface LiveSecrets {
  /**
   * Reads secrets and hands them to `use`, and again after one of their files was replaced; `at` is the key of all of them.
   * Throws E_SECRET_MISSING, or what `use` throws.
   */
  hand(sources: Sources, at: string, use: UseSecrets): void;
  /** Paths of the files that secrets were read from. */
  readonly files: readonly string[];
  /** Reads what stands in that file; a secret that cannot be read or used stays as it was. Never throws. */
  readAgain(file: string): ReadAgain;
}

interface Handed {
  readonly sources: Sources;
  readonly at: string;
  readonly use: UseSecrets;
  /** Those in use. */
  secrets: Secrets;
}

export function createLiveSecrets(env: Environment): LiveSecrets {
  const handed: Handed[] = [];
  return {
    hand(sources, at, use) {
      const secrets = resolveSecrets(sources, env, at);
      use(secrets);
      handed.push({ sources, at, use, secrets });
    },
    get files() {
      return [...new Set(handed.flatMap(({ sources }) => Object.values(sources).flatMap(fileOf)))];
    },
    readAgain(file) {
      const [replaced, waiting]: [string[], string[]] = [[], []];
      const kept: { key: string; error: unknown }[] = [];
      for (const each of handed) {
        const { sources, at, use, secrets: before } = each;
        const names = Object.keys(sources).filter((name) => fileOf(sources[name]).includes(file));
        try {
          // Only those of that file: another one may be a pipe by now, which would hold up everybody.
          const found = resolveSecrets(pick(sources, names), env, at);
          const secrets = new Map([...before, ...found]);
          const keys = names
            .filter((name) => !isSame(before.get(name), secrets.get(name)))
            .map((name) => `${at}.${name}`);
          if (keys.length === 0) continue;
          if (!use(secrets)) waiting.push(...keys);
          else {
            each.secrets = secrets;
            replaced.push(...keys);
          }
        } catch (error) {
          kept.push(...names.map((name) => ({ key: `${at}.${name}`, error })));
        }
      }
      return { replaced, waiting, kept };
    },
  };
}

function pick(sources: Sources, names: readonly string[]): Sources {
  return Object.fromEntries(Object.entries(sources).filter(([name]) => names.includes(name)));
}

function fileOf(source: TextOrSource | Secret | undefined): readonly string[] {
  if (source === undefined || typeof source === 'string' || source instanceof Secret) return [];
  return source.file === undefined ? [] : [source.file];
}

function isSame(one: Secret | undefined, other: Secret | undefined): boolean {
  return one?.reveal() === other?.reveal();
}
