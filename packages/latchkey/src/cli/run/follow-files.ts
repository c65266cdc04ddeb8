import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigInput } from '../../config/schema.ts';
import { watchConfig } from '../../config/watch-config.ts';
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
  /** Reads all of them now, whether they changed or not. */
  readNow(): void;
  stop(): void;
}

/** Puts new rules and certificates in force when their files change. What is bad is said, and the old stays. */
export function followFiles({ running, config, file, flags, env, log }: Followed): Following {
  const stops: (() => void)[] = [];
  const readConfig = (text?: string): void => {
    if (file !== null) reload({ running, file, flags, env, log }, text);
  };
  if (file !== null) stops.push(watchConfig(file, readConfig));
  for (const path of config.tls === null ? [] : [config.tls.cert, config.tls.key])
    stops.push(watchConfig(path, () => running.setTls()));
  return {
    readNow() {
      readConfig();
      running.setTls();
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}

function reload(
  { running, file, flags, env, log }: Omit<Followed, 'config' | 'file'> & { readonly file: string },
  text: string | undefined,
): void {
  const loaded = loadConfig({ file, text, flags, env });
  if (loaded.config === null) {
    for (const { where, message } of loaded.problems)
      log('error', 'the changed configuration is bad; the old rules stay in force', { where, problem: message });
    return;
  }
  const unchanged = running.reload(loaded.config);
  log('warn', 'the rules were replaced', { file });
  if (unchanged.length > 0) log('warn', 'servers were added or removed: restart for that', { servers: unchanged });
}
