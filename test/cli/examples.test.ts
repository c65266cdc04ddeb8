import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runLatchkey } from './run-latchkey.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const page = readFileSync(new URL('../../examples/README.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) => block!.trim().split('\n'));

/** What an example's command prints; it must end with 0 and say nothing on standard error. */
async function outputOf(example: string): Promise<string> {
  const command = commands.find((line) => line.includes(`examples/${example}/`));
  if (command === undefined) throw new Error(`the page has no command for ${example}`);
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', npm_config_update_notifier: 'false' };
  const { stdout, stderr } = await run('/bin/sh', ['-c', command], { cwd: ROOT, env });
  expect(stderr).toBe('');
  return stdout;
}

describe('examples', () => {
  it('are each a folder, a row and a command', () => {
    const folders = readdirSync(new URL('../../examples', import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    for (const name of folders) expect(page).toContain(`[${name}](${name})`);
    // What other programs run, and so do test/forward-auth and test/library/workers.
    const ours = folders.filter((name) => !/^(?:forward-auth-|cloudflare-worker$)/.test(name));
    expect(ours.sort()).toEqual(['client', 'filesystem', 'four-tools', 'http', 'library-express', 'library-fetch']);
    expect(commands).toHaveLength(ours.length);
  });

  it('four-tools: each token does what its scopes say, and no argument becomes a command', async () => {
    expect(await outputOf('four-tools')).toBe(`reader, with file:read db:read, sees query_database read_files
  read_files: Buy milk.
  write_files: refused: Insufficient scope: required "file:write"
  run_commands: refused: Insufficient scope: required "shell:execute"
  query_database: {"item":"lock"} | {"item":"key"}
writer, with file:write, sees read_files write_files
  read_files: Buy milk.
  write_files: 
  run_commands: refused: Insufficient scope: required "shell:execute"
  query_database: refused: Insufficient scope: required "db:read"
operator, with file:read shell:execute, sees read_files run_commands
  read_files: Buy milk.
  write_files: refused: Insufficient scope: required "file:write"
  run_commands: ${type()}
  query_database: refused: Insufficient scope: required "db:read"
data/new.txt: $(rm -rf ~); "quoted"
With every scope, still no way out:
  failed: Nothing was run: read_files does not take these arguments. | - file: must match ^[A-Za-z0-9_-]+\\.txt$
  failed: Nothing was run: run_commands does not take these arguments. | - command: must be one of "date", "pwd", "uname", "whoami"
  failed: The script failed with exit code 1. | attempt to write a readonly database
`);
  });

  it('four-tools: its file is sound and passes its own tests', async () => {
    const folder = new URL('../../examples/four-tools', import.meta.url);
    for (const what of ['check', 'test']) {
      const { code, stderr } = await runLatchkey(['tools', what, 'tools.yaml'], fileURLToPath(folder));
      expect({ what, code, stderr }).toMatchObject({ code: 0 });
    }
  });

  it('filesystem: who may read and write where', async () => {
    expect(await outputOf('filesystem')).toBe(`reader, with file:read, sees list_files read_file
  list_files data: hello.txt inbox
  read_file data/hello.txt: Anyone who may read, reads this.
  read_file data/../latchkey.yaml: refused: This credential may not do that.
  write_file data/inbox/note.txt: refused: Insufficient scope: required "file:write"
  write_file data/hello.txt: refused: Insufficient scope: required "file:write"
writer, with file:write, sees list_files read_file write_file
  list_files data: hello.txt inbox
  read_file data/hello.txt: Anyone who may read, reads this.
  read_file data/../latchkey.yaml: refused: This credential may not do that.
  write_file data/inbox/note.txt: wrote data/inbox/note.txt
  write_file data/hello.txt: refused: This credential may not do that.
`);
  });

  it('http: what each caller is shown', async () => {
    const printed = await outputOf('http');
    expect(printed).toContain(`guest, with guest, sees echo
  echo: Echo: Hello
  get-sum: refused: Insufficient scope: required "math"
  get-env: refused: This credential may not do that.
counter, with math, sees echo get-sum
  echo: Echo: Hello
  get-sum: The sum of 2 and 3 is 5.
  get-env: refused: This credential may not do that.
admin, with math admin, sees echo get-`);
    expect(printed.split('\n').at(-2)).toBe('  get-env: refused: This credential may not do that.');
  });

  it('client: TypeScript and curl get the same', async () => {
    const [typescript, curl] = (await outputOf('client')).split('curl\n');
    expect(typescript).toBe('TypeScript\n  tools: echo\n  echo: Echo: Hello\n\n');
    const [listed, called] = curl!
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { result: any });
    expect(listed!.result.tools).toMatchObject([{ name: 'echo' }]);
    expect(called!.result.content).toEqual([{ type: 'text', text: 'Echo: Hello' }]);
  });

  it('library-express: an endpoint with rules and a route, behind one lock', async () => {
    expect(await outputOf('library-express')).toBe(`reader, with note:read, sees read_notes
  read_notes: Buy milk.
  write_note: refused: Insufficient scope: required "note:write"
  write_note: refused: Insufficient scope: required "note:write"
  GET /count: 403
writer, with note:write note:count, sees read_notes write_note
  read_notes: Buy milk.
  write_note: noted for token
  write_note: refused: This credential may not do that.
  GET /count: {"notes":2,"for":"writer"}
writer, revoked: revoked
`);
  });

  it('library-fetch: what each token of an issuer gets', async () => {
    const metadata = 'resource_metadata="https://api.example/.well-known/oauth-protected-resource/report"';
    const invalid = `401 Bearer error="invalid_token", ${metadata}`;
    expect(await outputOf('library-fetch')).toBe(`no token: 401 Bearer ${metadata}
a valid token: 200 {"report":"All is well.","for":"alice"}
an expired one: ${invalid}
one for another server: ${invalid}
one without a signature: ${invalid}
one without the scope: 403 Bearer error="insufficient_scope", scope="report:read", ${metadata}
`);
  });
});
