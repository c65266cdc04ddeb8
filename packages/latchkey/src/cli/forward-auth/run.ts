import { styleText } from 'node:util';
import type { Config } from '../../config/config.ts';
import { requireConfig } from '../../config/load-config.ts';
import type { ConfigInput } from '../../config/schema.ts';
import { composeForwardAuth, FORWARD_AUTH_NAME, type RunningForwardAuth } from '../../compose-forward-auth.ts';
import { findConfigFile } from '../config-file.ts';
import { createLog } from '../log.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { deliverFirstToken, type TokenPlace } from '../run/first-token.ts';
import { followFiles } from '../run/follow-files.ts';
import { stopSignal } from '../run/stop-signal.ts';
import { warn } from '../run/warn.ts';

interface RunOptions {
  readonly config?: string;
  readonly tokenFile?: string;
  readonly json?: true;
  readonly settings: ConfigInput;
}

/** `latchkey forward-auth`: until a signal comes. Exits with 1 when something could not be finished, such as the trail. */
export async function run(options: RunOptions): Promise<void> {
  const { env } = process;
  const log = createLog(env);
  const file = findConfigFile(options.config);
  const since = Date.now();
  const loaded = requireConfig({ env, flags: options.settings, tools: {}, ...(file === undefined ? {} : { file }) });
  const { config } = loaded;
  warn(loaded, file, options.json === true, log);
  const running = await composeForwardAuth(config, env, log);
  announce(running, config, options.json === true, await deliver(running, config, options));
  const following = followFiles({ running, config, file: file ?? null, flags: options.settings, env, since, log });
  const attached = process.stdin.isTTY || process.stderr.isTTY;
  if (!attached) process.on('SIGHUP', () => following.readAgain());
  await stopSignal(attached ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']);
  following.stop();
  process.exit((await running.close()) ? 0 : 1);
}

/** A token that cannot be handed over is of no use to anybody, and the next start makes another. */
async function deliver(running: RunningForwardAuth, config: Config, options: RunOptions): Promise<TokenPlace> {
  try {
    return await deliverFirstToken(running, config, options);
  } catch (error) {
    const name = running.firstToken?.name;
    if (name !== undefined)
      await running.store.credentialsBy(FORWARD_AUTH_NAME).revoke({ kind: 'token', name }, Date.now());
    await running.close();
    throw error;
  }
}

function announce(running: RunningForwardAuth, config: Config, json: boolean, place: TokenPlace): void {
  const { url, servers, firstToken } = running;
  const proxy = config.forwardAuth?.proxy ?? '';
  const token = place.kind === 'screen' ? (firstToken?.secret.reveal() ?? null) : null;
  if (json) {
    const ready = {
      event: 'ready',
      url,
      proxy,
      publicUrl: config.publicUrl,
      servers: servers.map(({ name, resource }) => ({ name, url: resource })),
      token,
      tokenFile: place.kind === 'file' ? place.path : null,
      tokenName: firstToken?.name ?? null,
      expiresAt: firstToken === null ? null : new Date(firstToken.expiresAt).toISOString(),
      pid: process.pid,
    };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    return;
  }
  row('answers', `${proxy} at ${url}`);
  for (const { resource, policy } of servers) row('for', `${toPlainText(resource)}: ${describe(config, policy.empty)}`);
  row('lists', 'are not filtered, and arguments not judged: only headers are seen here');
  row('store', toPlainText(config.store));
  if (place.kind === 'file') row('token', `default, written to ${toPlainText(place.path)}`);
  if (token === null) return;
  process.stderr.write('\n  This token is shown once:\n\n');
  process.stdout.write(`${token}\n`);
}

function describe({ forwardAuth }: Config, empty: boolean): string {
  const scopes = forwardAuth?.scopes ?? null;
  if (scopes !== null) return scopes.length === 0 ? 'any valid credential' : `who holds ${scopes.join(' ')}`;
  return empty ? 'no rules, so a credential with every scope may use everything' : 'by rules, for 2026-07-28 only';
}

function row(name: string, text: string): void {
  process.stderr.write(`  ${styleText('dim', name.padEnd(9), { stream: process.stderr })} ${text}\n`);
}
