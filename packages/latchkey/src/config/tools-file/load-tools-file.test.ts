import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DeclaredTool } from '../../core/declared-tool.ts';
import { LatchkeyError } from '../../core/error.ts';
import { loadToolsFile, parseToolsFile } from './load-tools-file.ts';
import type { ToolsFile } from './load-tools-file.ts';

const ENV = {
  SHELL: '/bin/bash',
  HOME: '/home/ana',
  API_KEY: 'key-1234567',
  DATABASE_URL: 'postgres://user:pass@host/db',
  EMPTY: '',
  SHORT: 'abc',
  BRACES: 'a {{path}}',
};

function read(
  text: string,
  env: Readonly<Record<string, string>> = ENV,
  platform: NodeJS.Platform = 'linux',
): ToolsFile {
  return parseToolsFile(text, { file: 'gantz.yaml', env, directory: '/work', platform });
}

/** What is wrong with a file, one line each. */
function problems(text: string, env?: Readonly<Record<string, string>>, platform?: NodeJS.Platform): readonly string[] {
  try {
    read(text, env, platform);
    return [];
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    if (error.code !== 'E_CONFIG_INVALID') throw error;
    return error.message.split('\n');
  }
}

/** A file of one tool, its lines after the name given. */
const tool = (...lines: readonly string[]): string =>
  ['tools:', '  - name: t', '    description: d', ...lines.map((line) => `    ${line}`)].join('\n');
const PATH_PARAMETER = 'parameters: [{name: path}, {name: n, type: integer}]';
const only = (text: string, env?: Readonly<Record<string, string>>): DeclaredTool =>
  read(text, env).tools.tools[0] as DeclaredTool;
const warnings = (text: string): readonly string[] =>
  read(text).warnings.map(({ where, message }) => `${where}: ${message}`);

const many = (count: number): string =>
  Array.from({ length: count }, (_, at) => `{name: t${at}, script: {shell: x}}`).join(', ');

const shellOf = (SHELL?: string): unknown =>
  only(tool('script: {shell: date}'), SHELL === undefined ? {} : { SHELL }).action;

const sandboxOf = (file: string, ...lines: string[]): unknown => only(`${file}\n${tool(...lines)}`).sandbox;

const thrown = (load: () => unknown): unknown => {
  try {
    return load();
  } catch (error) {
    return (error as LatchkeyError).code;
  }
};

