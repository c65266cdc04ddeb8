import { describe, expect, it } from 'vitest';
import { extract } from './extract.ts';

const JSON_TEXT =
  '{"data":{"items":[{"name":"first","id":12345678901234567890,"n":1.10},{"name":null}],"0":"zero"},"__proto__":{"x":1}}';

describe('extract', () => {
  it.each([
    [['data', 'items', 0, 'name'], 'first'],
    [['data', 'items', '0', 'name'], 'first'],
    [['data', 'items', 1, 'name'], 'null'],
    [['data', 'items', 0, 'id'], '12345678901234567890'],
    [['data', '0'], 'zero'],
    [['__proto__', 'x'], '1'],
    [['data', 'items', 0], '{\n  "name": "first",\n  "id": 12345678901234567890,\n  "n": 1.10\n}'],
  ] as const)('takes %j', (path, text) => {
    expect(extract(JSON_TEXT, path)).toEqual({ text });
  });

  it.each([
    [['other'], 'other'],
    [['data', 'items', 2, 'name'], 'data.items[2]'],
    [['data', 'items', 'length'], 'data.items.length'],
    [['data', 'items', -1], 'data.items[-1]'],
    [['data', 'items', 0, 'name', 'length'], 'data.items[0].name.length'],
    [['data', 'items', 0, 'id', 'rawJSON'], 'data.items[0].id.rawJSON'],
    [['data', 'constructor'], 'data.constructor'],
    [['data', '__proto__'], 'data.__proto__'],
    [['data', 'items', 1, 'name', 'x'], 'data.items[1].name.x'],
  ] as const)('says that there is no %j', (path, name) => {
    expect(extract(JSON_TEXT, path)).toEqual({ problem: `the answer has no ${name}` });
  });

  it('says when the answer is not JSON', () => {
    for (const text of ['', '<html>', '{"a":1', '['.repeat(1_000_000)])
      expect(extract(text, ['a'])).toEqual({ problem: expect.stringContaining('not JSON') });
    expect(extract('\ufeff{"a":1}', ['a'])).toEqual({ text: '1' });
  });
});
