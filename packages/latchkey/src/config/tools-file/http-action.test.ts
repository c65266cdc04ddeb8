import { describe, expect, it } from 'vitest';
import type { HttpAction } from '../../core/declared-tool.ts';
import { LatchkeyError } from '../../core/error.ts';
import { parseToolsFile } from './load-tools-file.ts';

const PARAMETERS = [
  { name: 'q' },
  { name: 'n', type: 'integer' },
  { name: 'o', type: 'object' },
  { name: 'e', required: true, enum: ['size', 'color'] },
];

function create(http: object): { action: HttpAction; warnings: readonly string[] } {
  const text = JSON.stringify({ tools: [{ name: 't', description: 'd', parameters: PARAMETERS, http }] });
  const { tools, warnings } = parseToolsFile(text, { file: 'f.yaml', env: { KEY: 'key-12345', HOST: 'h.example' } });
  return { action: tools.tools[0]?.action as HttpAction, warnings: warnings.map(({ message }) => message) };
}

function problem(http: object): string {
  try {
    create(http);
    return '';
  } catch (error) {
    return (error as LatchkeyError).message;
  }
}

const q = { parameter: 'q', quoted: false };

describe('http', () => {
  it('keeps the server apart from path and query', () => {
    expect(create({ url: 'https://${HOST}:8443/a b/{{q}}/é?x={{q}}&k=${KEY}' }).action).toEqual({
      kind: 'http',
      method: 'GET',
      origin: 'https://h.example:8443',
      path: ['/a%20b/', q, '/%C3%A9'],
      query: ['x=', q, '&k=key-12345'],
      headers: [],
      body: null,
      extract: null,
    });
    expect(create({ url: 'HTTP://H.example?' }).action).toMatchObject({
      origin: 'http://h.example',
      path: ['/'],
      query: null,
    });
  });

  it.each([
    ['{{q}}', 'would choose the server'],
    ['{{q}}://h/', 'would choose the server'],
    ['https://{{q}}/', 'would choose the server'],
    ['https://h{{q}}', 'would choose the server'],
    ['https://h:{{n}}/', 'would choose the server'],
    ['https://{{q}}@h/', 'would choose the server'],
    ['https://user:pass@h/', 'has a user or password'],
    ['ftp://h/', 'is no http or https URL'],
    ['/path', 'is no http or https URL'],
    ['https:///x', 'is no http or https URL'],
    ['https://h\\evil/', 'several ways'],
    ['https://h%2eevil/', 'several ways'],
    ['https://h/a#b', 'has a fragment'],
    ['https://h/{{nope}}', 'is no parameter of this tool'],
  ])('refuses the URL %s', (url, message) => {
    expect(problem({ url })).toContain(message);
  });

  it('has headers that only hold what a header can', () => {
    const { action } = create({ url: 'https://h', headers: { Authorization: 'Bearer {{q}}', Accept: 'a\n' } });
    expect(action.headers).toEqual([
      ['Authorization', ['Bearer ', q]],
      ['Accept', ['a']],
    ]);
    for (const name of [
      'Host',
      'content-length',
      'Transfer-Encoding',
      'Connection',
      'TE',
      'Proxy-Authorization',
      'a b',
      'a:',
      '',
    ]) {
      expect(`${name}: ${problem({ url: 'https://h', headers: { [name]: 'x' } })}`).toMatch(/ header/);
    }
    expect(problem({ url: 'https://h', headers: { A: 'x\ny' } })).toContain('no header can hold');
    expect(problem({ url: 'https://h', headers: { A: 'x', a: 'y' } })).toContain('is there twice');
  });

  it('encodes a body as its type says', () => {
    const encodingOf = (type?: string): unknown =>
      create({
        url: 'https://h',
        method: 'post',
        body: '1',
        ...(type !== undefined && { headers: { 'content-type': type } }),
      }).action.body?.encoding;
    expect(encodingOf()).toBe('json');
    expect(encodingOf('application/vnd.api+json; charset=utf-8')).toBe('json');
    expect(encodingOf('application/x-www-form-urlencoded')).toBe('form');
    expect(encodingOf('text/plain')).toBe('text');
    expect(create({ url: 'https://h', body: '{}' }).action.headers).toEqual([['Content-Type', ['application/json']]]);
    expect(problem({ url: 'https://h', body: '1', headers: { 'Content-Type': '{{q}}' } })).toContain(
      'cannot choose the Content-Type',
    );
  });

  it('knows which places of a JSON body stand inside a string', () => {
    const body = '{"a\\"": "x {{q}}", "n": {{n}}, "o": [{{o}}, "{{n}}"]}';
    expect(create({ url: 'https://h', body }).action.body?.template).toEqual([
      '{"a\\"": "x ',
      { parameter: 'q', quoted: true },
      '", "n": ',
      { parameter: 'n', quoted: false },
      ', "o": [',
      { parameter: 'o', quoted: false },
      ', "',
      { parameter: 'n', quoted: true },
      '"]}',
    ]);
    expect(create({ url: 'https://h', body: '{"q": {{q}}}' }).warnings).toEqual([
      expect.stringContaining('as a string in quotes'),
    ]);
  });

  it.each([
    '{"a": }',
    "{'a': 1}",
    '{"a": 1{{n}}}',
    '{{{q}}: 1}',
    '{"a": "\\{{q}}"}',
    '{"a": "{{q}}}',
    '{"a": {{n}} {{n}}}',
  ])('refuses the body %s, which would not be JSON', (body) => {
    expect(problem({ url: 'https://h', body })).toMatch(/JSON|back-slash/);
  });

  it.each([
    '{"role": "user", "{{q}}": "x"}',
    '{"{{q}}": "x"}',
    '{"a": [{"x{{q}}": 1}]}',
    '{"role": "user", "{{n}}": "x"}',
    '{"size": 1, "{{e}}": 2}',
    '{"{{e}}": 2, "s\\u0069ze": 1}',
    '{"Size": 1, "{{e}}": 2}',
    '{"{{e}}": 1, "{{e}}": 2}',
  ])('refuses the body %s, in which a caller could repeat a key', (body) => {
    expect(problem({ url: 'https://h', body })).toMatch(/a key|the key/);
  });

  it.each([
    '{"role": "{{q}}", "{{e}}": "{{q}}"}',
    '{"size": {"{{e}}": 1}, "x": ["{{q}}", "size"]}',
    '{"{{e}}2": 1, "size": 1}',
  ])('takes the body %s, in which none can', (body) => {
    expect(problem({ url: 'https://h', body })).toBe('');
  });

  it.each([
    ['data', ['data']],
    ['data.items[0].name', ['data', 'items', 0, 'name']],
    ['[0].a', [0, 'a']],
    ['a[1][2]', ['a', 1, 2]],
    ['$.data', ['data']],
  ])('takes %s out of the answer', (extract_json, steps) => {
    expect(create({ url: 'https://h', extract_json }).action.extract).toEqual(steps);
  });

  it.each(['a..b', 'a[x]', 'a[0', 'a.[0]', '.', 'a[-1]'])('refuses to take %s out of it', (extract_json) => {
    expect(problem({ url: 'https://h', extract_json })).toContain('is no path such as');
  });

  it('hides what the environment gave it', () => {
    const text = 'tools: [{name: t, description: d, http: {url: "https://h", headers: {K: "${KEY}"}}}]';
    const { tools } = parseToolsFile(text, { file: 'f.yaml', env: { KEY: 'key-12345' } });
    expect(tools.tools[0]?.hidden).toEqual(['key-12345']);
  });
});
