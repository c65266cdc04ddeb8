import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { findChangedSettings } from '../../config/changed-settings.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigInput } from '../../config/schema.ts';
import { BAD_PAIR } from '../../config/tls-files.ts';
import { watchConfig, type ConfigWatch, type Trouble } from '../../config/watch-config.ts';
import type { Running } from '../../compose.ts';
import type { Log } from '../../core/log.ts';

export interface Followed {
  readonly running: Pick<Running, 'reload' | 'setTls' | 'secrets'> & {
    readonly servers: readonly Pick<Running['servers'][number], 'name' | 'policy'>[];
  };
  readonly config: Config;
  readonly file: string | null;
  readonly flags: ConfigInput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** When the configuration was read, epoch milliseconds: what was written since counts as a change. */
  readonly since: number;
  readonly log: Log;
}

export interface Following {
  /** Reads all of them again, whether they changed or not; what cannot be read is said. */
  readAgain(): void;
  stop(): void;
}

/** What is said of a file whose change was taken, or was not. */
interface Words {
  readonly taken: string;
  readonly bad: string;
}

const RULES: Words = {
  taken: 'the rules were replaced',
  bad: 'the changed configuration is bad; the old rules stay in force',
};
const TOOLS: Words = {
  taken: 'the tools were replaced',
  bad: 'the changed tools file is bad; the old tools stay in force',
};

const BAD_SECRET = 'a changed secret cannot be used; the old one stays in force';

/** Puts new rules, tools, certificates and secrets in force when their files change. What is bad is said, and the old stays. */
export function followFiles(followed: Followed): Following {
  const { running, config, file, since, log } = followed;
  const texts = new Map<string, string>();
  const watches: { readonly path: string; readonly watch: ConfigWatch }[] = [];
  const follow = (given: string, words: Words): void => {
    const at = path.resolve(given);
    const text = readText(at, since);
    if (text !== undefined) texts.set(at, text);
    const onText = (changed: string): void => {
      const next = new Map(texts).set(at, changed);
      // A text that is bad is not remembered: when another file changes, this one still counts as it was.
      if (reload(followed, next, given, words)) texts.set(at, changed);
    };
    const onTrouble = (trouble: Trouble): void => log('error', words.bad, { where: given, ...trouble });
    watches.push({
      path: given,
      watch: watchConfig(given, onText, { onTrouble, text: text ?? '' }),
    });
  };
  if (file !== null) follow(file, RULES);
  for (const tools of toolsFiles(config)) follow(tools, TOOLS);
  for (const pem of config.tls === null ? [] : [config.tls.cert, config.tls.key]) {
    const onTrouble = (trouble: Trouble): void => log('error', BAD_PAIR, { file: pem, ...trouble });
    watches.push({ path: pem, watch: watchConfig(pem, () => running.setTls(), { onTrouble }) });
  }
  for (const secret of running.secrets.files) {
    const onTrouble = (trouble: Trouble): void => log('error', BAD_SECRET, { file: secret, ...trouble });
    // What was read at the start is not known here; what stands there now is held against it once.
    watches.push({
      path: secret,
      watch: watchConfig(secret, () => replaceSecrets(followed, secret), { onTrouble, text: '' }),
    });
  }
  return {
    readAgain() {
      for (const { path: each, watch } of watches)
        void watch.readAgain().then((trouble) => {
          if (trouble !== null)
            log('error', 'a file cannot be read again; what it said stays in force', { file: each, ...trouble });
        });
    },
    stop() {
      for (const { watch } of watches) watch.stop();
    },
  };
}

function replaceSecrets({ running, log }: Followed, file: string): void {
  const { replaced, waiting, kept } = running.secrets.readAgain(file);
  if (replaced.length > 0) log('warn', 'a secret was replaced', { file, keys: replaced });
  if (waiting.length > 0)
    log('warn', 'a secret changed that a restart puts in force; until then the old one holds', { file, keys: waiting });
  for (const { key, error } of kept)
    log('error', BAD_SECRET, { file, key, problem: error instanceof Error ? error.message : String(error) });
}

function toolsFiles({ servers }: Config): readonly string[] {
  return [...new Set(servers.flatMap(({ upstream }) => (upstream?.kind === 'tools' ? [upstream.file] : [])))];
}

/** What the file held when the configuration was read; undefined where that is not known. */
function readText(file: string, since: number): string | undefined {
  try {
    const found = statSync(file);
    return found.isFile() && found.mtimeMs < since ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** Reads everything anew, each file as its text in `texts` says; true when that was sound and is in force now. */
function reload(
  { running, config: started, file, flags, env, log }: Followed,
  texts: ReadonlyMap<string, string>,
  changed: string,
  words: Words,
): boolean {
  const text = file === null ? undefined : texts.get(path.resolve(file));
  const { config, problems, warnings } = loadConfig({
    ...(file !== null && { file }),
    ...(text !== undefined && { text }),
    flags,
    env,
    tools: { textOf: (tools) => texts.get(tools) },
  });
  if (config === null) {
    for (const { where, message, hint } of problems) log('error', words.bad, { where, problem: message, hint });
    return false;
  }
  const bared = running.servers.filter(({ name, policy }) => !policy.empty && lacksRules(config, name));
  if (bared.length > 0) {
    // The first half of a file can be a sound file without rules, and without rules everything is allowed.
    const problem = `no rules are left for ${bared.map(({ name }) => name).join(', ')}: restart for that`;
    log('error', words.bad, { where: changed, problem });
    return false;
  }
  let unchanged: readonly string[];
  try {
    unchanged = running.reload(config, path.resolve(changed));
  } catch (error) {
    log('error', words.bad, { where: changed, problem: error instanceof Error ? error.message : String(error) });
    return false;
  }
  log('warn', words.taken, { file: changed });
  for (const warning of warnings) log('warn', warning);
  if (unchanged.length > 0)
    log('warn', 'servers were added, removed or exchanged: restart for that', { servers: unchanged });
  const settings = findChangedSettings(started, config);
  if (settings.length > 0)
    log('warn', 'settings changed that a restart puts in force; until then the old ones hold', { settings });
  return true;
}

function lacksRules({ servers }: Config, name: string): boolean {
  return servers.find((server) => server.name === name)?.policy.empty === true;
}
