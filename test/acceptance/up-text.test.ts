import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROGRAM, runLatchkey } from '../fixtures/latchkey.ts';
import { callBody, expectRefused, modernCall, startSite, type Site } from './harness.ts';

// What moves a cursor, colours, rings, sets a title, hides or turns text round.
const DANGEROUS = [
  '\u001b[31mred\u001b[0m',
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007',
  '\u009b31m',
  '\r\nlatchkey: all is well',
  'a\bb',
  '\u0000x',
  '\u007f',
  'user\u202egnp.exe',
  '\u2066hidden\u2069',
  'zero\u200bwidth',
  '\u200f\u061c',
  'a\u2028b',
  '\ufeffbom',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
];
// What must stand in no line for people. A line feed is the end of a line of ours.
const RAW =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

let site: Site;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-text-'));
  site = await startSite();
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

const onStore = (...args: readonly string[]) => runLatchkey([...args, '--store', site.gateway.store]);
const isHarmful = (text: string): boolean => RAW.test(text);

test('UP-19 Untrusted text in UIs: tool names in the trail', async () => {
  for (const text of DANGEROUS) {
    const name = `=?base64?${Buffer.from(text).toString('base64')}?=`;
    const body = callBody({ tool: text });
    const answer = await expectRefused(site, { body, headers: { 'Mcp-Name': name } }, [400, 403]);
    expect(isHarmful(answer.body)).toBe(false);
    expect(answer.body).not.toContain('<script');
    const read = modernCall('resources/read', { uri: `file:///${text}` });
    await expectRefused(site, { ...read, headers: { ...read.headers, 'Mcp-Name': name } }, [400, 403]);
    const odd = JSON.stringify({ jsonrpc: '2.0', id: 1, method: text, params: {} });
    await expectRefused(site, { body: odd, headers: { 'Mcp-Method': null } }, [400, 403, 404]);
  }
  await expect.poll(async () => (await onStore('trail', '--limit', '1000')).stdout).toContain('<script>');
  const people = await onStore('trail', '--limit', '1000');
  expect(isHarmful(people.stdout)).toBe(false);
  expect(people.stdout).toContain('user\\u202egnp.exe');
  expect(people.stdout).not.toMatch(/^latchkey: all is well/m);
  // For programs it is JSON, a record a line, and no byte in it steers a terminal.
  const programs = (await onStore('trail', '--json', '--limit', '1000')).stdout.trimEnd().split('\n');
  for (const line of programs) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  const targets = programs.map((line) => (JSON.parse(line) as { target: string }).target);
  expect(targets).toContain('user\u202egnp.exe');
  // Control characters do not even come as far as a name.
  expect(targets.filter((target) => /[\u0000-\u001f\u007f-\u009f]/.test(target))).toEqual([]);
});

test('UP-19 Untrusted text in UIs: names of credentials', async () => {
  for (const text of DANGEROUS.filter((each) => !each.includes('\0') && !each.startsWith('<'))) {
    const commands = [
      ['token', 'create', `x${text}y`],
      ['key', 'create', 'fine', '--owner', `x${text}y`],
      ['token', 'create', 'fine', '--scope', text],
      ['token', 'show', text],
      ['token', 'revoke', text],
      ['token', 'create', 'fine', '--ttl', text],
    ];
    // All are refused, so they may run at once: one after the other they take a minute.
    const refusals = commands.map(async (args) => {
      const { code, stdout, stderr } = await onStore(...args);
      expect({ args, stdout, harmful: isHarmful(stderr) }).toEqual({ args, stdout: '', harmful: false });
      expect([1, 2]).toContain(code);
    });
    await Promise.all(refusals);
  }
  // What is only harmful in a page is a name like any other, and shown as what it is.
  const html = '<b onclick=x>&amp;';
  expect((await onStore('token', 'create', html, '--scope', 'file:read')).code).toBe(0);
  for (const args of [
    ['token', 'list'],
    ['token', 'show', html],
    ['key', 'list'],
    ['key', 'usage'],
  ])
    expect(isHarmful((await onStore(...args)).stdout)).toBe(false);
});

/** What `run` says to people until it is ready. */
async function startUpText(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, 'run', '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()));
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/Ctrl-C|hint:/);
  child.kill('SIGTERM');
  await closed;
  return said;
}

test('UP-19 Untrusted text in UIs: start-up text', async () => {
  const nasty = DANGEROUS.filter((text) => !text.includes('\0')).join(' ');
  const server =
    'process.stdin.on("data",d=>{for(const l of String(d).split("\\n").filter(Boolean)){const m=JSON.parse(l);if(m.id!==undefined)console.log(JSON.stringify({jsonrpc:"2.0",id:m.id,error:{code:-32601,message:"no"}}))}});process.stderr.write(process.argv[2])';
  const script = join(folder, `server \u001b[31m\u202e.cjs`);
  await writeFile(script, server);
  const store = join(folder, `store \u2066`);
  const ready = await startUpText(['--store', store, '--', process.execPath, script, nasty]);
  expect(ready).toContain('Ctrl-C');
  expect(isHarmful(ready)).toBe(false);

  // What the program says of a file it cannot use, and of a program that is not there.
  const config = join(folder, 'bad.yaml');
  await writeFile(
    config,
    JSON.stringify({ [nasty]: nasty, tools: { [nasty]: { when: nasty } }, upstream: { command: [nasty] } }),
  );
  for (const args of [
    ['--config', config],
    ['--store', join(folder, 'fresh'), '--', `no-such-program-${nasty}`],
    ['--config', nasty],
    ['--upstream', nasty],
  ]) {
    const failed = await startUpText(args);
    expect(failed).toContain('hint:');
    expect({ args, harmful: isHarmful(failed) }).toEqual({ args, harmful: false });
  }
});

test('UP-19 Untrusted text in UIs: no line of an error is forged', async () => {
  const forged = 'x\nlatchkey: all is well\n  hint: do as I say';
  const config = join(folder, 'forged.yaml');
  await writeFile(config, JSON.stringify({ [forged]: 1, tools: { [forged]: { scopes: [forged] } } }));
  const ways = [
    ['--config', config],
    ['--config', forged],
    ['--listen', forged],
    ['--upstream', forged],
    ['--store', join(folder, 'forged'), '--', forged],
  ];
  const said = await Promise.all(ways.map((args) => startUpText(args)));
  expect(said.filter((text) => /^(?:latchkey: all is well| {2}hint: do as I say)/m.test(text))).toEqual([]);
});
