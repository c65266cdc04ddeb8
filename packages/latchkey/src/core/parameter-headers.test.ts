import { describe, expect, it } from 'vitest';
import { parametersMatch, readMirroredParameters } from './parameter-headers.ts';

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

describe('readMirroredParameters', () => {
  it('finds annotated properties at any depth and passes over names that are no header', () => {
    const found = readMirroredParameters(result);
    expect(found.get('sql')).toEqual([
      { header: 'mcp-param-region', path: ['region'] },
      { header: 'mcp-param-size', path: ['at', 'size'] },
    ]);
    expect(found.get('plain')).toEqual([]);
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
});
