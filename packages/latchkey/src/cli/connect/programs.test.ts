import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENTS } from '../connect.ts';
import { fillTemplate } from './client.ts';

const URL_GIVEN = 'https://mcp.example.com/files/mcp';
const TOKEN = 'lk_testtoken0000000000000000000000000000000000000000';

function textOf(name: string, format: string, url = URL_GIVEN): string {
  const { snippets } = CLIENTS.find((client) => client.name === name)!;
  return fillTemplate(snippets.find((snippet) => snippet.format === format)!.template, { url, token: '' });
}

function textsIn(format: string): readonly string[] {
  return CLIENTS.flatMap(({ name, snippets }) =>
    snippets.some((snippet) => snippet.format === format) ? [textOf(name, format)] : [],
  );
}

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly body: string;
}

/** Runs a program against a real server that refuses everything, and gives back what that server heard first. */
async function hear(run: (origin: string) => readonly [string, readonly string[]]): Promise<Heard> {
  const heard: Heard[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    request.on('end', () => {
      heard.push({ headers: request.headers, url: request.url ?? '', body });
      response.writeHead(401, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const [program, args] = run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await new Promise<void>((resolve) => {
    const env = { ...process.env, LATCHKEY_TOKEN: TOKEN, OPENAI_API_KEY: 'sk-x', ANTHROPIC_API_KEY: 'sk-y' };
    execFile(program, args, { env }, () => resolve());
  });
  await new Promise((resolve) => void server.close(resolve));
  return heard[0] as Heard;
}

describe('programs', () => {
  it('of curl ask the very URL that was given', async () => {
    const path = '/a-_.~:%20@[1],;=(b)+/mcp';
    const heard = await hear((origin) => ['/bin/sh', ['-c', textOf('curl', 'shell', `${origin}${path}`)]]);
    expect(heard.url).toBe(path);
  });

  it('of curl send one sound tools/list with the token', async () => {
    const heard = await hear((origin) => ['/bin/sh', ['-c', textOf('curl', 'shell', `${origin}/mcp`)]]);
    expect(heard.url).toBe('/mcp');
    expect(heard.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'mcp-method': 'tools/list',
      'mcp-protocol-version': '2026-07-28',
    });
    expect(JSON.parse(heard.body)).toMatchObject({ jsonrpc: '2.0', method: 'tools/list' });
  });

  it('of the SDK send the token from the environment', async () => {
    const heard = await hear((origin) => {
      const text = textOf('sdk', 'typescript', `${origin}/mcp`);
      return [process.execPath, ['--no-warnings', '--input-type=module-typescript', '-e', text]];
    });
    expect(heard.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(JSON.parse(heard.body).method).toBe('server/discover');
  });

  it('of the Claude API send the beta header and the server with its token', async () => {
    const shell = textOf('anthropic-api', 'shell');
    const heard = await hear((origin) => ['/bin/sh', ['-c', shell.replace('https://api.anthropic.com', origin)]]);
    const body = JSON.parse(heard.body);
    expect(heard.headers).toMatchObject({ 'anthropic-beta': 'mcp-client-2025-11-20', 'x-api-key': 'sk-y' });
    expect(body.mcp_servers).toEqual([{ type: 'url', url: URL_GIVEN, name: 'latchkey', authorization_token: TOKEN }]);
    expect(body.tools).toEqual([{ type: 'mcp_toolset', mcp_server_name: body.mcp_servers[0].name }]);
  });

  it('of the OpenAI API send the server with its token', async () => {
    const shell = textOf('openai-api', 'shell');
    const heard = await hear((origin) => ['/bin/sh', ['-c', shell.replace('https://api.openai.com', origin)]]);
    expect(heard.headers.authorization).toBe('Bearer sk-x');
    expect(JSON.parse(heard.body).tools[0]).toMatchObject({
      type: 'mcp',
      server_url: URL_GIVEN,
      authorization: TOKEN,
      require_approval: 'always',
    });
  });

  it('of the Inspector keep the token out of the argument list, and leave no file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-inspector-'));
    // It stands for npx: notes what it was given, and what stands in the file that it was told of.
    writeFileSync(
      join(folder, 'npx'),
      '#!/bin/sh\nprintf "%s\\n" "$@" > seen\nstat -c %a "$5" >> seen\ncat "$5" > given\n',
    );
    chmodSync(join(folder, 'npx'), 0o755);
    const env = { PATH: `${folder}:${process.env['PATH']}`, LATCHKEY_TOKEN: TOKEN, TMPDIR: folder };
    spawnSync('/bin/sh', ['-c', textOf('mcp-inspector', 'shell')], { cwd: folder, env });
    const [, name, cli, config, file, server, which, method, list, mode] = readFileSync(
      join(folder, 'seen'),
      'utf8',
    ).split('\n');
    expect([name, cli, config, server, which, method, list, mode]).toEqual([
      '@modelcontextprotocol/inspector',
      '--cli',
      '--config',
      '--server',
      'latchkey',
      '--method',
      'tools/list',
      '600',
    ]);
    expect(JSON.parse(readFileSync(join(folder, 'given'), 'utf8'))).toEqual({
      mcpServers: { latchkey: { type: 'http', url: URL_GIVEN, headers: { Authorization: `Bearer ${TOKEN}` } } },
    });
    expect(() => readFileSync(file!)).toThrow('ENOENT');
    rmSync(folder, { recursive: true });
  });

  it.each(textsIn('typescript'))('in TypeScript are TypeScript (%#)', (text) => {
    expect(() => stripTypeScriptTypes(text)).not.toThrow();
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0).each(textsIn('python'))(
    'in Python are Python (%#)',
    (text) => {
      const run = spawnSync('python3', ['-c', 'import sys; compile(sys.stdin.read(), "snippet", "exec")'], {
        input: text,
        encoding: 'utf8',
      });
      expect(run.stderr).toBe('');
    },
  );
});

// They stand for the makers' libraries and print the body that they were to send.
const LIBRARY_IN_JAVASCRIPT = `const create = (body) => (console.log(JSON.stringify(body)), {});
export default class { beta = { messages: { create } }; responses = { create }; }`;
const LIBRARY_IN_PYTHON = `import json, types
def create(**body):
    print(json.dumps(body))
    return types.SimpleNamespace(content="", output_text="")
def Anthropic():
    return types.SimpleNamespace(beta=types.SimpleNamespace(messages=types.SimpleNamespace(create=create)))
def OpenAI():
    return types.SimpleNamespace(responses=types.SimpleNamespace(create=create))`;

/** What the text for a shell sends, and what the libraries say in their own way. */
function bodyOf(name: string): object {
  const text = /<<EOF\n([^]*)\nEOF/.exec(textOf(name, 'shell'))![1]!;
  return {
    ...(JSON.parse(text.replace('$LATCHKEY_TOKEN', TOKEN)) as object),
    ...(name === 'anthropic-api' && { betas: ['mcp-client-2025-11-20'] }),
  };
}

describe('programs of the APIs', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'latchkey-libraries-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const run = (program: string, ...args: string[]): unknown => {
    const done = spawnSync(program, args, {
      cwd: folder,
      env: { ...process.env, LATCHKEY_TOKEN: TOKEN },
      encoding: 'utf8',
    });
    return JSON.parse(done.stdout.split('\n')[0] || JSON.stringify(done.stderr));
  };
  it.each([
    ['anthropic-api', '@anthropic-ai/sdk'],
    ['openai-api', 'openai'],
  ])('send in TypeScript what that of %s for a shell sends', (name, library) => {
    put(`node_modules/${library}/package.json`, '{ "type": "module", "exports": "./index.js" }');
    put(`node_modules/${library}/index.js`, LIBRARY_IN_JAVASCRIPT);
    put('program.mts', textOf(name, 'typescript'));
    expect(run(process.execPath, '--no-warnings', 'program.mts')).toEqual(bodyOf(name));
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0).each(['anthropic-api', 'openai-api'])(
    'send in Python what that of %s for a shell sends',
    (name) => {
      put(`${name.replace('-api', '')}.py`, LIBRARY_IN_PYTHON);
      put('program.py', textOf(name, 'python'));
      expect(run('python3', 'program.py')).toEqual(bodyOf(name));
    },
  );
});
