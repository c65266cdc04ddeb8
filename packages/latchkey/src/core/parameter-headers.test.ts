import { describe, expect, it } from 'vitest';
import { mirrorParameters, parametersMatch, readMirroredParameters } from './parameter-headers.ts';

const result = {
  tools: [
    {
      name: 'sql',
      inputSchema: {
        properties: {
          region: { type: 'string', 'x-mcp-header': 'Region' },
          at: { properties: { size: { type: 'integer', 'x-mcp-header': 'Size' } } },
          bad: { 'x-mcp-header': 'a b' },
        },
      },
    },
    { name: 'plain', inputSchema: {} },
  ],
};

const headersFor = (own: string) =>
  readMirroredParameters({ tools: [{ name: 't', inputSchema: { properties: { a: { 'x-mcp-header': own } } } }] })
    .get('t')
    ?.map(({ header }) => header);

describe('readMirroredParameters', () => {
  it('finds annotated properties at any depth and passes over names that are no header', () => {
    const found = readMirroredParameters(result);
    expect(found.get('sql')).toEqual([
      { header: 'mcp-param-region', path: ['region'] },
      { header: 'mcp-param-size', path: ['at', 'size'] },
    ]);
    expect(found.get('plain')).toEqual([]);
  });

  it('finds nothing where there is no list, no name, or no schema', () => {
    for (const other of [undefined, null, 1, {}, { tools: null }, { tools: {} }, { tools: 'sql' }])
      expect(readMirroredParameters(other).size).toBe(0);
    const found = readMirroredParameters({
      tools: [
        null,
        { inputSchema: {} },
        { name: 7 },
        { name: 'none' },
        { name: 'null', inputSchema: null },
        { name: 'odd', inputSchema: { properties: { a: null, b: 1, c: { 'x-mcp-header': 1 } } } },
        { name: 'text', inputSchema: { properties: 'abc' } },
        { name: 'nothing', inputSchema: { properties: null } },
      ],
    });
    expect([...found]).toEqual(['none', 'null', 'odd', 'text', 'nothing'].map((name) => [name, []]));
  });

  it('takes as a header name any token of up to 128 characters, and nothing else', () => {
    expect(headersFor("A!#$%&'*+-.^_`|~z0")).toEqual(["mcp-param-a!#$%&'*+-.^_`|~z0"]);
    expect(headersFor('x'.repeat(128))).toEqual([`mcp-param-${'x'.repeat(128)}`]);
    for (const own of ['', 'x'.repeat(129), 'a:b', 'a b', 'a\n', ' a', 'caf\u00e9'])
      expect(headersFor(own)).toEqual([]);
  });

  it('looks 16 levels deep, so that a schema cannot send it on for ever', () => {
    const nest = (levels: number): object =>
      levels === 0 ? { 'x-mcp-header': 'deep' } : { properties: { p: nest(levels - 1) } };
    const foundAt = (levels: number) =>
      readMirroredParameters({ tools: [{ name: 't', inputSchema: nest(levels) }] }).get('t');
    expect(foundAt(16)).toEqual([{ header: 'mcp-param-deep', path: Array(16).fill('p') }]);
    expect(foundAt(17)).toEqual([]);
  });
});