describe('parseToolsFile', () => {
  it('reads a published file with the defaults of the format', () => {
    const file = read(`
name: my-tools
version: "1.0.0"
server:
  port: 3000
tools:
  - name: list_files
    description: List files in a directory
    parameters:
      - name: path
        type: string
        description: Directory path to list
        required: true
        default: "."
      - {name: count, type: number, default: "10"}
    script:
      shell: ls -la "{{path}}" | head -n {{count}}
      timeout: 5s
`);
    expect(file).toMatchObject({ listenPort: 3000, rules: {} });
    expect(file.tools).toMatchObject({ name: 'my-tools', version: '1.0.0', description: null });
    expect(file.tools.tools).toEqual([
      {
        name: 'list_files',
        description: 'List files in a directory',
        parameters: [
          expect.objectContaining({ name: 'path', type: 'string', required: false, default: '.' }),
          expect.objectContaining({ name: 'count', type: 'number', required: false, default: 10 }),
        ],
        action: {
          kind: 'shell',
          shell: '/bin/bash',
          script: 'ls -la "${GANTZ_ARG_PATH}" | head -n "${GANTZ_ARG_COUNT}"',
          workingDirectory: '/work',
        },
        environment: {},
        hidden: [],
        sandbox: null,
        timeoutMs: 5000,
        maxOutputBytes: 1024 * 1024,
        tests: [],
      },
    ]);
    expect(read(tool('script: {shell: date}'))).toMatchObject({
      listenPort: null,
      tools: { name: 'gantz-local', version: '1.0.0' },
    });
  });

  it('tells of everything that is wrong at once, each with its place', () => {
    expect(
      problems(`
versoin: 1
tools:
  - name: a b
    script: {shell: date}
  - name: run
    parameters: [{name: command}]
    script:
      shell: |
        cd /tmp
        {{command}}
  - name: x
    timeout: soon
    script: {shel: date}
`),
    ).toEqual([
      'gantz.yaml:2:1 versoin: unknown key; did you mean version?',
      expect.stringMatching(/^gantz\.yaml:4:11 tools\.0\.name: a tool name is of letters/),
      expect.stringMatching(
        /^gantz\.yaml:11:9 tools\.run\.script\.shell: \{\{command\}\} would decide which program runs/,
      ),
      expect.stringMatching(/^gantz\.yaml:13:14 tools\.x\.timeout: expected a duration such as 30s/),
      'gantz.yaml:14:14 tools.x.script.shel: unknown key; did you mean shell?',
    ]);
  });

  it('keeps versions and variables as they are written', () => {
    const file = read(
      'version: 1.10\ntools: [{name: t, description: d, environment: {A: 08, B: yes, C: 1.50}, script: {shell: date}}]',
    );
    expect(file.tools.version).toBe('1.10');
    expect(file.tools.tools[0]?.environment).toEqual({ A: '08', B: 'yes', C: '1.50' });
  });

  it.each([
    ['one name twice', 'tools: [{name: a, script: {shell: x}}, {name: a, script: {shell: x}}]', 'is there twice'],
    [
      'names of two cases',
      'tools: [{name: a, script: {shell: x}}, {name: A, script: {shell: x}}]',
      'capital letters only',
    ],
    ['a name of everything', 'tools: [{name: constructor, script: {shell: x}}]', 'take for something of their own'],
    ['no tools', 'tools: []', 'names no tool'],
    ['tools by name', 'tools: {a: {handler: x}}', 'expected a list of tools'],
    ['nothing to do', 'tools: [{name: a}]', 'give either script or http'],
    [
      'two things to do',
      'tools: [{name: a, script: {shell: x}, http: {url: "https://h"}}]',
      'give either script or http',
    ],
    ['two scripts', tool('script: {shell: x, command: y}'), 'give either shell, or command and args'],
    ['a handler', 'tools: [{name: a, handler: b.c}]', 'write script: {command, args} or http'],
    ['a number too many', tool('max_output: 1GiB', 'script: {shell: x}'), 'at most 64MiB'],
    ['a network without a sandbox', tool('network: true', 'script: {shell: x}'), 'is for a tool in a sandbox'],
    ['a container', tool('sandbox: {type: docker}', 'script: {shell: x}'), 'bubblewrap'],
    ['two time-outs', tool('timeout: 3', 'script: {shell: x, timeout: 4s}'), 'write one of them'],
    [
      'two tests in one',
      tool('script: {shell: x}', 'test: [{expect: {contains: a, error: true}}]'),
      'give either contains or error',
    ],
    ['a merge', 'x: &d {script: {shell: x}}\ntools: [{name: a, <<: *d}]', 'merge keys are not read'],
  ])('refuses %s', (_what, text, message) => {
    expect(problems(text).join('\n')).toContain(message);
  });

  it('refuses more than 500 tools and 100 parameters', () => {
    expect(problems(`tools: [${many(501)}]`)).toEqual(['gantz.yaml:1:8 tools: more than 500 tools']);
    expect(read(`tools: [${many(500)}]`).tools.tools).toHaveLength(500);
    expect(
      problems(tool(`parameters: [${many(101).replaceAll(/, script: \{shell: x\}/g, '')}]`, 'script: {shell: x}')),
    ).toEqual(['gantz.yaml:4:17 tools.t.parameters: more than 100 parameters']);
  });

  describe('keys that stand elsewhere', () => {
    it('names the command for tokens, and never quotes one', () => {
      const text = `
auth:
  type: token
  tokens:
    - {name: production, value: gtz_Sq8vLkT0, permissions: [read, db:write]}
    - {name: gtz_Sq8vLkT0, permissions: gtz_Sq8vLkT0}
tools: [{name: a, script: {shell: x}}]
`;
      const [found = ''] = problems(text);
      expect(found).toContain('gantz.yaml:2:1 auth: ');
      expect(found).toContain('`latchkey token create production --scope read --scope db:write`');
      expect(found).toContain('`latchkey token create NAME --scope SCOPE`');
      expect(found).not.toContain('gtz_');
    });

    it.each([
      ['roles: {admin: {tools: ["*"]}}', 'scopes: {role:admin: {implies: [role:viewer]}}'],
      ['rate_limit: {requests_per_minute: 90, burst: 20}', 'limits: {callsPerCredential: 90/min}'],
      ['audit: {enabled: true, retention_days: 90}', 'trail: {retention: 90d}'],
      ['audit: false', 'trail: {retention: 90d}'],
      ['validation: {max_length: 3}', 'validation belongs to a parameter'],
      ['timeouts: {default: 3}', 'write `timeout` at each tool'],
      ['server: {host: 0.0.0.0}', '--listen HOST:PORT'],
    ])('says of %s what to write', (line, instead) => {
      expect(problems(`${line}\ntools: [{name: a, script: {shell: x}}]`).join()).toContain(instead);
    });

    it('makes rules of roles and limits, for every tool as soon as one has any', () => {
      const { rules } = read(`
audit: true
tools:
  - {name: a, description: d, role: viewer, audit: true, script: {shell: date}}
  - {name: b, description: d, rate_limit: 20/min, script: {shell: date}}
  - {name: c, description: d, rate_limit: {requests_per_second: 5}, script: {shell: date}}
  - {name: e, description: d, script: {shell: date}}
`);
      expect(rules).toEqual({
        a: { scopes: ['role:viewer'], hidden: false, deny: false },
        b: { scopes: [], hidden: false, deny: false, limit: { count: 20, periodMs: 60_000 } },
        c: { scopes: [], hidden: false, deny: false, limit: { count: 5, periodMs: 1000 } },
        e: { scopes: [], hidden: false, deny: false },
      });
    });

    it('lets nobody in by limits alone: without roles only holders of every scope pass', () => {
      const { rules } = read(`
tools:
  - {name: b, description: d, rate_limit: 20/min, script: {shell: date}}
  - {name: e, description: d, script: {shell: date}}
`);
      expect(rules).toEqual({
        b: { scopes: ['*'], hidden: false, deny: false, limit: { count: 20, periodMs: 60_000 } },
        e: { scopes: ['*'], hidden: false, deny: false },
      });
    });
  });

  describe('parameters', () => {
    it('take defaults and lists as text, in the type they declare', () => {
      const { parameters } = only(
        tool(
          'parameters:',
          '  - {name: a, type: integer, default: "10", validation: {min: 1, max: 100}}',
          '  - {name: b, type: boolean, default: "true"}',
          '  - {name: c, type: array, default: "[1]"}',
          '  - {name: d, type: number, enum: ["1", 2.5]}',
          '  - {name: e, default: 1.10, required: yes}',
          '  - {name: f, validation: {allowed_values: [/data, /logs], pattern: "^/", min_length: 1, max_length: 9}}',
          'script: {shell: date}',
        ),
      );
      expect(parameters.map((each) => each.default)).toEqual([10, true, [1], undefined, '1.10', undefined]);
      expect(parameters[0]).toMatchObject({ minimum: 1, maximum: 100 });
      expect(parameters[3]?.allowed).toEqual([1, 2.5]);
      expect(parameters[4]?.required).toBe(false);
      expect(parameters[5]).toMatchObject({
        allowed: ['/data', '/logs'],
        minLength: 1,
        maxLength: 9,
        pattern: { source: '^/' },
      });
      expect(parameters[5]?.pattern?.test('/x')).toBe(true);
    });

    it.each([
      ['{name: a, type: integer, default: ten}', 'default: is no integer'],
      ['{name: a, type: integer, default: 1.5}', 'default: is no integer'],
      ['{name: a, type: boolean, default: "yes"}', 'default: is no boolean'],
      ['{name: a, type: object, default: "[]"}', 'default: is no object'],
      ['{name: a, enum: [b], default: c}', 'is not among the values'],
      ['{name: a, type: integer, default: 0, validation: {minimum: 1}}', 'is not among the values'],
      ['{name: a, type: text}', 'expected string, number, integer'],
      ['{name: a, validation: {pattern: "(?=a)"}}', 'is no RE2 pattern'],
      ['{name: a, type: number, validation: {pattern: "a"}}', 'pattern: is for string, not for number'],
      ['{name: a, validation: {minimum: 1}}', 'minimum: is for number and integer'],
      ['{name: a, validation: {min_length: 3, max_length: 2}}', 'lets no value through'],
      ['{name: a, validation: {maxlength: 3}}', 'did you mean max_length?'],
      ['{name: a, enum: [b, b]}', 'is there twice'],
      ['{name: __proto__}', 'take for something of their own'],
      ['{name: a.b}', 'a parameter name is of'],
      ['{name: a-b}, {name: A_B}', 'are one name to scripts: GANTZ_ARG_A_B'],
    ])('refuses %s', (given, message) => {
      expect(problems(tool(`parameters: [${given}]`, 'script: {shell: date}')).join()).toContain(message);
    });
  });

  describe('variables', () => {
    it('are expanded in values, and what they held is hidden', () => {
      const made = only(
        tool(
          PATH_PARAMETER,
          'environment: {KEY: "${API_KEY}", LIBRARY: "${HOME}/lib", LITERAL: s3cr3t-x, DEBUG: "true", PLAIN: "$${API_KEY}"}',
          'script: {command: curl, args: ["-H", "K: ${API_KEY}", "{{path}}"], working_dir: "${HOME}/x"}',
        ),
      );
      expect(made.environment).toEqual({
        KEY: 'key-1234567',
        LIBRARY: '/home/ana/lib',
        LITERAL: 's3cr3t-x',
        DEBUG: 'true',
        PLAIN: '${API_KEY}',
      });
      expect(made.action).toEqual({
        kind: 'command',
        command: 'curl',
        args: [['-H'], ['K: key-1234567'], [{ parameter: 'path', quoted: false }]],
        workingDirectory: '/home/ana/x',
      });
      expect(new Set(made.hidden)).toEqual(new Set(['key-1234567', 's3cr3t-x', '${API_KEY}']));
    });

    it.each([
      ['${NOPE}', 'the environment variable NOPE is not set'],
      ['${EMPTY}', 'the environment variable EMPTY is empty'],
      ['${a:-b}', 'only ${NAME} is expanded here'],
      ['${GANTZ_ARG_PATH}', 'write the parameter in double braces'],
      ['${BRACES}', 'the value of BRACES looks like a place'],
    ])('are a problem as %s', (text, message) => {
      const [found = '', ...more] = problems(tool(PATH_PARAMETER, `script: {command: ls, args: ["a ${text}"]}`));
      expect(more).toEqual([]);
      expect(found).toMatch(/^gantz\.yaml:5:37 tools\.t\.script\.args\.0: /);
      expect(found).toContain(message);
    });

    it('are never expanded in keys, shell text, patterns and tests', () => {
      const made = only(
        tool(
          'parameters: [{name: path, validation: {pattern: "^${API_KEY}$"}}]',
          'script: {shell: "echo ${HOME}"}',
          'test: [{input: {path: "${API_KEY}"}, expect: {contains: "${API_KEY}"}}]',
        ),
      );
      expect(made.action).toMatchObject({ script: 'echo ${HOME}' });
      expect(made.tests).toEqual([{ input: { path: '${API_KEY}' }, expect: { contains: '${API_KEY}' } }]);
    });

    it('come to a script by its environment, and are told of', () => {
      const text = tool('script: {shell: "curl -H \\"K: ${API_KEY}\\" $DATABASE_URL ${HOME} ${MAY:-}"}');
      const made = only(text);
      expect(made.environment).toEqual({ API_KEY: ENV.API_KEY, DATABASE_URL: ENV.DATABASE_URL });
      expect(made.hidden).toEqual([ENV.API_KEY, ENV.DATABASE_URL]);
      expect(warnings(text)).toEqual([
        expect.stringMatching(/^gantz\.yaml:4:\d+ tools\.t\.script\.shell: API_KEY is handed on/),
        expect.stringMatching(/DATABASE_URL is handed on/),
      ]);
    });

    it('that a script will miss are a problem in braces, and a warning without', () => {
      expect(problems(tool('script:', '  shell: |', '    date', '    echo ${NOPE}'))).toEqual([
        expect.stringMatching(/^gantz\.yaml:7:14 tools\.t\.script\.shell: the environment variable NOPE is not set/),
      ]);
      expect(warnings(tool('script: {shell: "echo $NOPE"}'))).toEqual([expect.stringContaining('NOPE is not set')]);
      expect(warnings(tool('script: {shell: "NOPE=1; echo $NOPE ${NOPE} $RANDOM $PWD $1"}'))).toEqual([]);
      expect(problems(tool(PATH_PARAMETER, 'script: {shell: "echo $GANTZ_ARG_PAHT"}')).join()).toContain(
        'did you mean GANTZ_ARG_PATH?',
      );
    });

    it('of secrets are set and hidden', () => {
      const made = only(
        `secrets: [{name: DB, env: DATABASE_URL}]\nenvironment: {A: from-file, B: from-file}\n${tool('secrets: [{name: API_KEY}]', 'environment: {A: from-tool}', 'script: {shell: "psql $DB"}')}`,
      );
      expect(made.environment).toEqual({ A: 'from-tool', B: 'from-file', DB: ENV.DATABASE_URL, API_KEY: ENV.API_KEY });
      expect(made.hidden).toEqual(expect.arrayContaining([ENV.DATABASE_URL, ENV.API_KEY]));
      expect(problems(tool('secrets: [{name: A, env: NOPE}]', 'script: {shell: date}'))).toEqual([
        'gantz.yaml:4:30 tools.t.secrets.A.env: the environment variable NOPE is not set',
      ]);
      expect(problems(tool('secrets: [{name: A, env: SHORT}]', 'script: {shell: date}')).join()).not.toContain('abc');
    });
  });

  describe('script', () => {
    it('runs in the shell of the person, where it is one that is known', () => {
      expect(shellOf('/usr/bin/zsh')).toMatchObject({ shell: '/usr/bin/zsh' });
      expect(shellOf('/usr/bin/fish')).toMatchObject({ shell: '/bin/sh' });
      expect(shellOf('zsh')).toMatchObject({ shell: '/bin/sh' });
      expect(shellOf()).toMatchObject({ shell: '/bin/sh' });
    });

    it('refuses values in shell text on Windows', () => {
      const text = tool(PATH_PARAMETER, 'script: {shell: "dir {{path}}"}');
      expect(problems(text, {}, 'win32').join()).toContain('cannot be made safe for cmd.exe');
      expect(problems(tool('script: {shell: dir}'), {}, 'win32')).toEqual([]);
    });

    it.each([
      ['{command: "{{path}}"}', 'would decide which program runs'],
      ['{command: python3, args: ["-c", "print(\'{{path}}\')"]}', 'would be part of a Python program'],
      ['{command: bash, args: ["-c", "ls {{path}}"]}', 'would be part of a script for a shell'],
      [
        '{command: bash, args: ["-c", "eval \\"$1\\"", "_", "{{path}}"]}',
        'begins a script in which $1 would be part of',
      ],
      ['{command: bash, args: ["-c", "(( $1 ))", "_", "{{path}}"]}', '$1 is evaluated as arithmetic'],
      ['{command: bash, args: ["-c", "echo $((GANTZ_ARG_PATH))"]}', 'is evaluated as arithmetic'],
      ['{command: tar, args: ["--to-command=cat {{path}}", "-x"]}', 'would be part of a command that it runs'],
      ['{command: sudo, args: ["{{path}}"]}', 'would decide which program runs'],
      ['{command: node, args: ["-e", "1", "{{path}}"]}', 'write -- before it'],
      ['{command: make, args: ["A={{path}}"]}', 'would be part of a makefile'],
      ['{command: docker, args: ["exec", "web", "{{path}}"]}', 'would decide which program runs'],
      ['{command: ls, args: ["{{nope}}"]}', '{{nope}} is no parameter of this tool'],
      ['{command: ls, args: ["{{ path }}"]}', 'write {{path}} without spaces'],
      ['{shell: "ls {{ path }}"}', 'write {{path}} without spaces'],
      ['{args: [a]}', 'give either shell, or command and args'],
      ['{command: ls, working_dir: "{{path}}"}', 'cannot choose where the script runs'],
    ])('refuses %s', (script, message) => {
      expect(problems(tool(PATH_PARAMETER, `script: ${script}`)).join()).toContain(message);
    });

    it('takes a whole program from callers where the file says so, and warns', () => {
      const text = tool(PATH_PARAMETER, 'script: {command: sh, args: ["-c", "{{path}}"]}');
      expect(warnings(text)).toEqual([expect.stringContaining('callers run what they like')]);
    });

    it('warns of a program written out there that runs others', () => {
      const text = tool(PATH_PARAMETER, 'script: {command: awk, args: ["-v", "x={{path}}", "BEGIN { system(x) }"]}');
      expect(warnings(text)).toEqual([expect.stringMatching(/args\.2: begins a program that runs others itself/)]);
    });
  });

  it('shuts scripts in, as the file or the tool says', () => {
    const script = 'script: {shell: date}';
    expect(sandboxOf('sandbox: true', script)).toEqual({ network: false });
    expect(sandboxOf('sandbox: true', script, 'network: true')).toEqual({ network: true });
    expect(sandboxOf('sandbox: {network: true}', script)).toEqual({ network: true });
    expect(sandboxOf('sandbox: true', script, 'sandbox: false')).toBeNull();
    expect(sandboxOf('sandbox: true', 'http: {url: "https://h"}')).toBeNull();
    expect(sandboxOf('max_output: 2MiB', script, 'sandbox: true')).toEqual({ network: false });
  });
});

describe('loadToolsFile', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-tools-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (text: string | Uint8Array): string => {
    const file = path.join(folder, 'gantz.yaml');
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    return file;
  };

  it('reads a file, whose folder is where its scripts run', () => {
    expect(loadToolsFile(write(tool('script: {shell: date}')), {}).tools.tools[0]?.action).toMatchObject({
      workingDirectory: folder,
    });
  });

  it('refuses what is missing, too large, not UTF-8, or anybody can write to', () => {
    expect(thrown(() => loadToolsFile(path.join(folder, 'no.yaml'), {}))).toBe('E_CONFIG_MISSING');
    expect(thrown(() => loadToolsFile(write('#'.repeat(1024 * 1024 + 1)), {}))).toBe('E_CONFIG_INVALID');
    expect(thrown(() => loadToolsFile(write(Uint8Array.of(0xff)), {}))).toBe('E_CONFIG_INVALID');
    const open = write(tool('script: {shell: date}'));
    chmodSync(open, 0o602);
    expect(thrown(() => loadToolsFile(open, {}))).toBe('E_CONFIG_INVALID');
  });
});
