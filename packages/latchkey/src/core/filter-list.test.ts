import { describe, expect, it } from 'vitest';
import { filterList, LIST_METHODS } from './filter-list.ts';

const visible = (kind: string, name: string): boolean => kind === 'tools' && name === 'echo';

const kept = (more: object) =>
  (JSON.parse(filterList(JSON.stringify({ result: { tools: [], ...more } }), visible) as string) as object)[
    'result' as never
  ];

describe('filterList', () => {
  it('leaves only what is visible, and marks it private', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","max":9007199254740993},{"name":"rm"},null,{"name":1}],"ttlMs":5,"cacheScope":"public"}}';
    expect(filterList(text, visible)).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","max":9007199254740993}],"ttlMs":5,"cacheScope":"private"}}',
    );
  });

  it('filters every kind of list', () => {
    for (const [member, key] of [
      ['prompts', 'name'],
      ['resources', 'uri'],
      ['resourceTemplates', 'uriTemplate'],
    ] as const) {
      expect(filterList(JSON.stringify({ result: { [member]: [{ [key]: 'x' }] } }), () => false)).toBe(
        JSON.stringify({ result: { [member]: [] } }),
      );
    }
  });

  it('asks by the kind of rules that entries fall under', () => {
    const asked: string[] = [];
    const result = {
      tools: [{ name: 'a' }],
      prompts: [{ name: 'b' }],
      resources: [{ uri: 'c' }],
      resourceTemplates: [{ uriTemplate: 'd' }],
    };
    filterList(JSON.stringify({ result }), (kind, name) => asked.push(`${kind} ${name}`) > 0);
    expect(asked).toEqual(['tools a', 'prompts b', 'resources c', 'templates d']);
  });

  it('keeps numbers as they are spelled, and every other value', () => {
    const text = '{"id":1.0,"result":{"tools":[],"x":[1e3,-0,0.10,12345678901234567890,1,"1.0",true,null]}}';
    expect(filterList(text, visible)).toBe(text);
  });

  it('marks as private whatever says how it may be kept, and nothing else', () => {
    expect(kept({ ttlMs: 1 })).toEqual({ tools: [], ttlMs: 1, cacheScope: 'private' });
    expect(kept({ cacheScope: 'public' })).toEqual({ tools: [], cacheScope: 'private' });
    expect(kept({})).toEqual({ tools: [] });
  });

  it('leaves what is called like a list but is none', () => {
    expect(filterList('{"result":{"tools":{"name":"rm"}}}', visible)).toBeNull();
    expect(filterList('{"result":{"tools":"rm","prompts":[]}}', visible)).toBe(
      '{"result":{"tools":"rm","prompts":[]}}',
    );
    for (const result of ['1', '"x"', 'null', 'true']) expect(filterList(`{"result":${result}}`, visible)).toBeNull();
    expect(filterList('{"error":{}}', visible)).toBeNull();
    expect(filterList('7', visible)).toBeNull();
  });

  it('has nothing to say of other messages, and throws on what is no JSON', () => {
    expect(filterList('{"jsonrpc":"2.0","id":1,"result":{}}', visible)).toBeNull();
    expect(filterList('null', visible)).toBeNull();
    expect(() => filterList('{', visible)).toThrow(SyntaxError);
  });
});

describe('LIST_METHODS', () => {
  it('are those whose results are filtered', () => {
    expect([...LIST_METHODS]).toEqual(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']);
  });
});
