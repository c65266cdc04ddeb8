import { styleText } from 'node:util';
import type { Running } from '../../compose.ts';
import { version } from '../../compose-version.ts';
import { formatAddress } from '../../config/address.ts';
import { isLive } from '../../core/credential-life.ts';
import { toPlainText } from '../../core/plain-text.ts';
import { toShellWord } from '../../core/shell-word.ts';
import { deliver } from '../output.ts';
import { describeUpstream } from './describe-upstream.ts';
import { startAgain, toTokenFacts } from './first-token.ts';
import type { Announcement } from './serve.ts';

type Facts = Announcement<Running>;

/** Says what is protected, where, with which token and rules, and how to connect. */
export async function announce(facts: Facts): Promise<void> {
  if (facts.json) {
    return deliver(`${JSON.stringify(toReadyLine(facts))}\n`, 'The ready line', startAgain);
  }
  const row = (name: string, text: string): void => talk(`  ${dim(name.padEnd(9))} ${text}`);
  talk();
  talk(`  ${styleText('bold', 'Latchkey', { stream: process.stderr })} ${version}`);
  talk();
  for (const server of facts.running.servers) {
    row('protects', toPlainText(describeUpstream(facts.config, server.name)));
    row('at', styleText('cyan', server.resource, { stream: process.stderr }));
    row('rules', describeRules(server));
  }
  if (facts.config.publicUrl !== null) row('listens', addressOf(facts.running, facts.config));
  for (const line of await describeCredentials(facts)) row(line.name, line.text);
  row('store', toPlainText(facts.config.store));
  row('connect', connectLine(facts));
  row('stop', 'Ctrl-C');
  talk();
  if (facts.tokenPlace.kind === 'screen') await showToken(facts.running);
}

function talk(text = ''): void {
  process.stderr.write(`${text}\n`);
}

function dim(text: string): string {
  return styleText('dim', text, { stream: process.stderr });
}

function toReadyLine({ running, config, tokenPlace }: Facts): object {
  const [first] = running.servers;
  return {
    event: 'ready',
    url: first?.resource ?? null,
    sseUrl: first?.sseUrl ?? null,
    listen: addressOf(running, config),
    publicUrl: config.publicUrl,
    servers: running.servers.map(({ name, resource, sseUrl }) => ({ name, url: resource, sseUrl })),
    ...toTokenFacts(running.firstToken, tokenPlace),
    pid: process.pid,
  };
}

/** Where it really listens: with port 0, or another URL for clients, nothing else tells. */
function addressOf({ port }: Running, { listen }: Facts['config']): string {
  return formatAddress({ ...listen, port });
}

function describeRules({ policy }: Running['servers'][number]): string {
  const counts = Object.entries(policy.rules).flatMap(([kind, rules]) =>
    rules.length === 0 ? [] : [`${rules.length} for ${kind}`],
  );
  if (policy.empty) return 'none: a credential with every scope may use everything (add tools: to latchkey.yaml)';
  return `${counts.join(', ')}; whatever has no rule is refused`;
}

async function describeCredentials({ running, config, tokenPlace }: Facts): Promise<{ name: string; text: string }[]> {
  if (!config.auth.enabled)
    return [
      {
        name: 'auth',
        text: styleText('red', 'OFF: whoever reaches this port may use everything', { stream: process.stderr }),
      },
    ];
  const lines: { name: string; text: string }[] = [];
  if (tokenPlace.kind === 'file')
    lines.push({
      name: 'token',
      text: `default, until ${local(running.firstToken?.expiresAt ?? null)}, written to ${toPlainText(tokenPlace.path)}`,
    });
  const now = Date.now();
  const alive = (await running.store.credentials.list('token')).filter((record) => isLive(record, now));
  if (running.firstToken === null)
    for (const { name, expiresAt } of alive.slice(-5))
      lines.push({ name: 'token', text: `${name}, until ${local(expiresAt)}` });
  if (alive.length > 5) lines.push({ name: '', text: `and ${alive.length - 5} more (latchkey token list)` });
  if (running.staticTokens > 0)
    lines.push({ name: 'token', text: `${running.staticTokens} from ${config.auth.static?.env ?? 'the environment'}` });
  for (const { name, issuer } of config.auth.issuers)
    lines.push({ name: 'issuer', text: `${name}: tokens of ${toPlainText(issuer)}` });
  return lines;
}

function local(time: number | null): string {
  return time === null
    ? 'it is revoked'
    : new Date(time).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' });
}

function connectLine({ running }: Facts): string {
  const [first] = running.servers;
  return `latchkey connect claude-code --url ${toShellWord(first?.resource ?? '')}   (or cursor, vscode, sdk, curl, …)`;
}

async function showToken({ firstToken }: Running): Promise<void> {
  if (firstToken === null) return;
  talk(`  This token is shown once. It works until ${local(firstToken.expiresAt)}, also after a restart:`);
  talk();
  await deliver(`${firstToken.secret.reveal()}\n`, 'The first token', startAgain);
  talk();
}
