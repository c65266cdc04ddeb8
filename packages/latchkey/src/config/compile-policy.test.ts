import { describe, expect, it } from 'vitest';
import { authorize } from '../core/authorize.ts';
import { parseMessage } from '../core/parse-message.ts';
import { createAnonymous } from '../core/principal.ts';
import { compilePolicy } from './compile-policy.ts';

type Server = Parameters<typeof compilePolicy>[0];

const rule = { scopes: [], hidden: false, deny: false };
const server = (more: Partial<Server>): Server => ({
  tools: {},
  resources: {},
  prompts: {},
  methods: {},
  list: 'callable',
  ...more,
});

function judge(from: Server, method: string, params: object, ...scopes: string[]) {
  const parsed = parseMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
  if (parsed.kind !== 'message') throw new Error(parsed.refusal.reason);
  return authorize(compilePolicy(from, {}), createAnonymous(scopes), parsed.message, 'modern');
}

describe('compilePolicy', () => {
  it('puts each rule under its kind, in the order of the file', () => {
    const policy = compilePolicy(
      server({
        tools: { b: rule, a: { ...rule, deny: true } },
        resources: { 'r://*': { ...rule, hidden: true } },
        prompts: { p: { ...rule, scopes: ['s'] } },
        methods: { 'x/y': { scopes: ['m'], deny: false } },
        list: 'all',
      }),
      {},
    );
    const plain = { scopes: [], when: null, hidden: false, deny: false, limit: null };
    expect(policy.rules).toEqual({
      tools: [
        { ...plain, pattern: 'b' },
        { ...plain, pattern: 'a', deny: true },
      ],
      resources: [{ ...plain, pattern: 'r://*', hidden: true }],
      prompts: [{ ...plain, pattern: 'p', scopes: ['s'] }],
      methods: [{ ...plain, pattern: 'x/y', scopes: ['m'] }],
    });
    expect(policy.list).toBe('all');
    expect(compilePolicy(server({}), {}).list).toBe('callable');
  });

  it('carries limits, and the scopes that imply others', () => {
    const limit = { count: 3, periodMs: 60_000 };
    const policy = compilePolicy(server({ tools: { t: { ...rule, limit } } }), { admin: { implies: ['a', 'b'] } });
    expect(policy.rules.tools[0]?.limit).toEqual(limit);
    expect(policy.implied).toEqual(new Map([['admin', new Set(['admin', 'a', 'b'])]]));
  });

  it('compiles conditions, so that they decide', () => {
    const from = server({ tools: { t: { ...rule, when: 'args.n == 1' } } });
    expect(judge(from, 'tools/call', { name: 't', arguments: { n: 1 } }).kind).toBe('allow');
    expect(judge(from, 'tools/call', { name: 't', arguments: { n: 2 } })).toMatchObject({ reason: 'policy-condition' });
    expect(compilePolicy(from, {}).rules.tools[0]?.when?.source).toBe('args.n == 1');
  });

  it('lets nothing through where a condition is not one', () => {
    const from = server({ tools: { t: { ...rule, when: 'args.n ==' } } });
    expect(judge(from, 'tools/call', { name: 't', arguments: { n: 1 } }, '*')).toMatchObject({
      reason: 'policy-condition',
    });
    expect(compilePolicy(from, {}).rules.tools[0]?.when?.source).toBe('args.n ==');
  });

  it('makes rules that nothing can change later', () => {
    const [made] = compilePolicy(server({ tools: { t: { ...rule, scopes: ['s'] } } }), {}).rules.tools;
    expect([Object.isFrozen(made), Object.isFrozen(made?.scopes)]).toEqual([true, true]);
  });
});
