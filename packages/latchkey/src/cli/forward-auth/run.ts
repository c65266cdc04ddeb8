import { styleText } from 'node:util';
import type { Config } from '../../config/config.ts';
import { composeForwardAuth, type RunningForwardAuth } from '../../compose-forward-auth.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { deliver } from '../output.ts';
import { startAgain, toTokenFacts } from '../run/first-token.ts';
import { serve, type Announcement, type ServeOptions } from '../run/serve.ts';

/** `latchkey forward-auth`: until a signal comes. */
export async function run(options: ServeOptions): Promise<void> {
  await serve(options, { start: composeForwardAuth, announce });
}

async function announce({ running, config, json, tokenPlace }: Announcement<RunningForwardAuth>): Promise<void> {
  const { url, servers } = running;
  const proxy = config.forwardAuth?.proxy ?? '';
  const token = toTokenFacts(running.firstToken, tokenPlace);
  if (json) {
    const ready = {
      event: 'ready',
      url,
      proxy,
      publicUrl: config.publicUrl,
      servers: servers.map(({ name, resource }) => ({ name, url: resource })),
      ...token,
      pid: process.pid,
    };
    return deliver(`${JSON.stringify(ready)}\n`, 'The ready line', startAgain);
  }
  row('answers', `${proxy} at ${url}`);
  for (const { resource, policy } of servers) row('for', `${toPlainText(resource)}: ${describe(config, policy.empty)}`);
  row('lists', 'are not filtered, and arguments not judged: only headers are seen here');
  row('store', toPlainText(config.store));
  if (token.tokenFile !== null) row('token', `default, written to ${toPlainText(token.tokenFile)}`);
  if (token.token === null) return;
  process.stderr.write('\n  This token is shown once:\n\n');
  await deliver(`${token.token}\n`, 'The first token', startAgain);
}

function describe({ forwardAuth }: Config, empty: boolean): string {
  const scopes = forwardAuth?.scopes ?? null;
  if (scopes !== null) return scopes.length === 0 ? 'any valid credential' : `who holds ${scopes.join(' ')}`;
  return empty ? 'no rules, so a credential with every scope may use everything' : 'by rules, for 2026-07-28 only';
}

function row(name: string, text: string): void {
  process.stderr.write(`  ${styleText('dim', name.padEnd(9), { stream: process.stderr })} ${text}\n`);
}
