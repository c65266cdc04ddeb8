import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { promisify } from 'node:util';
import type { TokenSet } from './peer.ts';
import { toBenchPath } from './program.ts';
import { SCOPE } from './request.ts';

const run = promisify(execFile);

export const TOKEN_COUNT = 1000;
export const LATCHKEY_COMMAND = toBenchPath('../packages/latchkey/bin/latchkey.js');
const AT_ONCE = 8;

const ending = new AbortController();
process.prependOnceListener('exit', () => ending.abort());

let made: Promise<TokenSet> | null = null;

/** Random tokens as long as Latchkey's own, for the peers that keep theirs in a file. */
export function makeTokens(count: number): TokenSet {
  return { valid: Array.from({ length: count }, makeToken), unscoped: makeToken() };
}

function makeToken(): string {
  return `lk_${randomBytes(48).toString('base64url').replace(/[-_]/g, '0').slice(0, 49)}`;
}

/** Creates tokens in a Latchkey store through its command line, one process each: about 70 ms a token. */
async function createTokens(storeDirectory: string, count: number): Promise<TokenSet> {
  const unscoped = await createToken(storeDirectory, 'unscoped', 'other');
  const valid: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next++;
      valid[index] = await createToken(storeDirectory, `bench-${index}`, SCOPE);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { valid, unscoped };
}

/** Gives a peer a store of its own: a copy of one made at the first asking, since making it takes a while. */
export async function copyStore(template: string, path: string): Promise<TokenSet> {
  made ??= createTokens(template, TOKEN_COUNT);
  const tokens = await made;
  cpSync(template, path, { recursive: true });
  return tokens;
}

async function createToken(store: string, name: string, scope: string): Promise<string> {
  const options = ['--scope', scope, '--ttl', '1h', '--store', store, '--json'];
  const command = [LATCHKEY_COMMAND, 'token', 'create', name, ...options];
  const { stdout } = await run(process.execPath, command, { signal: ending.signal, killSignal: 'SIGKILL' });
  return (JSON.parse(stdout) as { token: string }).token;
}
