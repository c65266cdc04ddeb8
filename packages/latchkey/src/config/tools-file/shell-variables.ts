import { argumentVariable } from '../../core/argument-variable.ts';
import type { Parameter } from '../../core/declared-tool.ts';
import { nearest } from '../../core/nearest.ts';
import { isPublic } from './environment.ts';
import type { Environment } from './expand-variables.ts';
import type { SafeScript } from './shell/script.ts';

/** What a script finds besides what is declared for it, and what it will miss. */
export interface ShellVariables {
  /** The gateway's variables that the script names and that it will be given. */
  readonly passed: Readonly<Record<string, string>>;
  readonly problems: readonly { readonly offset: number; readonly message: string }[];
  readonly warnings: readonly { readonly offset: number; readonly message: string }[];
}

/** What shells set by themselves, and what every script is given. */
const OWN =
  /^(?:_|PATH|HOME|LANG|PWD|OLDPWD|PPID|IFS|OPTIND|OPTARG|OPTERR|LINENO|RANDOM|SRANDOM|SECONDS|UID|EUID|GID|EGID|USERNAME|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|SHLVL|REPLY|FUNCNAME|PIPESTATUS|DIRSTACK|GROUPS|BASH\w*|ZSH\w*|KSH\w*|EPOCHSECONDS|EPOCHREALTIME|COPROC|MAPFILE|MATCH|PS[1-4]|CDPATH|COLUMNS|LINES|argv|status|pipestatus|path)$/;

/**
 * Decides on the variables of a script: nothing is ever put into its text, so each must be one that it will find. Those of
 * the gateway that it names are handed on, as the format always did.
 */
export function settleVariables(
  { uses, readsOthers }: SafeScript,
  around: {
    readonly declared: ReadonlySet<string>;
    readonly parameters: readonly Parameter[];
    readonly env: Environment;
  },
): ShellVariables {
  const { declared, parameters, env } = around;
  const passed: Record<string, string> = {};
  const problems: { offset: number; message: string }[] = [];
  const warnings: { offset: number; message: string }[] = [];
  const found = new Set(parameters.map(({ name }) => argumentVariable(name)));
  for (const { name, start: offset, braced, guarded } of uses) {
    if (found.has(name) || declared.has(name) || OWN.test(name)) continue;
    if (name.startsWith('GANTZ_ARG_'))
      problems.push({ offset, message: `${name} is the variable of no parameter${suggest(name, found)}` });
    else if ((env[name] ?? '') !== '') {
      if (!Object.hasOwn(passed, name) && !isPublic(name)) {
        const message = `${name} is handed on from the gateway's environment; declare it under environment or secrets, so that this can be seen`;
        warnings.push({ offset, message });
      }
      passed[name] = env[name] ?? '';
    } else if (!guarded) {
      const message = `the environment variable ${name} is not set; declare it under environment, or write \${${name}:-} where it may be missing`;
      (braced && !readsOthers ? problems : warnings).push({ offset, message });
    }
  }
  return { passed, problems, warnings };
}

function suggest(name: string, known: ReadonlySet<string>): string {
  const near = nearest(name, [...known]);
  return near === null ? '' : `; did you mean ${near}?`;
}
