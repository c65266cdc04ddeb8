import path from 'node:path';
import type { CommandAction, Parameter, ShellAction } from '../../core/declared-tool.ts';
import type { Path } from '../yaml-document.ts';
import { isFixed, mayBeOption } from './fixed-values.ts';
import { canHide, isPublic } from './environment.ts';
import type { Building } from './building.ts';
import { NOTHING, type Given } from './shell/given.ts';
import { findPlaceholders, findSpaced, toTemplate } from './placeholder.ts';
import type { Written } from './shell/files.ts';
import { findProgramText, NO_INPUT } from './shell/program-text.ts';
import type { Argument, Finding, InnerScript } from './shell/finding.ts';
import { explainOption, RUNS, WRITTEN_PROGRAM } from './shell/explain.ts';
import { findStored, judgeInner, secureScript } from './shell/script.ts';
import type { Dialect } from './shell/reading.ts';
import { settleVariables } from './shell-variables.ts';
import type { ScriptSettings } from './tools-schema.ts';

const DIALECTS: ReadonlySet<string> = new Set<Dialect>(['sh', 'bash', 'dash', 'zsh', 'ksh']);

/** What a script needs besides its own: variables that it names, and texts that may not be shown. */
export interface ScriptAction {
  readonly action: ShellAction | CommandAction;
  readonly passed: Readonly<Record<string, string>>;
  readonly hidden: readonly string[];
}

/** Makes the action of a tool with a `script`; null when it cannot be made. */
export function createScriptAction(
  script: ScriptSettings,
  declared: ReadonlySet<string>,
  building: Building,
): ScriptAction | null {
  const { at, directory, problem } = building;
  const workingDirectory = path.resolve(directory, script.working_dir ?? '.');
  for (const place of findPlaceholders(script.working_dir ?? '', building.known))
    problem([...at, 'script', 'working_dir'], `{{${place.name}}} cannot choose where the script runs`, place.start);
  if (script.shell === undefined) return createCommand(script, workingDirectory, building);
  if (script.command !== undefined || script.args !== undefined) {
    problem([...at, 'script'], 'give either shell, or command and args');
    return null;
  }
  return createShell(script.shell, workingDirectory, declared, building);
}

/** The files into which the script of a tool writes values. */
export function findStoredFiles(
  script: ScriptSettings | undefined,
  building: Omit<Building, 'stored'>,
): readonly Written[] {
  const { directory, parameters, platform } = building;
  if (script?.shell === undefined || platform === 'win32') return [];
  const workingDirectory = path.resolve(directory, script.working_dir ?? '.');
  return findStored(script.shell, parameters, chooseShell(building).dialect, workingDirectory);
}

function createShell(
  text: string,
  workingDirectory: string,
  declared: ReadonlySet<string>,
  building: Building,
): ScriptAction | null {
  const { at, env, parameters, platform } = building;
  const own: Path = [...at, 'script', 'shell'];
  const { shell, dialect } = chooseShell(building);
  for (const { start, name } of findSpaced(text, building.known))
    building.problem(own, `{{ ${name} }} is no place for a value; write {{${name}}} without spaces`, start);
  if (platform === 'win32') {
    const [place] = findPlaceholders(text, building.known);
    if (place !== undefined)
      building.problem(
        own,
        `{{${place.name}}} cannot be made safe for cmd.exe; write script: {command, args}`,
        place.start,
      );
    return { action: { kind: 'shell', shell, script: text, workingDirectory }, passed: {}, hidden: [] };
  }
  const given = { ...NOTHING, written: building.stored, directory: workingDirectory };
  const safe = secureScript(text, parameters, dialect, given);
  const variables = settleVariables(safe, { declared, parameters, env });
  for (const each of [...safe.refusals, ...variables.problems]) building.problem(own, each.message, each.offset);
  for (const each of [...safe.warnings, ...variables.warnings]) building.warn(own, each.message, each.offset);
  const hidden = Object.entries(variables.passed).flatMap(([name, value]) =>
    isPublic(name) || !canHide(value) ? [] : [value],
  );
  return { action: { kind: 'shell', shell, script: safe.script, workingDirectory }, passed: variables.passed, hidden };
}

function chooseShell({ env, platform }: Pick<Building, 'env' | 'platform'>): {
  readonly shell: string;
  readonly dialect: Dialect;
} {
  if (platform === 'win32') return { shell: env['ComSpec'] ?? 'C:\\Windows\\System32\\cmd.exe', dialect: 'sh' };
  const shell = env['SHELL'] ?? '';
  const name = path.posix.basename(shell);
  return path.posix.isAbsolute(shell) && DIALECTS.has(name)
    ? { shell, dialect: name as Dialect }
    : { shell: '/bin/sh', dialect: 'sh' };
}

