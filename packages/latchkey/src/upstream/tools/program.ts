import { argumentVariable } from '../../core/argument-variable.ts';
import type { CommandAction, DeclaredTool, ShellAction } from '../../core/declared-tool.ts';
import { createEnvironment } from '../stdio/environment.ts';
import type { Values } from './arguments.ts';
import { renderTemplate, toText } from './template.ts';

/** A program to start: no shell reads its arguments. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

export type Prepared<T> = T | { readonly problems: readonly string[] };

/** Linux takes no longer argument or `NAME=value`, its closing zero included (MAX_ARG_STRLEN). */
const MAX_TEXT_BYTES = 128 * 1024;
/** Linux takes 2 MiB at the usual stack of 8 MiB, and macOS 1 MiB. */
const MAX_TOTAL_BYTES = 960 * 1024;
const POINTER_BYTES = 8;
const PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * What a call of a script starts. Values are in the environment and in the places that `args` names, nowhere else; a
 * parameter without a value has no variable. `own` is the gateway's environment, of which little is handed on.
 */
export function toProgram(
  tool: DeclaredTool,
  action: ShellAction | CommandAction,
  values: Values,
  own: Readonly<Record<string, string | undefined>>,
): Prepared<Program> {
  const variables = [...values].map(([name, value]) => [argumentVariable(name), toText(value)] as const);
  const program: Program = {
    command: action.kind === 'shell' ? action.shell : action.command,
    args:
      action.kind === 'shell'
        ? ['-c', action.script]
        : action.args.map((template) => renderTemplate(template, values, toText)),
    env: { ...inherit(own), ...tool.environment, ...Object.fromEntries(variables) },
    workingDirectory: action.workingDirectory,
  };
  const problems = [...values].flatMap(([name, value]) => textProblems(name, toText(value)));
  if (new Set(variables.map(([name]) => name)).size < variables.length)
    problems.push('two of the parameters have the same variable');
  return problems.length > 0 ? { problems } : sizeProblems(program);
}

function inherit(own: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const passed = createEnvironment(own, {}, process.platform);
  if (process.platform === 'win32') return passed;
  const { HOME, LANG } = passed;
  return {
    PATH: passed['PATH'] ?? PATH,
    ...(HOME === undefined ? {} : { HOME }),
    ...(LANG === undefined ? {} : { LANG }),
  };
}

function textProblems(name: string, text: string): readonly string[] {
  if (text.includes('\0')) return [`${name}: must not hold NUL characters, which a script cannot be given`];
  const bytes = Buffer.byteLength(text);
  const most = MAX_TEXT_BYTES - argumentVariable(name).length - 2;
  return bytes > most ? [`${name}: must be at most ${most} bytes long, not ${bytes}`] : [];
}

function sizeProblems(program: Program): Prepared<Program> {
  const texts = [
    program.command,
    ...program.args,
    ...Object.entries(program.env).map(([name, value]) => `${name}=${value}`),
  ];
  const sizes = texts.map((text) => Buffer.byteLength(text) + 1);
  if (sizes.some((size) => size > MAX_TEXT_BYTES))
    return { problems: [`together they make an argument of more than ${MAX_TEXT_BYTES} bytes`] };
  const total = sizes.reduce((sum, size) => sum + size + POINTER_BYTES, 0);
  return total > MAX_TOTAL_BYTES
    ? { problems: [`together they are more than ${MAX_TOTAL_BYTES} bytes long`] }
    : program;
}
