import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from 'latchkey';
import { connect } from '../caller.ts';
import { createApp } from './server.ts';

const CALLS = [
  ['read_notes', {}],
  ['write_note', { text: 'Call Ann.' }],
  ['write_note', { text: 'Far too long for a note.' }],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'latchkey-example-'));
const store = await openStore(folder);
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const { app, lock } = createApp(store, `${origin}/mcp`);
server.on('request', app);

for (const [name, scopes] of Object.entries({ reader: ['note:read'], writer: ['note:write', 'note:count'] } as const)) {
  const { token } = await lock.tokens.create({ name, scopes });
  const caller = await connect(`${origin}/mcp`, token);
  console.log(`${name}, with ${scopes.join(' ')}, sees ${(await caller.listTools()).join(' ')}`);
  for (const [tool, args] of CALLS) console.log(`  ${tool}: ${await caller.call(tool, args)}`);
  await caller.close();
  const counted = await fetch(`${origin}/count`, { headers: { authorization: `Bearer ${token}` } });
  console.log(`  GET /count: ${counted.ok ? await counted.text() : counted.status}`);
}

await lock.tokens.revoke('writer');
console.log(`writer, revoked: ${(await lock.tokens.show('writer'))[0]?.status}`);

server.close();
server.closeAllConnections();
await lock.close();
await store.close();
rmSync(folder, { recursive: true });
