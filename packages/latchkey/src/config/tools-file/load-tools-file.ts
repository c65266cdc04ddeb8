import path from 'node:path';
import type { DeclaredTool, DeclaredTools } from '../../core/declared-tool.ts';
import { isTree } from '../layers.ts';
import { byPlace, toError } from '../problem.ts';
import type { Problem } from '../problem.ts';
import { readSchema } from '../read-schema.ts';
import { readYamlFile } from '../read-yaml-file.ts';
import { parseYaml } from '../yaml-document.ts';
import type { YamlDocument } from '../yaml-document.ts';
import { readEnvironment } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import type { Environment, Expanded } from './expand-variables.ts';
import { explainForeign } from './foreign-keys.ts';
import { createParameters } from './parameters.ts';
import { createPlaces, TOOLS_HINT } from './places.ts';
import type { Places } from './places.ts';
import { findStoredFiles } from './script-action.ts';
import { createTool } from './tool.ts';
import { createToolRules } from './tool-rules.ts';
import type { ToolRule } from './tool-rules.ts';
import { fileSchema, toolSchema } from './tools-schema.ts';
import type { FileSettings, ToolSettings } from './tools-schema.ts';

export interface ToolsFile {
  readonly tools: DeclaredTools;
  /** For `tools:` of the configuration; empty when the file has no `role` and no `rate_limit`. */
  readonly rules: Readonly<Record<string, ToolRule>>;
  /** `server.port`; null when the file has none. */
  readonly listenPort: number | null;
  readonly warnings: readonly Problem[];
}

export interface ReadOptions {
  /** As people call it; relative paths in it are relative to where it is. */
  readonly file: string;
  readonly env: Environment;
  /** The working directory. Default: the process's. */
  readonly directory?: string;
  /** Default: the process's. */
  readonly platform?: NodeJS.Platform;
}

/**
 * Reads a tools file. Throws one LatchkeyError for all that is wrong with it, each with `file:line:column`:
 * E_CONFIG_MISSING when it is not there, else E_CONFIG_INVALID.
 */
export function loadToolsFile(file: string, env: Environment): ToolsFile {
  return parseToolsFile(readText(file), { file, env });
}

/** The same for a text that has been read already. */
export function parseToolsFile(text: string, options: ReadOptions): ToolsFile {
  const document = parseYaml(text, options.file);
  if (document.problems.length > 0) throw toError(document.problems.map((each) => ({ ...each, hint: TOOLS_HINT })));
  const places = createPlaces(document);
  if (!isTree(document.value)) throw toError([places.problem([], 'is no mapping of keys to values')]);
  const expanded = expandVariables(document, options.env, places);
  const problems: Problem[] = [...expanded.problems];
  const warnings: Problem[] = [...expanded.warnings];
  const made = readFile({ document, places, expanded, problems, warnings, options });
  if (problems.length > 0 || made === null) throw toError(problems.toSorted(byPlace));
  return { ...made, warnings: warnings.toSorted(byPlace) };
}

interface Reading {
  readonly document: YamlDocument;
  readonly places: Places;
  readonly expanded: Expanded;
  readonly problems: Problem[];
  readonly warnings: Problem[];
  readonly options: ReadOptions;
}

function readFile(reading: Reading): Omit<ToolsFile, 'warnings'> | null {
  const { places, expanded, problems } = reading;
  const root = isTree(expanded.value) ? expanded.value : {};
  const foreign = (at: readonly (string | number)[]): string | null => explainForeign(root, at);
  const wording = { where: places.where, foreign, hint: TOOLS_HINT };
  const file = readSchema(fileSchema, root, wording);
  if (file.kind === 'problems') problems.push(...file.problems);
  const given = Array.isArray(root['tools']) ? (root['tools'] as readonly unknown[]) : [];
  const settings = given.map((each, index) => {
    const tool = readSchema(toolSchema, each, {
      ...wording,
      where: (at, part) => places.where(['tools', index, ...at], part),
      foreign: (at) => foreign(['tools', index, ...at]),
    });
    if (tool.kind === 'problems') problems.push(...tool.problems);
    return tool.kind === 'value' ? tool.value : null;
  });
  checkNames(settings, reading);
  const tools = createTools(file.kind === 'value' ? file.value : null, settings, reading);
  if (file.kind === 'problems' || problems.length > 0) return null;
  const { name, version, description, server } = file.value;
  return {
    tools: { name, version, description: description ?? null, tools },
    rules: createToolRules(settings.filter((each) => each !== null)),
    listenPort: server.port ?? null,
  };
}

/** Tools whose names differ in small and capital letters only would be one to some programs. */
function checkNames(settings: readonly (ToolSettings | null)[], { places, problems }: Reading): void {
  const seen = new Map<string, string>();
  settings.forEach((each, index) => {
    if (each === null) return;
    const other = seen.get(each.name.toLowerCase());
    if (other !== undefined)
      problems.push(
        places.problem(
          ['tools', index, 'name'],
          other === each.name ? 'is there twice' : `and ${other} differ in small and capital letters only`,
        ),
      );
    seen.set(each.name.toLowerCase(), each.name);
  });
}

function createTools(
  file: FileSettings | null,
  settings: readonly (ToolSettings | null)[],
  reading: Reading,
): readonly DeclaredTool[] {
  const { document, places, expanded, problems, warnings, options } = reading;
  const { env, platform = process.platform } = options;
  const around = { env, places, problems, expansions: expanded.expansions };
  const defaults = {
    ...around,
    environment: readEnvironment(file ?? {}, [], around),
    sandbox: file?.sandbox,
    maxOutput: file?.max_output,
  };
  const directory = path.dirname(path.resolve(options.directory ?? process.cwd(), options.file));
  const drafts = settings.flatMap((each, index) => {
    if (each === null) return [];
    const at = ['tools', index] as const;
    const parameters = createParameters(each.parameters ?? [], {
      at: [...at, 'parameters'],
      places,
      problems,
      spell: document.spelling,
    });
    const draft = {
      at,
      parameters,
      known: new Set(parameters.map(({ name }) => name)),
      env,
      directory,
      platform,
      problem: (to: readonly (string | number)[], message: string, offset?: number) =>
        void problems.push(places.problem(to, message, offset)),
      warn: (to: readonly (string | number)[], message: string, offset?: number) =>
        void warnings.push(places.problem(to, message, offset)),
    };
    return [{ each, draft }];
  });
  // What one tool writes another may run.
  const stored = drafts.flatMap(({ each, draft }) => findStoredFiles(each.script, draft));
  return drafts.flatMap(({ each, draft }) => createTool(each, { ...draft, stored }, defaults) ?? []);
}

function readText(file: string): string {
  const read = readYamlFile({
    file,
    directory: '.',
    power: 'run programs',
    missingHint: 'check its name and its path',
  });
  if (typeof read === 'string') return read;
  throw toError([read]);
}
