import { describe, expect, it } from 'vitest';
import { filterList, LIST_METHODS, type View } from './filter-list.ts';

const view: View = {
  era: 'modern',
  id: null,
  visible: (kind, name) => kind === 'tools' && name === 'echo',
  offers: (method) => method === 'tasks/get' || method === 'tasks/result',
  hears: (uri) => uri === 'file:///mine',
  sealCursor: (kind, cursor) => `${kind}:${cursor}`,
  onList: () => {},
};
const legacy: View = { ...view, era: 'legacy' };
const labelled = (members: string, by: View): unknown =>
  JSON.parse(filterList(`{"result":{"tools":[]${members}}}`, by) ?? '').result;

const offer = (capabilities: object, by: View): unknown => {
  const text = filterList(JSON.stringify({ result: { capabilities, ttlMs: 5, cacheScope: 'public' } }), by);
  return text === null ? null : JSON.parse(text).result;
};

describe('filterList', () => {
  it('leaves only what is visible, and marks it private', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","max":9007199254740993},{"name":"rm"},null,{"name":1}],"ttlMs":5,"cacheScope":"public"}}';
    expect(filterList(text, view)).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","max":9007199254740993}],"ttlMs":5,"cacheScope":"private"}}',
    );
  });

  it('filters every kind of list', () => {
    for (const [member, key] of [
      ['prompts', 'name'],
      ['resources', 'uri'],
      ['resourceTemplates', 'uriTemplate'],
    ] as const) {
      expect(filterList(JSON.stringify({ result: { [member]: [{ [key]: 'x' }] } }), legacy)).toBe(
        JSON.stringify({ result: { [member]: [] } }),
      );
    }
  });

  it('offers what the caller may use, and to callers of 2026-07-28 for them alone', () => {
    const none: View = { ...legacy, offers: () => false };
    const tasks = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
    expect(offer({ tools: {}, tasks }, legacy)).toMatchObject({
      capabilities: { tools: {}, tasks: { requests: { tools: { call: {} } } } },
    });
    expect(offer({ tools: {}, tasks }, none)).toEqual({ capabilities: { tools: {} }, ttlMs: 5, cacheScope: 'private' });
    const extensions = { 'io.modelcontextprotocol/tasks': {}, 'com.example/other': {} };
    expect(offer({ extensions }, { ...none, era: 'modern' })).toEqual({
      capabilities: { extensions: { 'com.example/other': {} } },
      ttlMs: 5,
      cacheScope: 'private',
    });
    expect(offer({ extensions }, view)).toEqual({ capabilities: { extensions }, ttlMs: 5, cacheScope: 'private' });
    // Nothing was taken out of what knows no caches.
    for (const capabilities of [{ tools: {} }, { extensions: null }, { tasks: null }, { __proto__: 1 }])
      expect(offer(capabilities, legacy)).toBeNull();
  });

  it('gives the caller a cursor of its own', () => {
    expect(filterList('{"result":{"tools":[],"nextCursor":"c"}}', legacy)).toBe(
      '{"result":{"tools":[],"nextCursor":"tools:c"}}',
    );
  });

  it('hides changes of resources that the caller may not read, however the method is spelled', () => {
    for (const method of ['notifications/resources/updated', 'notifications\\/resources\\/updated']) {
      const change = (params: string): string => `{"method":"${method}","params":${params}}`;
      expect(filterList(change('{"uri":"file:///mine"}'), view)).toBeNull();
      for (const params of ['{"uri":"file:///other"}', '{"uri":1}', '{}', 'null', '[]'])
        expect(filterList(change(params), view)).toBe('');
    }
  });

  it('looks into batches', () => {
    const change = '{"method":"notifications/resources/updated","params":{"uri":"x"}}';
    const list = '{"id":1,"result":{"tools":[{"name":"rm"}]}}';
    expect(filterList(`[${change},${list},{"id":2,"result":{}}]`, legacy)).toBe(
      '[{"id":1,"result":{"tools":[]}},{"id":2,"result":{}}]',
    );
    expect(filterList(`[${change}]`, legacy)).toBe('');
    expect(filterList('[{"id":2,"result":{}}]', legacy)).toBeNull();
  });

  it('asks by the kind of rules that entries fall under', () => {
    const asked: string[] = [];
    const result = {
      tools: [{ name: 'a' }],
      prompts: [{ name: 'b' }],
      resources: [{ uri: 'c' }],
      resourceTemplates: [{ uriTemplate: 'd' }],
    };
    filterList(JSON.stringify({ result }), { ...legacy, visible: (kind, name) => asked.push(`${kind} ${name}`) > 0 });
    expect(asked).toEqual(['tools a', 'prompts b', 'resources c', 'templates d']);
  });

  it('keeps numbers as they are spelled, and every other value', () => {
    const text = '{"id":1.0,"result":{"tools":[],"x":[1e3,-0,0.10,12345678901234567890,1,"1.0",true,null]}}';
    expect(filterList(text, legacy)).toBe(text);
  });

  it('leaves what is called like a list but is none', () => {
    expect(filterList('{"result":{"tools":{"name":"rm"}}}', legacy)).toBeNull();
    expect(filterList('{"result":{"tools":"rm","prompts":[]}}', legacy)).toBe('{"result":{"tools":"rm","prompts":[]}}');
    for (const result of ['1', '"x"', 'null', 'true']) expect(filterList(`{"result":${result}}`, legacy)).toBeNull();
    expect(filterList('{"error":{}}', legacy)).toBeNull();
    expect(filterList('7', legacy)).toBeNull();
  });

  it('has nothing to say of other messages, and throws on what is no JSON', () => {
    expect(filterList('{"jsonrpc":"2.0","id":1,"result":{}}', view)).toBeNull();
    expect(filterList('null', view)).toBeNull();
    expect(() => filterList('{', view)).toThrow(SyntaxError);
  });

  it('gives what revisions with caching want, whatever was there', () => {
    for (const [given, ttlMs] of [
      ['', 0],
      [',"ttlMs":-1', 0],
      [',"ttlMs":-0', 0],
      [',"ttlMs":1e3', 1000],
      [',"ttlMs":2.5', 2],
      [',"ttlMs":1e400', Number.MAX_SAFE_INTEGER],
      [',"ttlMs":"60"', 0],
      [',"ttlMs":null', 0],
      [',"ttlMs":{}', 0],
      [',"ttlMs":5,"cacheScope":"public"', 5],
    ] as const)
      expect(labelled(given, view)).toEqual({ tools: [], ttlMs, cacheScope: 'private' });
    expect(labelled('', legacy)).toEqual({ tools: [] });
    expect(labelled(',"cacheScope":"public"', legacy)).toEqual({ tools: [], cacheScope: 'private' });
  });
});

describe('LIST_METHODS', () => {
  it('are those whose results are filtered', () => {
    expect([...LIST_METHODS.keys()]).toEqual([
      'tools/list',
      'prompts/list',
      'resources/list',
      'resources/templates/list',
    ]);
  });
});