describe('parametersMatch', () => {
  const parameters = readMirroredParameters(result).get('sql') ?? [];
  const match = (args: object, ...headers: string[]): boolean =>
    parametersMatch(parameters, JSON.stringify(args), headers);

  it('takes what says the same', () => {
    expect(match({ region: 'eu', at: { size: 42 } }, 'mcp-param-region', 'eu', 'mcp-param-size', '42.0')).toBe(true);
    expect(match({}, 'mcp-param-other', 'x')).toBe(true);
    expect(match({ region: null })).toBe(true);
    expect(match({ region: 'é' }, 'mcp-param-region', '=?base64?w6k=?=')).toBe(true);
  });

  it('refuses what differs, is missing, is there twice, or stands for nothing in the body', () => {
    expect(match({ region: 'us' }, 'mcp-param-region', 'eu')).toBe(false);
    expect(match({ region: 'us' })).toBe(false);
    expect(match({ region: 'us' }, 'mcp-param-region', 'us', 'mcp-param-region', 'us')).toBe(false);
    expect(match({}, 'mcp-param-region', 'us')).toBe(false);
    expect(match({ at: { size: 42 } }, 'mcp-param-size', '0x2a')).toBe(false);
    expect(match({ region: 'é' }, 'mcp-param-region', 'é')).toBe(false);
  });

  const size = (value: unknown, header: string) => match({ at: { size: value } }, 'mcp-param-size', header);

  it('compares numbers as numbers, but only as far as every program holds them exactly', () => {
    expect([size(42, '42'), size(-7, '-7'), size(1.5, '1.50'), size(42, '042')]).toEqual([true, true, true, true]);
    for (const header of ['41', '42.', '.42e2', '4.2e1', ' 42', '42 ', '+42', '', '42.0.0', 'x42', '42x'])
      expect([header, size(42, header)]).toEqual([header, false]);
    expect(size(Number.MAX_SAFE_INTEGER, '9007199254740991')).toBe(true);
    expect(size(-Number.MAX_SAFE_INTEGER, '-9007199254740991')).toBe(true);
    expect(size(2 ** 53, '9007199254740992')).toBe(false);
  });

  const region = (value: unknown, header: string) => match({ region: value }, 'mcp-param-region', header);

  it('compares texts and booleans as they are written', () => {
    expect([region(true, 'true'), region(false, 'false'), region('42', '42')]).toEqual([true, true, true]);
    expect([region(true, 'True'), region(true, '1'), region('42', '42.0'), region('', ' ')]).toEqual(
      Array(4).fill(false),
    );
  });

  it('lets no header speak for an object, a list, null, or something that is not on the way', () => {
    for (const value of [{}, [], null]) {
      expect(match({ region: value })).toBe(true);
      expect(region(value, 'null')).toBe(false);
      expect(region(value, '')).toBe(false);
    }
    for (const at of [null, 1, 'text', { other: 1 }]) {
      expect(match({ at })).toBe(true);
      expect(match({ at }, 'mcp-param-size', '4')).toBe(false);
    }
  });

  it('looks only at what the arguments themselves have', () => {
    const length = [{ header: 'mcp-param-length', path: ['list', 'constructor', 'name'] }];
    expect(parametersMatch(length, '{"list":{}}', ['mcp-param-length', 'Object'])).toBe(false);
    expect(parametersMatch(length, '{"list":{}}', [])).toBe(true);
    const inText = [{ header: 'mcp-param-length', path: ['at', 'length'] }];
    expect(parametersMatch(inText, '{"at":"text"}', ['mcp-param-length', '4'])).toBe(false);
    expect(parametersMatch(inText, '{"at":"text"}', [])).toBe(true);
    const top = [{ header: 'mcp-param-x', path: ['x'] }];
    expect(parametersMatch(top, 'null', [])).toBe(true);
    expect(parametersMatch(top, '"x"', [])).toBe(true);
  });

  it('needs every parameter to match, and takes names from the names only', () => {
    expect(match({ region: 'us', at: { size: 1 } }, 'mcp-param-region', 'us', 'mcp-param-size', '2')).toBe(false);
    expect(match({ region: 'us', at: { size: 1 } }, 'mcp-param-region', 'eu', 'mcp-param-size', '1')).toBe(false);
    expect(match({}, 'x', 'mcp-param-region')).toBe(true);
  });
});

describe('mirrorParameters', () => {
  it('writes headers that match, and none for what cannot be mirrored', () => {
    const parameters = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ header: `mcp-param-${name}`, path: [name] }));
    const args = '{"a":"süd","b":1.5,"c":false,"d":{},"other":"x"}';
    const headers = mirrorParameters(parameters, args);
    expect(headers.filter((_, at) => at % 2 === 0)).toEqual(['mcp-param-a', 'mcp-param-b', 'mcp-param-c']);
    expect(parametersMatch(parameters, args, headers)).toBe(true);
    expect(mirrorParameters(parameters, '{}')).toEqual([]);
  });
});
