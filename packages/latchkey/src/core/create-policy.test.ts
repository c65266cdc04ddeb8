import { describe, expect, it } from 'vitest';
import { toRule } from '../../../../test/fixtures/rule.ts';
import { createPolicy, type PolicyRules } from './create-policy.ts';
import { FOLD_URI } from './resource-uri.ts';

const create = (more: Partial<PolicyRules>) =>
  createPolicy(
    { tools: [], resources: [], prompts: [], methods: [], implies: new Map(), list: 'callable', ...more },
    FOLD_URI,
  );

const isTwice = (kind: 'tools' | 'resources', ...patterns: string[]) =>
  create({ [kind]: patterns.map((pattern) => toRule(pattern)) }).index[kind].folded !== null;

describe('createPolicy', () => {
  it('is empty only when no rule of any kind exists', () => {
    expect(create({}).empty).toBe(true);
    for (const kind of ['tools', 'resources', 'prompts', 'methods'] as const)
      expect([kind, create({ [kind]: [toRule('a')] }).empty]).toEqual([kind, false]);
  });

  it('keeps the rules in the order of the file, and the first of two that stand for one name', () => {
    const tools = [toRule('b*'), toRule('a', { deny: true }), toRule('a'), toRule('*')];
    const policy = create({ tools, list: 'all' });
    expect(policy.rules.tools).toEqual(tools);
    expect(policy.list).toBe('all');
    expect(policy.index.tools.globs.map(({ prepared }) => prepared.rule.pattern)).toEqual(['b*', '*']);
    expect([...policy.index.tools.exact].map(([name, prepared]) => [name, prepared.rule.deny])).toEqual([['a', true]]);
  });

  it('keeps the kinds apart', () => {
    const policy = create({
      tools: [toRule('t')],
      resources: [toRule('r')],
      prompts: [toRule('p')],
      methods: [toRule('m')],
    });
    const names = (['tools', 'resources', 'prompts', 'methods'] as const).map((kind) => [
      ...policy.index[kind].exact.keys(),
    ]);
    expect(names).toEqual([['t'], ['r'], ['p'], ['m']]);
  });

  it('prepares rules a second time for who minds little, where that makes a difference', () => {
    for (const patterns of [['a', '*'], ['a*b'], []])
      expect([patterns, isTwice('tools', ...patterns)]).toEqual([patterns, false]);
    for (const patterns of [['A', '*'], ['a*B'], ['A*'], ['a', 'B']])
      expect([patterns, isTwice('tools', ...patterns)]).toEqual([patterns, true]);
    const twice = ['a://b/', 'a://s%20*', 'a://b', 'a://b/*'].map((pattern) => isTwice('resources', pattern));
    expect(twice).toEqual([true, true, false, false]);
  });

  it('has no rule for a URI where none is ever judged', () => {
    const rules = { tools: [], resources: [toRule('a://*'), toRule('b://c')], prompts: [], methods: [] };
    const { exact, globs } = createPolicy({ ...rules, implies: new Map(), list: 'callable' }, null).index.resources;
    expect([exact.size, globs]).toEqual([0, []]);
  });

  it('grants a scope to its own holder, to those whose scopes imply it at any remove, and to the holder of all', () => {
    const implies = new Map([
      ['admin', ['write']],
      ['write', ['read']],
      ['other', ['else']],
    ]);
    const policy = create({ tools: [toRule('t', { scopes: ['read'] })], implies });
    expect([...policy.index.tools.exact.values()][0]?.grants).toEqual([['read', 'admin', 'write', '*']]);
    expect([...(policy.implied.get('admin') ?? [])]).toEqual(['admin', 'write', 'read']);
  });

  it('lists a scope once among those that grant it, also where scopes imply each other', () => {
    const implies = new Map([
      ['a', ['b']],
      ['b', ['a']],
    ]);
    const policy = create({ tools: [toRule('t', { scopes: ['a'] })], implies });
    expect([...policy.index.tools.exact.values()][0]?.grants).toEqual([['a', 'b', '*']]);
    expect(policy.implied).toEqual(
      new Map([
        ['a', new Set(['a', 'b'])],
        ['b', new Set(['b', 'a'])],
      ]),
    );
  });

  it('allows with the rule itself, so that its limit can be held', () => {
    const limited = toRule('t', { limit: { count: 1, periodMs: 1000 } });
    const [prepared] = create({ tools: [limited] }).index.tools.exact.values();
    expect(prepared?.allow).toEqual({ kind: 'allow', rule: limited });
  });

  it('cannot be changed after it was made', () => {
    const policy = create({ tools: [toRule('t*')] });
    for (const part of [policy, policy.rules, policy.index, policy.index.tools, policy.index.tools.globs])
      expect(Object.isFrozen(part)).toBe(true);
  });
});
