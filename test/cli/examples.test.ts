import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const page = readFileSync(new URL('../../examples/README.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) => block!.trim().split('\n'));

/** What an example's command prints; it must end with 0 and say nothing on standard error. */
async function outputOf(example: string): Promise<string> {
  const command = commands.find((line) => line.includes(`examples/${example}/`));
  if (command === undefined) throw new Error(`the page has no command for ${example}`);
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const { stdout, stderr } = await run('/bin/sh', ['-c', command], { cwd: ROOT, env });
  expect(stderr).toBe('');
  return stdout;
}

const challenge = 'refused: ';

describe('examples', () => {
  it('are each a folder, a row and a command', () => {
    const folders = readdirSync(new URL('../../examples', import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    expect(folders.sort()).toEqual(['client', 'filesystem', 'four-tools', 'http']);
    for (const name of folders) expect(page).toContain(`[${name}](${name})`);
    expect(commands).toHaveLength(folders.length);
  });

  it('four-tools: each token does what its scopes say, and no argument becomes a command', async () => {
    const printed = await outputOf('four-tools');
    expect(printed).toContain('reader, with file:read db:read, sees query_database read_files\n');
    expect(printed).toContain(challenge);
  });

  it('filesystem: who may read and write where', async () => {
    expect(await outputOf('filesystem')).toContain('reader, with file:read, sees list_files read_file\n');
  });

  it('http: what each caller is shown', async () => {
    expect(await outputOf('http')).toContain('guest, with guest, sees echo\n');
  });

  it('client: TypeScript and curl get the same', async () => {
    expect(await outputOf('client')).toContain('tools: echo\n');
  });
});
