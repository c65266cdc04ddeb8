import path from 'node:path';
import { toShellWord } from '../core/shell-word.ts';
import { checkRules } from './check-rules.ts';
import { checkSettings } from './check-settings.ts';
import { createConfig } from './config.ts';
import type { Config } from './config.ts';
import { createServers, toRuleKey } from './create-servers.ts';
import { warnOfIssuers } from './issuers/warn-of-issuers.ts';
import { listValues } from './list-values.ts';
import type { ConfigValue } from './list-values.ts';
import { isTree, mergeLayers } from './layers.ts';
import type { Layers } from './layers.ts';
import { byPlace, invalid, toError } from './problem.ts';
import type { Problem } from './problem.ts';
import { findOpen, readYamlFile } from './read-yaml-file.ts';
import { readSettings } from './read-settings.ts';
import type { ConfigInput, Settings } from './schema.ts';
import { parseYaml } from './yaml-document.ts';
import type { Path, YamlDocument } from './yaml-document.ts';

export interface LoadOptions {
  /** Path of the configuration file, relative to the working directory. */
  readonly file?: string | undefined;
  /** The file's text, where it has been read already. */
  readonly text?: string | undefined;
  readonly flags?: ConfigInput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory. Default: the process's. */
  readonly directory?: string;
  /**
   * Whether the files of declared tools are read too, whose tools and rules the configuration has only then. Default: no,
   * for who needs neither can do without what these files need. `textOf` gives the text that holds, where it is not what
   * is in the file.
   */
  readonly tools?: { readonly textOf?: (file: string) => string | undefined };
}

export interface LoadedConfig {
  /** Null when there is any problem. */
  readonly config: Config | null;
  /** Each value with its origin, secrets redacted, as it would be written in the file. */
  readonly values: readonly ConfigValue[];
  readonly problems: readonly Problem[];
  /** What works, and is still worth a second look. */
  readonly warnings: readonly string[];
  /** `FILE:LINE:COLUMN` of a rule or value in the file; of a rule that a tools file made, that file. */
  locate(path: Path): string;
}

/** Reads the configuration: flags over environment over file over default. Never throws; all problems at once. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const working = options.directory ?? process.cwd();
  const read = readDocument(options, working);
  if (!('locate' in read)) return failed([read], () => options.file ?? 'configuration');
  const locate = (at: Path): string => read.locate(at, 'key');
  if (read.problems.length > 0) return failed(read.problems, locate);
  if (!isTree(read.value)) return failed([invalid(read.locate([]), 'is no mapping of keys to values')], locate);
  const layers = mergeLayers(read.value, options.env, options.flags ?? {}, working);
  const directory = options.file === undefined ? working : path.dirname(path.resolve(working, options.file));
  return assemble(layers, read, { ...options, directory });
}

/** The same, for those who cannot go on without: throws one LatchkeyError for all problems. */
export function requireConfig(options: LoadOptions): LoadedConfig & { readonly config: Config } {
  const loaded = loadConfig(options);
  if (loaded.config === null) throw toError(loaded.problems);
  return { ...loaded, config: loaded.config };
}

function assemble(
  layers: Layers,
  document: YamlDocument,
  around: LoadOptions & { readonly directory: string },
): LoadedConfig {
  const place = (at: Path, part: 'key' | 'value' = 'value', offset?: number): string =>
    layers.source(at) ?? document.locate(at, part, offset);
  const locate = (at: Path): string => place(at, 'key');
  const read = readSettings(layers.merged, place);
  const found = checkRules(layers.merged, place);
  if (read.kind === 'problems') return failed([...read.problems, ...found], locate);
  const textOf = around.tools === undefined ? null : (around.tools.textOf ?? (() => undefined));
  const {
    servers,
    listenPort,
    ruleFiles,
    warnings,
    problems: declared,
  } = createServers(read.settings, {
    ...around,
    textOf,
  });
  const { settings, shown } = withPort(read.settings, layers, listenPort);
  const where = (...at: Path): string => `${place(at)} ${at.join('.')}`;
  const problems = [
    ...checkSettings(settings, {
      given: layers.merged,
      env: around.env,
      where,
      single: findSingle(layers, around.file),
    }),
    ...found,
    ...declared,
  ];
  const config = problems.length > 0 ? null : createConfig(settings, servers, around);
  return {
    config,
    values: listValues(shown),
    problems: problems.toSorted(byPlace),
    warnings: [...warnings, ...(config === null ? [] : warnOfIssuers(config))],
    locate: (at) => ruleFiles.get(toRuleKey(at)) ?? locate(at),
  };
}

function findSingle({ origin, source }: Layers, file = 'the configuration') {
  const flag = origin(['upstream']) === 'flag' ? source(['upstream']) : null;
  return flag === null ? null : { flag, file };
}

/** A file of declared tools may say the port on loopback where nothing else says where to listen. */
function withPort(settings: Settings, layers: Layers, port: number | null): { settings: Settings; shown: Layers } {
  if (port === null || layers.origin(['listen']) !== 'default') return { settings, shown: layers };
  const listen = { host: LOOPBACK, port };
  return {
    settings: { ...settings, listen },
    shown: { ...layers, merged: { ...layers.merged, listen: `${LOOPBACK}:${port}` } },
  };
}

const LOOPBACK = '127.0.0.1';

const POWER = 'make the rules';

function readDocument({ file, text }: LoadOptions, working: string): YamlDocument | Problem {
  if (file === undefined) return parseYaml(text ?? '', 'configuration');
  const read =
    text === undefined
      ? readYamlFile({
          file,
          directory: working,
          power: POWER,
          missingHint: `\`latchkey init --file ${toShellWord(file)}\` writes one`,
        })
      : (findOpen(file, path.resolve(working, file), POWER) ?? text);
  return typeof read === 'string' ? parseYaml(read, file) : read;
}

function failed(problems: readonly Problem[], locate: (at: Path) => string): LoadedConfig {
  return { config: null, values: [], problems: problems.toSorted(byPlace), warnings: [], locate };
}
