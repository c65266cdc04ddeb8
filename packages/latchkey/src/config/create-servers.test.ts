import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findRule } from '../core/authorize.ts';
import { loadConfig } from './load-config.ts';
import type { LoadedConfig, LoadOptions } from './load-config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-servers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TOOLS = `name: site
server: { port: 3456 }
tools:
  - { name: read_files, description: Reads, role: reader, script: { shell: "true" } }
  - { name: write_files, description: Writes, role: writer, script: { shell: "true" } }
  - { name: list, description: Lists, script: { shell: "true" } }
`;
const file = path.join(folder, 'gantz.yaml');
writeFileSync(file, TOOLS);
writeFileSync(path.join(folder, 'bad.yaml'), 'name: site\ntools: [');

const load = (text: string, more: Partial<LoadOptions> = {}): LoadedConfig =>
  loadConfig({
    text,
    file: path.join(folder, 'latchkey.yaml'),
    env: { PATH: process.env['PATH'] },
    tools: {},
    ...more,
  });
const upstreamOf = ({ config }: LoadedConfig) => config?.servers[0]?.upstream;
const scopesOf = ({ config }: LoadedConfig, tool: string) => {
  const policy = config?.servers[0]?.policy;
  return policy === undefined ? null : (findRule(policy, 'tools', tool)?.rule.scopes ?? null);
};

describe('createServers', () => {
  it('reads the tools of a file, relative to the configuration', () => {
    const loaded = load('upstream: { tools: gantz.yaml }');
    expect(loaded.problems).toEqual([]);
    expect(upstreamOf(loaded)).toMatchObject({ kind: 'tools', file, tools: { name: 'site' } });
  });

  it('takes a file named by a flag relative to the working directory', () => {
    const loaded = load('{}', { flags: { upstream: { tools: 'gantz.yaml' } }, directory: folder });
    expect(upstreamOf(loaded)).toMatchObject({ kind: 'tools', file });
  });

  it('does without the file where its tools are not asked for', () => {
    const loaded = load('upstream: { tools: nowhere.yaml }', { tools: undefined as never });
    expect(upstreamOf(loaded)).toEqual({ kind: 'tools', file: path.join(folder, 'nowhere.yaml'), tools: null });
    expect(loaded.config?.servers[0]?.policy.empty).toBe(true);
  });

  it('reports what is wrong with the file, with its place there', () => {
    const { config, problems } = load('upstream: { tools: bad.yaml }\nlimits: { sessions: 3 }');
    expect(config).toBeNull();
    expect(problems[0]?.where).toMatch(/bad\.yaml:\d+:\d+/);
    expect(load('upstream: { tools: nowhere.yaml }').problems).toMatchObject([
      { code: 'E_CONFIG_MISSING', where: expect.stringContaining('nowhere.yaml') },
    ]);
  });

  it('takes a text that is in force for what the file holds', () => {
    const changed = TOOLS.replace('name: list', 'name: other');
    const loaded = load('upstream: { tools: gantz.yaml }', { tools: { textOf: () => changed } });
    expect(upstreamOf(loaded)).toMatchObject({ tools: { tools: [{}, {}, { name: 'other' }] } });
  });

  it('takes the port of the file where nothing else says where to listen', () => {
    const listenOf = (text: string, more?: Partial<LoadOptions>) => load(text, more).config?.listen;
    expect(listenOf('upstream: { tools: gantz.yaml }')).toEqual({ host: '127.0.0.1', port: 3456 });
    expect(listenOf('listen: :9000\nupstream: { tools: gantz.yaml }')?.port).toBe(9000);
    expect(listenOf('upstream: { tools: gantz.yaml }', { env: { LATCHKEY_LISTEN: ':9001' } })?.port).toBe(9001);
    expect(listenOf('upstream: { tools: gantz.yaml }', { flags: { listen: ':0' } })?.port).toBe(0);
    const { values } = load('upstream: { tools: gantz.yaml }');
    expect(values).toContainEqual({ path: 'listen', value: '127.0.0.1:3456', origin: 'default' });
  });

  it('says so when several files ask for several ports', () => {
    writeFileSync(path.join(folder, 'second.yaml'), TOOLS.replace('3456', '3457'));
    const servers = 'a: { upstream: { tools: gantz.yaml } }, b: { upstream: { tools: second.yaml } }';
    const { config, warnings } = load(`servers: { ${servers} }`);
    expect(config?.listen.port).toBe(3456);
    expect(warnings.filter((warning) => warning.includes('3456'))).toHaveLength(1);
  });
});

describe('joinRules', () => {
  it('makes rules of the scopes of the file', () => {
    const loaded = load('upstream: { tools: gantz.yaml }');
    expect(scopesOf(loaded, 'read_files')).toEqual(['role:reader']);
    expect(scopesOf(loaded, 'write_files')).toEqual(['role:writer']);
    expect(scopesOf(loaded, 'list')).toEqual([]);
  });

  it('leaves the last word to the configuration, and says so', () => {
    const rules = 'tools: { read_files: { scopes: [a] }, "write_*": { scopes: [b] } }';
    const loaded = load(`upstream: { tools: gantz.yaml }\n${rules}`);
    expect(['read_files', 'write_files'].map((tool) => scopesOf(loaded, tool))).toEqual([['a'], ['b']]);
    for (const tool of ['read_files', 'write_files'])
      expect(loaded.warnings.filter((warning) => warning.includes(tool))).toHaveLength(1);
  });

  it('is told from the rules of the configuration', () => {
    const { locate } = load('upstream: { tools: gantz.yaml }\ntools: { read_files: {} }');
    expect(locate(['tools', 'write_files'])).toBe(file);
    expect(locate(['tools', 'read_files'])).toBe(`${path.join(folder, 'latchkey.yaml')}:2:10`);
  });

  it('adds to rules for other tools', () => {
    const loaded = load('upstream: { tools: gantz.yaml }\ntools: { other: { deny: true } }');
    expect([scopesOf(loaded, 'read_files'), scopesOf(loaded, 'other')]).toEqual([['role:reader'], []]);
    expect(loaded.warnings).toEqual([]);
  });
});

describe('checkSettings of an upstream of declared tools', () => {
  it.each([
    ['upstream: { tools: gantz.yaml, url: "https://a.example" }', 'exactly one'],
    ['upstream: { tools: gantz.yaml, command: [a] }', 'exactly one'],
    ['upstream: { timeout: 5s }', 'exactly one'],
    ['upstream: { tools: gantz.yaml, timeout: 5s }', 'timeout is for a command or a url'],
    ['upstream: { tools: gantz.yaml, env: { A: b } }', 'env is for a command'],
    ['upstream: { tools: gantz.yaml, headers: { A: b } }', 'headers is for a url'],
    ['upstream: { command: [a], headers: { A: b } }', 'headers is for a url'],
    ['upstream: { url: "https://a.example", sessions: shared }', 'sessions is for a command'],
    ['upstream: { tools: gantz.yaml, sessions: shared }', 'sessions is for a command'],
    ['upstream: { command: [a], sessions: one }', 'expected separate or shared'],
  ])('refuses %s', (text, words) => {
    expect(load(text).problems).toMatchObject([{ code: 'E_CONFIG_INVALID', message: expect.stringContaining(words) }]);
  });
});
