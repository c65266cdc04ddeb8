import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.ts';

const TOP = 'upstream: { url: "http://127.0.0.1:1/mcp" }\nauth:\n  issuers:\n';
const asked = (name: string, more = '') =>
  `    ${name}: { issuer: "https://${name}.example", client: { id: c, secret: { env: S } }, introspection: true${more} }\n`;
const wrong = (...issuers: readonly string[]) =>
  loadConfig({ text: `${TOP}${issuers.join('')}`, file: 'a.yaml', env: {} }).problems.map(
    ({ where, hint }) => `${where}: ${hint}`,
  );

describe('checkLookups', () => {
  it('lets one issuer be asked about any opaque token', () => {
    expect(wrong(asked('a'), asked('b', ', tokenPrefixes: [b_]'), '    c: { issuer: "https://c.example" }\n')).toEqual(
      [],
    );
  });

  it('refuses a second one, by introspection or user-info', () => {
    const userinfo = '    c: { issuer: "https://c.example", clients: [x], userinfo: {} }\n';
    expect(wrong(asked('a'), asked('b'), userinfo)).toEqual([
      'a.yaml:5:8 auth.issuers.b: set tokenPrefixes of a or of b to what its tokens begin with',
      'a.yaml:6:8 auth.issuers.c: set tokenPrefixes of a or of c to what its tokens begin with',
    ]);
  });

  it.each([
    ['the same prefix', ', tokenPrefixes: [x_]', ', tokenPrefixes: [y_, x_]'],
    ['a prefix of a prefix', ', tokenPrefixes: [x_]', ', tokenPrefixes: [x]'],
    ['a prefix with a prefix', ', tokenPrefixes: [x]', ', tokenPrefixes: [x_]'],
  ])('refuses %s of two issuers', (_, one, other) => {
    expect(wrong(asked('a', one), asked('b', other))).toEqual([
      expect.stringMatching(/^a\.yaml:5:\d+ auth\.issuers\.b\.tokenPrefixes:/),
    ]);
  });

  it('refuses a prefix of credentials of the gateway', () => {
    for (const prefix of ['lk_', 'l', 'lkk_x'])
      expect(wrong(asked('a', `, tokenPrefixes: [${prefix}]`))).toEqual([
        expect.stringMatching(/^a\.yaml:4:\d+ auth\.issuers\.a\.tokenPrefixes:/),
      ]);
  });

  it('knows the prefixes of presets', () => {
    const github = '    g: { preset: github, client: { id: c, secret: { env: S } }, introspection: true }\n';
    expect(wrong(asked('a'), github)).toEqual([]);
    expect(wrong(asked('a', ', tokenPrefixes: [gho_]'), github)).toHaveLength(1);
  });
});
