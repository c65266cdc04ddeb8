import { describe, expect, it } from 'vitest';
import { filterList, type View } from './filter-list.ts';

const view: View = {
  visible: (kind, name) => kind === 'tools' && name === 'echo',
  hears: (uri) => uri === 'file:///mine',
  sealCursor: (kind, cursor) => `${kind}:${cursor}`,
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
      expect(filterList(JSON.stringify({ result: { [member]: [{ [key]: 'x' }] } }), view)).toBe(
        JSON.stringify({ result: { [member]: [] } }),
      );
    }
  });

  it('gives the caller a cursor of its own', () => {
    expect(filterList('{"result":{"tools":[],"nextCursor":"c"}}', view)).toBe(
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
    expect(filterList(`[${change},${list},{"id":2,"result":{}}]`, view)).toBe(
      '[{"id":1,"result":{"tools":[]}},{"id":2,"result":{}}]',
    );
    expect(filterList(`[${change}]`, view)).toBe('');
    expect(filterList('[{"id":2,"result":{}}]', view)).toBeNull();
  });

  it('has nothing to say of other messages, and throws on what is no JSON', () => {
    expect(filterList('{"jsonrpc":"2.0","id":1,"result":{}}', view)).toBeNull();
    expect(filterList('null', view)).toBeNull();
    expect(() => filterList('{', view)).toThrow(SyntaxError);
  });
});
