import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '../caller.ts';
import { startGateway } from '../gateway.ts';

const EVERYTHING = fileURLToPath(
  new URL('dist/index.js', import.meta.resolve('@modelcontextprotocol/server-everything/package.json')),
);

const port = await findPort();
const server = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
  env: { ...process.env, PORT: String(port) },
  stdio: 'ignore',
});
await isListening(`http://127.0.0.1:${port}/mcp`);

const gateway = await startGateway(new URL('.', import.meta.url), '--upstream', `http://127.0.0.1:${port}/mcp`);
const CALLS = [
  ['echo', { message: 'Hello' }],
  ['get-sum', { a: 2, b: 3 }],
  ['get-env', {}],
] as const;
for (const [name, scopes] of Object.entries({ guest: ['guest'], counter: ['math'], admin: ['math', 'admin'] })) {
  const caller = await connect(gateway.url, gateway.createToken(name, scopes));
  console.log(`${name}, with ${scopes.join(' ')}, sees ${(await caller.listTools()).join(' ')}`);
  for (const [tool, args] of CALLS) console.log(`  ${tool}: ${await caller.call(tool, args)}`);
  await caller.close();
}
await gateway.close();
server.kill();
await once(server, 'close');

async function findPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return free;
}

async function isListening(url: string): Promise<void> {
  for (;;) {
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(50);
  }
}
