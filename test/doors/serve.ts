// A server made with a door, before the spy of a test: `node test/doors/serve.ts DOOR CONFIG`. It reads the configuration
// that the test wrote for the program, and says on standard output when it is ready, as the program does.
import { watchFile } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { cel, createLatchkey, jwt, openStore, type Latchkey, type PolicyOptions, type Store } from 'latchkey';
import { mintCredential } from '../../packages/latchkey/src/verify/mint.ts';
import type { Application } from './application.ts';
import { readConfig, type DoorConfig, type RuleConfig } from './config.ts';
import type { DoorName } from './doors.ts';

const [door, file] = process.argv.slice(2) as [DoorName, string];

function toRules(rules: Readonly<Record<string, RuleConfig>>): NonNullable<PolicyOptions['tools']> {
  return Object.fromEntries(
    Object.entries(rules).map(([name, { when, ...rule }]) => [
      name,
      { ...rule, ...(when === undefined ? {} : { when: cel(when) }) },
    ]),
  );
}

function toPolicy({ tools = {}, resources = {}, prompts = {}, scopes = {} }: DoorConfig): PolicyOptions {
  return { tools: toRules(tools), resources: toRules(resources), prompts: toRules(prompts), scopes };
}

function toLock(config: DoorConfig, store: Store, resource: string): Latchkey {
  const issuers = Object.entries(config.auth?.issuers ?? {});
  return createLatchkey({
    resource,
    store,
    policy: toPolicy(config),
    ...(config.limits === undefined ? {} : { limits: config.limits }),
    ...(issuers.length === 0 ? {} : { verifiers: issuers.map(([name, { issuer }]) => jwt({ name, issuer })) }),
    ...(config.auth?.anonymous === undefined ? {} : { anonymous: config.auth.anonymous }),
    onError: (error) => console.error('not judged:', error),
  });
}

/** The token `default`, as the program makes one at its first start. */
async function createFirstToken(store: Store): Promise<string> {
  const { secret, hash, hint } = mintCredential('lk_');
  const now = Date.now();
  await store.credentialsBy('tests').create(
    {
      kind: 'token',
      name: 'default',
      owner: null,
      scopes: ['*'],
      servers: null,
      expiresAt: now + 86_400_000,
      hash,
      hint,
    },
    now,
  );
  return secret.reveal();
}

function followRules(lock: Latchkey): void {
  watchFile(file, { interval: 50 }, () => {
    try {
      lock.setPolicy(toPolicy(readConfig(file)));
      console.error('the rules were replaced');
    } catch (error) {
      console.error('the old rules stay in force:', error);
    }
  });
}

async function main(): Promise<void> {
  const { application } = (await import(`./applications/${door}.ts`)) as { readonly application: Application };
  const config = readConfig(file);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const store = await openStore(config.store);
  const lock = toLock(config, store, url);
  server.on('request', await application({ lock, upstream: config.upstream.url, server }));
  // Node hangs up on CONNECT where nobody listens for it.
  server.on(
    'connect',
    (_request, socket) => void socket.end('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n'),
  );
  const token = await createFirstToken(store);
  followRules(lock);
  process.once('SIGTERM', () => {
    server.closeAllConnections();
    server.close(() => void store.close());
    process.exitCode = 0;
    setTimeout(() => process.exit(0), 200);
  });
  console.log(JSON.stringify({ event: 'ready', url, sseUrl: null, token }));
}

try {
  await main();
} catch (error) {
  // What is wrong with a configuration is a TypeError when a lock is made of it.
  console.error(error instanceof TypeError ? `E_CONFIG_INVALID ${error.message}` : error);
  process.exit(2);
}
