import { describe, expect, it } from 'vitest';
import { filterList } from './filter-list.ts';

const labelled = (members: string, era: 'modern' | 'legacy'): unknown =>
  JSON.parse(filterList(`{"result":{"tools":[]${members}}}`, () => true, era) ?? '').result;
const visible = (kind: string, name: string): boolean => kind === 'tools' && name === 'echo';

describe('filterList', () => {
  it('leaves only what is visible, and marks it private', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","max":9007199254740993},{"name":"rm"},null,{"name":1}],"ttlMs":5,"cacheScope":"public"}}';
    expect(filterList(text, visible, 'modern')).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","max":9007199254740993}],"ttlMs":5,"cacheScope":"private"}}',
    );
  });

  it('filters every kind of list', () => {
    for (const [member, key] of [
      ['prompts', 'name'],
      ['resources', 'uri'],
      ['resourceTemplates', 'uriTemplate'],
    ] as const) {
      expect(filterList(JSON.stringify({ result: { [member]: [{ [key]: 'x' }] } }), () => false, 'legacy')).toBe(
        JSON.stringify({ result: { [member]: [] } }),
      );
    }
  });

  it('has nothing to say of other messages, and throws on what is no JSON', () => {
    expect(filterList('{"jsonrpc":"2.0","id":1,"result":{}}', visible, 'modern')).toBeNull();
    expect(filterList('null', visible, 'modern')).toBeNull();
    expect(() => filterList('{', visible, 'modern')).toThrow(SyntaxError);
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
      expect(labelled(given, 'modern')).toEqual({ tools: [], ttlMs, cacheScope: 'private' });
    expect(labelled('', 'legacy')).toEqual({ tools: [] });
  });

  it('reads no batch', () => {
    expect(() => filterList('[{"result":{"tools":[]}}]', visible, 'legacy')).toThrow(TypeError);
  });
});
