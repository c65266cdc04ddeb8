import type { Config } from '../../config/config.ts';
import { requireConfig } from '../../config/load-config.ts';
import type { ConfigInput } from '../../config/schema.ts';
import type { Running } from '../../compose.ts';
import type { Log } from '../../core/log.ts';
import { OWN_NAME } from '../../core/own-name.ts';
import { findConfigFile } from '../config-file.ts';
import { createLog } from '../log.ts';
import { deliverFirstToken, type TokenPlace } from './first-token.ts';
import { followFiles, type Followed, type Following } from './follow-files.ts';
import { stopSignal } from './stop-signal.ts';
import { warn } from './warn.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly tokenFile?: string;
  readonly json?: true;
  readonly settings: ConfigInput;
}

type Served = Followed['running'] & Pick<Running, 'store' | 'firstToken' | 'close'>;

/** What runs now, and where its first token went. */
export interface Announcement<Service> {
  readonly running: Service;
  readonly config: Config;
  readonly json: boolean;
  readonly tokenPlace: TokenPlace;
}

interface Command<Service extends Served> {
  start(config: Config, env: NodeJS.ProcessEnv, log: Log): Promise<Service>;
  announce(facts: Announcement<Service>): Promise<void>;
}

const GRACE_MS = 10_000;
const LAST_STEPS_MS = 2000;

/** Starts what a command serves and keeps it until a signal comes. Exits with 1 when something could not be finished, such as the trail. */
export async function serve<Service extends Served>(
  options: ServeOptions,
  { start, announce }: Command<Service>,
): Promise<void> {
  const { env } = process;
  const json = options.json === true;
  const log = createLog(env);
  const file = findConfigFile(options.config);
  const since = Date.now();
  const loaded = requireConfig({ env, flags: options.settings, tools: {}, ...(file === undefined ? {} : { file }) });
  const { config } = loaded;
  warn(loaded, file, json, log);
  let following: Following | null = null;
  const signals = takeSignals(() => following?.readAgain());
  const running = await signals.during(start(config, env, log));
  const tokenPlace = await orTakeBack(running, () => deliverFirstToken(running, config, options));
  following = followFiles({ running, config, file: file ?? null, flags: options.settings, env, since, log });
  try {
    await orTakeBack(running, () => announce({ running, config, json, tokenPlace }));
    await signals.stop;
  } finally {
    following.stop();
  }
  process.exit((await running.close(GRACE_MS)) ? 0 : 1);
}

/** Before the port is open: whoever sees that it is may send one. */
function takeSignals(onHangUp: () => void) {
  // A terminal that is closed sends SIGHUP too: then nobody is left to work for.
  const attached = process.stdin.isTTY || process.stderr.isTTY;
  if (!attached) process.on('SIGHUP', onHangUp);
  const stop = stopSignal(attached ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']);
  return {
    stop,
    /** A start that is not nearly over when a signal comes has let nobody in, and the process ends at once. */
    async during<Result>(starting: Promise<Result>): Promise<Result> {
      let over = false;
      void stop.then(() => {
        setTimeout(() => {
          if (!over) process.exit(1);
        }, LAST_STEPS_MS);
      });
      return starting.finally(() => (over = true));
    },
  };
}

/** A token that cannot be handed over is of no use to anybody, and the next start makes another. */
async function orTakeBack<Result>(running: Served, deliver: () => Promise<Result>): Promise<Result> {
  try {
    return await deliver();
  } catch (error) {
    const name = running.firstToken?.name;
    if (name !== undefined) await running.store.credentialsBy(OWN_NAME).revoke({ kind: 'token', name }, Date.now());
    await running.close(0);
    throw error;
  }
}
