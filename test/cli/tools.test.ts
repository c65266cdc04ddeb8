import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRunning } from '../fixtures/processes.ts';
import { runLatchkey, startLatchkey } from './run-latchkey.ts';

const TOOLS = `
name: site
version: 2.0.0
description: What it can do
tools:
  - name: greet
    description: Greets somebody
    role: greeter
    rate_limit: 20/min
    parameters:
      - { name: who, type: string, required: true }
      - { name: times, type: integer, default: 1 }
      - { name: loud, type: boolean, default: false }
      - { name: titles, type: array }
    script:
      shell: echo "Hello, {{who}} {{times}} {{loud}} {{titles}}"
    test:
      - { input: { who: you }, expect: { contains: "Hello, you 1 false" } }
      - { input: {}, expect: { error: who } }
  - name: fail
    description: Fails
    script:
      shell: "echo before; exit 3"
    test:
      - { input: {}, expect: { error: true } }
  - name: hang
    description: Does not end
    script:
      shell: "echo $$ > pid; sleep 100"
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  await writeFile(join(folder, 'gantz.yaml'), TOOLS);
});
afterEach(() => rm(folder, { recursive: true }));

const tools = (...args: string[]) => runLatchkey(['tools', ...args], folder);
const call = (...args: string[]) => tools('call', 'gantz.yaml', ...args);

describe('latchkey tools check', () => {
  it('lists what the file declares', async () => {
    const { code, stdout, stderr } = await tools('check', 'gantz.yaml');
    expect(code).toBe(0);
    expect(stderr).toContain('gantz.yaml: site 2.0.0, 3 tools');
    expect(stdout.split('\n')[0]).toMatch(/^TOOL +RUNS +ARGUMENTS +SCOPES +LIMIT +TESTS$/);
    expect(stdout).toMatch(/^greet +\w+ script +who \[times\] \[loud\] \[titles\] +role:greeter +20\/min +2$/m);
  });

  it('says the same as one document', async () => {
    const { code, stdout } = await tools('check', 'gantz.yaml', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      file: 'gantz.yaml',
      name: 'site',
      version: '2.0.0',
      tools: [
        { name: 'greet', kind: 'shell', scopes: ['role:greeter'], tests: 2 },
        { name: 'fail' },
        { name: 'hang', timeoutMs: 30_000 },
      ],
      problems: [],
    });
  });

  it('names the place of what is wrong, and exits with 1', async () => {
    await writeFile(join(folder, 'gantz.yaml'), TOOLS.replace('name: fail', 'name: greet'));
    const { code, stdout, stderr } = await tools('check', 'gantz.yaml');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^latchkey: E_CONFIG_INVALID gantz\.yaml:20:/);
    const asDocument = await tools('check', 'gantz.yaml', '--json');
    expect(asDocument.code).toBe(1);
    expect(JSON.parse(asDocument.stdout)).toMatchObject({
      ok: false,
      problems: [{ code: 'E_CONFIG_INVALID', where: expect.stringContaining('gantz.yaml:20:') }],
    });
  });

  it('warns of what works and is worth a second look', async () => {
    await writeFile(join(folder, 'gantz.yaml'), TOOLS.replace('    description: Fails\n', ''));
    const { code, stderr } = await tools('check', 'gantz.yaml');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: gantz\.yaml:\d+:\d+ .*description/m)]);
    const { warnings } = JSON.parse((await tools('check', 'gantz.yaml', '--json')).stdout);
    expect(warnings).toMatchObject([{ where: expect.stringContaining('gantz.yaml:') }]);
  });
});

describe('a file of tools that is not there', () => {
  it.for([['check'], ['check', '--json'], ['test'], ['call', '--json', 'greet']])(
    'is a usage error to %s',
    async (words) => {
      const { code, stdout, stderr } = await tools(words[0]!, 'nowhere.yaml', ...words.slice(1));
      expect([code, stdout + stderr]).toEqual([2, expect.stringMatching(/E_CONFIG_MISSING.*nowhere\.yaml/)]);
    },
  );
});

describe('latchkey tools test', () => {
  it('runs each test, says each, and exits with 0', async () => {
    const { code, stdout, stderr } = await tools('test', 'gantz.yaml');
    expect(stdout.split('\n').map((line) => line.replace(/ +\(\d+ ms\)$/, ''))).toEqual([
      'ok    greet 1',
      'ok    greet 2',
      'ok    fail 1',
      '',
    ]);
    expect([code, stderr]).toEqual([0, '3 passed, 0 failed\n']);
  });

  it('shows what came instead, and exits with 1', async () => {
    await writeFile(join(folder, 'gantz.yaml'), TOOLS.replace('Hello, you 1', 'Goodbye').replace('exit 3', 'exit 0'));
    const { code, stdout, stderr } = await tools('test', 'gantz.yaml');
    expect([code, stderr]).toEqual([1, '1 passed, 2 failed\n']);
    expect(stdout).toMatch(
      /FAIL {2}greet 1.*\n {6}expected a result with "Goodbye false", got a result:\n {8}Hello, you 1/,
    );
    expect(stdout).toMatch(/FAIL {2}fail 1.*\n {6}expected an error, got a result:\n {8}before/);
    const asDocument = JSON.parse((await tools('test', 'gantz.yaml', '--json')).stdout);
    expect(asDocument).toMatchObject({
      ok: false,
      passed: 1,
      failed: 2,
      results: [{ tool: 'greet', test: 1, passed: false }, {}, {}],
    });
  });

  it('says when there is none', async () => {
    await writeFile(join(folder, 'gantz.yaml'), TOOLS.replaceAll(/    test:\n(?: {6}- .*\n)+/g, ''));
    expect(await tools('test', 'gantz.yaml')).toEqual({ code: 0, stdout: '', stderr: 'No tool has a test.\n' });
  });
});

describe('latchkey tools call', () => {
  it('reads each argument as its parameter says', async () => {
    const given = ['--arg', 'who=a=b c', '--arg', 'times=3', '--arg', 'loud=true', '--arg', 'titles=["Dr"]'];
    expect(await call('greet', ...given)).toEqual({ code: 0, stdout: 'Hello, a=b c 3 true ["Dr"]\n', stderr: '' });
    const asDocument = JSON.parse(
      (await call('greet', '--args', '{"who":"x","times":1}', '--arg', 'times=2', '--json')).stdout,
    );
    expect(asDocument).toMatchObject({ tool: 'greet', isError: false, text: expect.stringContaining('Hello, x 2') });
  });

  it('exits with 1 when the result is an error', async () => {
    const { code, stdout } = await call('fail');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/3[^]*before|before[^]*3/)]);
    expect(await call('greet', '--arg', 'whom=x')).toMatchObject({ code: 1, stdout: expect.stringContaining('whom') });
  });

  it.each([
    [['greet', '--arg', 'times=many'], 'wants a whole number'],
    [['greet', '--arg', 'who=a', '--arg', 'who=b'], 'twice'],
    [['greet', '--args', '[]'], '--args is no JSON object'],
    [['great'], 'did you mean greet?'],
  ])('refuses %j', async (args, words) => {
    const { code, stdout, stderr } = await call(...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^latchkey: E_USAGE /)]);
    expect(stderr).toContain(words);
  });

  it('ends what runs when it is told to stop', async () => {
    const child = startLatchkey(['tools', 'call', 'gantz.yaml', 'hang'], folder);
    const pid = async () => Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'));
    await expect.poll(pid).toBeGreaterThan(0);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(isRunning(await pid())).toBe(false);
  });
});
