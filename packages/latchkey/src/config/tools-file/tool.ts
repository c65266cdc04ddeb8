import type { DeclaredTool } from '../../core/declared-tool.ts';
import { nearest } from '../../core/nearest.ts';
import type { Path } from '../yaml-document.ts';
import type { Building } from './building.ts';
import { hiddenIn, readEnvironment } from './environment.ts';
import type { ToolEnvironment } from './environment.ts';
import type { Expansion } from './expand-variables.ts';
import { createHttpAction } from './http-action.ts';
import { createScriptAction } from './script-action.ts';
import type { FileSettings, ToolSettings } from './tools-schema.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_OUTPUT = 1024 * 1024;

/** What the file says for all its tools. */
export interface FileDefaults {
  readonly environment: ToolEnvironment;
  readonly sandbox: FileSettings['sandbox'];
  readonly maxOutput: number | undefined;
  readonly expansions: readonly Expansion[];
}

type Context = Omit<Parameters<typeof readEnvironment>[2], 'expansions'> & FileDefaults;

/** Makes one tool from its checked settings; null when it cannot be made, and `building` has been told why. */
export function createTool(settings: ToolSettings, building: Building, context: Context): DeclaredTool | null {
  const { at, env, parameters } = building;
  const own = readEnvironment(settings, at, context);
  const variables = { ...context.environment.variables, ...own.variables };
  const made = createAction(settings, new Set(Object.keys(variables)), building);
  const timeoutMs = chooseTimeout(settings, building);
  checkTests(settings, building);
  if (settings.description === '')
    building.warn([...at, 'name'], 'has no description, so that callers are told nothing of it');
  if (made === null) return null;
  const hidden = [...context.environment.hidden, ...own.hidden, ...made.hidden];
  for (const part of [['http'], ['script', 'args'], ['script', 'command']])
    hidden.push(...hiddenIn(context.expansions, [...at, ...part], env));
  return {
    name: settings.name,
    description: settings.description,
    parameters,
    action: made.action,
    environment: { ...made.passed, ...variables },
    hidden: [...new Set(hidden)],
    sandbox: chooseSandbox(settings, context, building),
    timeoutMs,
    maxOutputBytes: settings.max_output ?? context.maxOutput ?? DEFAULT_OUTPUT,
    tests: (settings.test ?? []).map(({ input, expect }) => ({
      input: input as DeclaredTool['tests'][number]['input'],
      expect: expect.contains === undefined ? { error: expect.error ?? true } : { contains: expect.contains },
    })),
  };
}

type Made = Pick<DeclaredTool, 'action'> & {
  readonly passed: Readonly<Record<string, string>>;
  readonly hidden: readonly string[];
};

function createAction({ script, http }: ToolSettings, declared: ReadonlySet<string>, building: Building): Made | null {
  if (script !== undefined && http === undefined) return createScriptAction(script, declared, building);
  if (script === undefined && http !== undefined) {
    const action = createHttpAction(http, building);
    return action === null ? null : { action, passed: {}, hidden: [] };
  }
  building.problem([...building.at, http === undefined ? 'name' : 'http'], 'give either script or http');
  return null;
}

function chooseTimeout({ timeout, script, http }: ToolSettings, { at, problem }: Building): number {
  const inner = script?.timeout ?? http?.timeout;
  if (timeout !== undefined && inner !== undefined && timeout !== inner)
    problem([...at, 'timeout'], `is not that of its ${script === undefined ? 'http' : 'script'}; write one of them`);
  return timeout ?? inner ?? DEFAULT_TIMEOUT_MS;
}

function chooseSandbox(
  { sandbox, network, script }: ToolSettings,
  context: FileDefaults,
  { at, problem }: Building,
): DeclaredTool['sandbox'] {
  const chosen = sandbox ?? context.sandbox ?? false;
  if (network !== undefined && chosen === false)
    problem([...at, 'network'], 'is for a tool in a sandbox; write sandbox: true, or leave it out');
  if (sandbox !== undefined && sandbox !== false && script === undefined)
    problem([...at, 'sandbox'], 'is for scripts; a request has nothing to be shut in');
  if (chosen === false || script === undefined) return null;
  return { network: network ?? (chosen === true ? false : chosen.network) };
}

/** A test may give wrong values on purpose, and expect an error. */
function checkTests({ test = [] }: ToolSettings, { at, known, warn }: Building): void {
  test.forEach(({ input, expect }, index) => {
    for (const name of Object.keys(input)) {
      if (known.has(name) || expect.error !== undefined) continue;
      const near = nearest(name, [...known]);
      const path: Path = [...at, 'test', index, 'input', name];
      warn(path, `is no parameter of this tool${near === null ? '' : `; did you mean ${near}?`}`);
    }
  });
}
