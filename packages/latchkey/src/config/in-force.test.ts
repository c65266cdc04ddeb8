import { describe, expect, it } from 'vitest';
import { createInForce } from './in-force.ts';
import { requireConfig } from './load-config.ts';

const configOf = (text: object) =>
  requireConfig({ text: JSON.stringify({ upstream: { url: 'http://127.0.0.1:1/mcp' }, ...text }), env: {} }).config;
const configOfTwo = (files: object, db: object) => {
  const upstream = { url: 'http://127.0.0.1:1/mcp' };
  const servers = { files: { upstream, tools: files }, db: { upstream, tools: db } };
  return requireConfig({ text: JSON.stringify({ servers }), env: {} }).config;
};
const NONE = { added: [], removed: [], changed: [] };

describe('createInForce', () => {
  it('names the rules that a new configuration adds, removes and changes, by their keys', () => {
    const inForce = createInForce(
      configOf({
        tools: { 'read_*': { scopes: ['read'] }, drop: { deny: true }, same: {}, cond: { when: 'args.a == 1' } },
        scopes: { all: { implies: ['read'] } },
      }),
    );
    const next = configOf({
      tools: { 'read_*': { scopes: ['look'] }, same: {}, more: {}, cond: { when: 'args.a == 2' } },
      resources: { 'file:///a': {} },
      scopes: { all: { implies: ['read', 'look'] } },
      list: 'all',
    });
    expect(inForce.take(next, [])).toEqual({
      rules: {
        added: ['tools.more', 'resources.file:///a'],
        removed: ['tools.drop'],
        changed: ['tools.read_*', 'tools.cond', 'scopes.all', 'list'],
      },
      declaredTools: NONE,
    });
    expect(inForce.take(next, [])).toBeNull();
  });

  it('tells of globs whose order is another, for the first that matches holds', () => {
    const rules = { 'read_*': {}, '*_secret': { deny: true }, exact: {} };
    const inForce = createInForce(configOf({ tools: rules }));
    const turned = configOf({ tools: Object.fromEntries(Object.entries(rules).toReversed()) });
    expect(inForce.take(turned, [])?.rules).toEqual({ ...NONE, changed: ['tools'] });
    const fewer = configOf({ tools: { '*_secret': { deny: true }, 'a*': {} } });
    expect(inForce.take(fewer, [])?.rules).toEqual({
      added: ['tools.a*'],
      removed: ['tools.exact', 'tools.read_*'],
      changed: [],
    });
  });

  it('names the server where there are several, and leaves out what stayed as it was', () => {
    const inForce = createInForce(configOfTwo({ a: {} }, { a: {} }));
    const next = configOfTwo({ b: {} }, { b: {} });
    const changed = { ...NONE, added: ['servers.db.tools.b'], removed: ['servers.db.tools.a'] };
    expect(inForce.take(next, ['files'])?.rules).toEqual(changed);
    const rest = { ...NONE, added: ['servers.files.tools.b'], removed: ['servers.files.tools.a'] };
    expect(inForce.take(next, [])?.rules).toEqual(rest);
  });
});
