import { connect } from '../caller.ts';
import { startGateway } from '../gateway.ts';

const CALLS = [
  ['list_files', { path: 'data' }],
  ['read_file', { path: 'data/hello.txt' }],
  ['read_file', { path: 'data/../latchkey.yaml' }],
  ['write_file', { path: 'data/inbox/note.txt', content: 'Hello' }],
  ['write_file', { path: 'data/hello.txt', content: 'Overwritten' }],
] as const;

const gateway = await startGateway(new URL('.', import.meta.url));
for (const [name, scope] of Object.entries({ reader: 'file:read', writer: 'file:write' })) {
  const caller = await connect(gateway.url, gateway.createToken(name, [scope]));
  console.log(`${name}, with ${scope}, sees ${(await caller.listTools()).join(' ')}`);
  for (const [tool, args] of CALLS) {
    console.log(`  ${tool} ${args.path}: ${(await caller.call(tool, args)).trim().replaceAll('\n', ' ')}`);
  }
  await caller.close();
}
await gateway.close();
