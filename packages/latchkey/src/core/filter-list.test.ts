import { describe, expect, it } from 'vitest';
import { filterList } from './filter-list.ts';

const visible = (kind: string, name: string): boolean => kind === 'tools' && name === 'echo';

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

  it('has nothing to say of other messages, and throws on what is no JSON', () => {
    expect(filterList('{"jsonrpc":"2.0","id":1,"result":{}}', visible)).toBeNull();
    expect(filterList('null', visible)).toBeNull();
    expect(() => filterList('{', visible)).toThrow(SyntaxError);
  });
});
