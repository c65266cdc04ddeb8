import { existsSync } from 'node:fs';
import type { ConfigInput } from '../../config/schema.ts';
import type { Config } from '../../config/config.ts';
import { requireConfig } from '../../config/load-config.ts';
import { compose, OWN_NAME, type Running } from '../../compose.ts';
import { createLog } from '../log.ts';
import { announce } from './announce.ts';
import { deliverFirstToken, type TokenPlace } from './first-token.ts';
import { followFiles } from './follow-files.ts';
import { withProgress } from './progress.ts';
import { stopSignal } from './stop-signal.ts';
import { warn } from './warn.ts';

interface RunOptions {
  readonly config?: string;
  readonly tokenFile?: string;
  readonly json?: true;
  readonly settings: ConfigInput;
}

const DEFAULT_FILE = 'latchkey.yaml';
const GRACE_MS = 10_000;

/** `latchkey run`: until a signal comes. Exits with 1 when something could not be finished, such as the trail. */
export async function run(options: RunOptions): Promise<void> {
  const { env } = process;
  const log = createLog(env);
  const file = options.config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const since = Date.now();
  const loaded = requireConfig({ env, flags: options.settings, tools: {}, ...(file === undefined ? {} : { file }) });
  const { config } = loaded;
  warn(loaded, file, options.json === true, log);
  const running = await withProgress('starting the MCP server', options.json === true, () => compose(config, env, log));
  const tokenPlace = await deliver(running, config, options);
  await announce({ running, config, file: file ?? null, json: options.json === true, tokenPlace });
  const following = followFiles({ running, config, file: file ?? null, flags: options.settings, env, since, log });
  // A terminal that is closed sends SIGHUP too: then nobody is left to work for.
  const attached = process.stdin.isTTY || process.stderr.isTTY;
  if (!attached) process.on('SIGHUP', () => following.readAgain());
  await stopSignal(attached ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']);
  following.stop();
  process.exit((await running.close(GRACE_MS)) ? 0 : 1);
}

/** A token that cannot be handed over is of no use to anybody, and the next start makes another. */
async function deliver(running: Running, config: Config, options: RunOptions): Promise<TokenPlace> {
  try {
    return await deliverFirstToken(running, config, options);
  } catch (error) {
    const name = running.firstToken?.name;
    if (name !== undefined) await running.store.credentialsBy(OWN_NAME).revoke({ kind: 'token', name }, Date.now());
    await running.close(0);
    throw error;
  }
}
