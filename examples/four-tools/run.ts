import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../caller.ts';
import { startGateway } from '../gateway.ts';

const TOKENS = {
  reader: ['file:read', 'db:read'],
  writer: ['file:write'],
  operator: ['file:read', 'shell:execute'],
};

const CALLS = [
  ['read_files', { file: 'notes.txt' }],
  ['write_files', { file: 'new.txt', content: '$(rm -rf ~); "quoted"' }],
  ['run_commands', { command: 'uname' }],
  ['query_database', { sql: 'SELECT item FROM orders WHERE price < 100' }],
] as const;

const gateway = await startGateway(new URL('.', import.meta.url), '--tools', 'tools.yaml');
execFileSync(process.execPath, ['seed.ts'], { cwd: gateway.folder });

for (const [name, scopes] of Object.entries(TOKENS)) {
  const caller = await connect(gateway.url, gateway.createToken(name, scopes));
  console.log(`${name}, with ${scopes.join(' ')}, sees ${(await caller.listTools()).join(' ')}`);
  for (const [tool, args] of CALLS) console.log(`  ${tool}: ${inOneLine(await caller.call(tool, args))}`);
  await caller.close();
}

// What was written is what was sent, to the letter.
console.log(`data/new.txt: ${readFileSync(join(gateway.folder, 'data/new.txt'), 'utf8')}`);

const last = await connect(gateway.url, gateway.createToken('hostile', Object.values(TOKENS).flat()));
console.log('With every scope, still no way out:');
console.log(`  ${inOneLine(await last.call('read_files', { file: '../latchkey.yaml' }))}`);
console.log(`  ${inOneLine(await last.call('run_commands', { command: 'uname; id' }))}`);
console.log(`  ${inOneLine(await last.call('query_database', { sql: 'DELETE FROM orders' }))}`);
await last.close();
await gateway.close();

function inOneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' | ');
}
