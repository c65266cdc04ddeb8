import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startGateway } from '../gateway.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const run = promisify(execFile);

const gateway = await startGateway(new URL('.', import.meta.url));
const env = { ...process.env, LATCHKEY_URL: gateway.url, LATCHKEY_TOKEN: gateway.createToken('example', ['echo']) };
for (const [title, command, ...args] of [
  ['TypeScript', process.execPath, here('client.ts')],
  ['curl', 'sh', here('client.sh')],
] as const) {
  const { stdout } = await run(command, args, { env });
  console.log(`${title}\n${stdout.replaceAll(/^(?=.)/gm, '  ')}`);
}
await gateway.close();
