import { describe, expect, it } from 'vitest';
import { requireConfig } from '../../config/load-config.ts';
import { createAnonymous } from '../../core/principal.ts';
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
  return explainCall(loaded, server, {
    method: 'tools/call',
    params: JSON.stringify({ name, arguments: args }),
    principal: createAnonymous(scopes),
  });
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
      readsPrincipal: false,
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
    const call = { method: 'tools/call', params: '{"name":"a","Name":"b"}', principal: createAnonymous([]) };
    expect(() => server && explainCall(loaded, server, call)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });

  it('judges the arguments as they are written', () => {
    const text =
      'upstream: { command: [x] }\ntools:\n  pay: { when: args.n <= 9007199254740992 && principal.kind == "token" || true }\n  few: { when: args.n <= 9007199254740992 }\n';
    const loaded = requireConfig({ text, env: {} });
    const [server] = loaded.config.servers;
    const judge = (name: string, args: string) =>
      server &&
      explainCall(loaded, server, {
        method: 'tools/call',
        params: `{"name":"${name}","arguments":${args}}`,
        principal: createAnonymous([]),
      });
    expect(judge('few', '{"n":9007199254740993}')).toMatchObject({ decision: 'deny', reason: 'policy-condition' });
    expect(judge('few', '{"n":9007199254740992}')).toMatchObject({ decision: 'allow', readsPrincipal: false });
    expect(judge('few', '{"n":1,"N":2}')).toMatchObject({ decision: 'deny' });
    expect(() => judge('few', '{"n":1,"n":2}')).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    expect(judge('pay', '{"n":1}')).toMatchObject({ decision: 'allow', readsPrincipal: true });
  });

  it('names * where there are no rules', () => {
    const loaded = requireConfig({ text: 'upstream: { command: [x] }', env: {} });
    const [server] = loaded.config.servers;
    const call = { method: 'tools/call', params: '{"name":"a"}', principal: createAnonymous([]) };
    expect(server && explainCall(loaded, server, call)).toMatchObject({ decision: 'deny', scopes: ['*'] });
    expect(server && explainCall(loaded, server, { ...call, method: 'tools/list' })).toMatchObject({ scopes: [] });
  });
});
