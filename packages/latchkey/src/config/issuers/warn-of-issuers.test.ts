import { describe, expect, it } from 'vitest';
import { loadConfig } from '../load-config.ts';

const warningsOf = (more: object, issuer: object = {}): readonly string[] =>
  loadConfig({
    env: {},
    flags: {},
    text: JSON.stringify({
      upstream: { url: 'http://127.0.0.1:1/mcp' },
      auth: { issuers: { corp: { issuer: 'https://issuer.example', ...issuer } } },
      ...more,
    }),
  }).warnings;

describe('warnOfIssuers', () => {
  it('warns of an issuer whose tokens may use nothing', () => {
    expect(warningsOf({})).toHaveLength(1);
    expect(warningsOf({})[0]).toContain('auth.issuers.corp');
    expect(warningsOf({}, { scopes: { always: ['read'] } })).toHaveLength(1);
  });

  it('is silent where rules or the operator give something', () => {
    expect(warningsOf({ tools: { echo: {} } })).toEqual([]);
    expect(warningsOf({}, { scopes: { always: ['*'] } })).toEqual([]);
    expect(warningsOf({}, { scopes: { map: { groups: { admins: ['*'] } } } })).toEqual([]);
  });
});
