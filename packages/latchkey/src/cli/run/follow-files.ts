import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigInput } from '../../config/schema.ts';
import { watchConfig, type Watch } from '../../config/watch-config.ts';
import type { Log, Running } from '../../compose.ts';

interface Followed {
  readonly running: Running;
  readonly config: Config;
  readonly file: string | null;
  readonly flags: ConfigInput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

export interface Following {
  /** Reads all of them again, whether they changed or not; what cannot be read is said. */
  readAgain(): void;
  stop(): void;
}

/** Puts new rules and certificates in force when their files change. What is bad is said, and the old stays. */
export function followFiles({ running, config, file, flags, env, log }: Followed): Following {
  const watches: { readonly path: string; readonly watch: Watch }[] = [];
  if (file !== null) {
    const onTrouble = (problem: string): void => log('error', BAD, { where: file, problem });
    watches.push({
      path: file,
      watch: watchConfig(file, (text) => reload({ running, file, flags, env, log }, text), { onTrouble }),
    });
  }
  for (const path of config.tls === null ? [] : [config.tls.cert, config.tls.key])
    watches.push({ path, watch: watchConfig(path, () => running.setTls()) });
  return {
    readAgain() {
      for (const { path, watch } of watches)
        void watch.readAgain().then((read) => {
          if (!read) log('error', 'a file is missing or empty; what it said stays in force', { file: path });
        });
    },
    stop() {
      for (const { watch } of watches) watch.stop();
    },
  };
}

const BAD = 'the changed configuration is bad; the old rules stay in force';

function lacksRules({ servers }: Config, name: string): boolean {
  return servers.find((server) => server.name === name)?.policy.empty === true;
}

function reload(
  { running, file, flags, env, log }: Omit<Followed, 'config' | 'file'> & { readonly file: string },
  text: string,
): void {
  const { config, problems } = loadConfig({ file, text, flags, env });
  if (config === null) {
    for (const { where, message } of problems) log('error', BAD, { where, problem: message });
    return;
  }
  const bared = running.servers.filter(({ name, policy }) => !policy.empty && lacksRules(config, name));
  if (bared.length > 0) {
    // The first half of a file can be a sound file without rules, and without rules everything is allowed.
    const problem = `no rules are left for ${bared.map(({ name }) => name).join(', ')}: restart for that`;
    log('error', BAD, { where: file, problem });
    return;
  }
  const unchanged = running.reload(config);
  log('warn', 'the rules were replaced', { file });
  if (unchanged.length > 0) log('warn', 'servers were added or removed: restart for that', { servers: unchanged });
}
