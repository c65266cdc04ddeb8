import { describe, expect, it } from 'vitest';
import { requireConfig } from '../../config/load-config.ts';
import { explainCall } from './explain.ts';

const TEXT = `servers:
  a:
    upstream: { command: [x] }
    tools:
      read_*: { scopes: [read] }
      write: { scopes: [write, read], when: args.path.startsWith("/data/") }
    methods:
      tools/call: { scopes: [call] }
`;

function explain(name: string, args: unknown, ...scopes: string[]) {
  const loaded = requireConfig({ text: TEXT, file: 'a.yaml', env: {} });
  const [server] = loaded.config.servers;
  if (server === undefined) throw new Error('no server');
  return explainCall(loaded, server, { method: 'tools/call', params: { name, arguments: args }, scopes });
}

describe('explainCall', () => {
  it('names the decision, the rules with their lines and all scopes', () => {
    expect(explain('read_file', {}, 'read', 'call')).toEqual({
      decision: 'allow',
      reason: null,
      rules: [
        { kind: 'methods', pattern: 'tools/call', where: 'a.yaml:8:7', when: null },
        { kind: 'tools', pattern: 'read_*', where: 'a.yaml:5:7', when: null },
      ],
      scopes: ['call', 'read'],
    });
    expect(explain('write', { path: '/etc' }, '*')).toMatchObject({ decision: 'deny', reason: 'policy-condition' });
    expect(explain('write', { path: '/data/x' }, 'read')).toMatchObject({
      reason: 'policy-scope',
      scopes: ['call', 'write', 'read'],
    });
    expect(explain('other', {}, '*')).toMatchObject({ reason: 'policy-no-rule', rules: [{ kind: 'methods' }] });
  });

  it('refuses what the gateway would not read', () => {
    const loaded = requireConfig({ text: TEXT, env: {} });
    const [server] = loaded.config.servers;
    const call = { method: 'tools/call', params: { name: 'a', Name: 'b' }, scopes: [] };
    expect(() => server && explainCall(loaded, server, call)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});