function createCommand(script: ScriptSettings, workingDirectory: string, building: Building): ScriptAction | null {
  const { at, known, problem } = building;
  const { command, args = [] } = script;
  if (command === undefined) {
    problem([...at, 'script'], 'give either shell, or command and args');
    return null;
  }
  for (const { name, start } of findPlaceholders(command, known))
    problem(
      [...at, 'script', 'command'],
      `{{${name}}} would decide which program runs; name the program here, with one tool for each`,
      start,
    );
  const templates = args.map((text, index) => {
    const places = findPlaceholders(text, known);
    for (const { name, start } of places) {
      if (!known.has(name))
        problem([...at, 'script', 'args', index], `{{${name}}} is no parameter of this tool`, start);
    }
    for (const { name, start } of findSpaced(text, known))
      problem(
        [...at, 'script', 'args', index],
        `{{ ${name} }} is no place for a value; write {{${name}}} without spaces`,
        start,
      );
    return toTemplate(text, places);
  });
  judgeArguments(command, args, { ...building, directory: workingDirectory });
  return { action: { kind: 'command', command, args: templates, workingDirectory }, passed: {}, hidden: [] };
}

interface Indexed extends Argument {
  readonly index: number;
  readonly whole: boolean;
  /** Parameters with a place in it. */
  readonly holds: readonly Parameter[];
}

function judgeArguments(command: string, args: readonly string[], building: Building): void {
  const list = args.map((text, index) => toArgument(text, index, building));
  const called = {
    literal: command,
    prefix: command,
    free: false,
    dashed: false,
    written: isStored(command, building),
  };
  for (const finding of findProgramText([called, ...list], NO_INPUT)) {
    const argument = finding.argument as Indexed | null;
    if (argument === null) continue;
    if (finding.kind === 'name' && !finding.argument.free) {
      const own = finding.argument === called ? ['command'] : ['args', argument.index];
      building.problem([...building.at, 'script', ...own], `${finding.argument.prefix} ${WRITTEN_PROGRAM}`);
      continue;
    }
    const place = [...building.at, 'script', 'args', argument.index];
    if (finding.kind === 'script') {
      const trouble = judgeInner(
        finding.text,
        finding.dialect ?? 'sh',
        building.parameters,
        toGiven(finding, building),
      );
      if (trouble !== null) building.problem(place, `begins a script in which ${trouble}`);
      continue;
    }
    if (finding.kind === 'runs') {
      building.warn(place, RUNS);
      continue;
    }
    const { start = 0, name = '' } = findPlaceholders(args[argument.index] ?? '', building.known)[0] ?? {};
    const { message, warns } = explain(finding, argument);
    (warns ? building.warn : building.problem)(place, `{{${name}}} ${message}`, start);
  }
}

/** Whether a script of the tools writes values into a file of that path. */
function isStored(text: string, { stored, directory }: Building): boolean {
  const own = path.resolve(directory, text.replace(/^(?:--?[\w-]+[=:]|@)/, ''));
  return stored.some(({ paths }) => paths.includes(own));
}

function toArgument(text: string, index: number, building: Building): Indexed {
  const { known, parameters } = building;
  const places = findPlaceholders(text, known);
  const used = new Set(places.map(({ name }) => name));
  const holds = parameters.filter(({ name }) => used.has(name));
  const [first] = places;
  const whole = places.length === 1 && first?.start === 0 && first.end === text.length;
  return {
    literal: first === undefined ? text : null,
    prefix: text.slice(0, first?.start ?? text.length),
    free: !holds.every(isFixed),
    dashed: first?.start === 0 && holds.some(mayBeOption),
    written: first === undefined && isStored(text, building),
    index,
    whole,
    holds,
  };
}

function toGiven({ given }: InnerScript, { stored, directory }: Building): Given {
  const args = (given ?? []) as readonly Indexed[];
  return { ...NOTHING, written: stored, directory, args: args.map(({ holds }) => holds), words: args.slice(1) };
}

/** A tool may be meant to run what callers send, when its file says so in so many words. */
function explain(
  finding: Exclude<Finding, { readonly kind: 'script' | 'runs' }>,
  { whole }: Indexed,
): { readonly message: string; readonly warns: boolean } {
  if (finding.kind === 'name')
    return {
      message: 'would decide which program runs; name the program here, or list the choices with enum',
      warns: false,
    };
  if (finding.kind === 'option') return { message: explainOption(finding), warns: false };
  const { language } = finding.program;
  return whole
    ? { message: `is ${language}: callers run what they like with the rights of the gateway`, warns: true }
    : { message: `would be part of ${language}; make it an argument of its own behind the program text`, warns: false };
}
