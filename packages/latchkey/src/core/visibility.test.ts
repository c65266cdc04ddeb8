import { describe, expect, it } from 'vitest';
import { toRule } from '../../../../test/fixtures/rule.ts';
import { createPolicy } from './create-policy.ts';
import { createAnonymous } from './principal.ts';
import { isOffered, isVisible } from './visibility.ts';
import { FOLD_URI } from './resource-uri.ts';

const policyOf = (more: Partial<Parameters<typeof createPolicy>[0]>) =>
  createPolicy(
    { tools: [], resources: [], prompts: [], methods: [], implies: new Map(), list: 'callable', ...more },
    FOLD_URI,
  );
const who = (...scopes: string[]) => createAnonymous(scopes);

describe('isVisible', () => {
  const tools = [
    toRule('a', { scopes: ['a'] }),
    toRule('h', { hidden: true }),
    toRule('d', { deny: true }),
    toRule('w', { when: { source: 'false', test: () => false } }),
  ];

  it('shows what the principal may call, whatever its condition', () => {
    const policy = policyOf({ tools });
    const seen = (principal: ReturnType<typeof who>) =>
      ['a', 'h', 'd', 'w', 'x'].filter((name) => isVisible(policy, principal, 'tools', name));
    expect(seen(who())).toEqual(['w']);
    expect(seen(who('a'))).toEqual(['a', 'w']);
    expect(seen(who('*'))).toEqual(['a', 'w']);
  });

  it('shows what needs more scopes when the list is for all, but nothing hidden or denied', () => {
    const policy = policyOf({ tools, list: 'all' });
    expect(['a', 'h', 'd', 'w', 'x'].filter((name) => isVisible(policy, who(), 'tools', name))).toEqual(['a', 'w']);
  });

  it('without rules shows everything to the holder of every scope and nothing to others', () => {
    expect(isVisible(policyOf({}), who('*'), 'resources', 'a://b')).toBe(true);
    expect(isVisible(policyOf({}), who('a'), 'resources', 'a://b')).toBe(false);
  });

  it('shows a template when a rule that the principal may use could judge what it expands to', () => {
    const policy = policyOf({
      resources: [
        toRule('s://*', { hidden: true }),
        toRule('file:///data/*', { scopes: ['f'] }),
        toRule('x://{own}', { hidden: true }),
        toRule('x://one'),
        toRule('y://1/*/z'),
      ],
    });
    const sees = (template: string, ...scopes: string[]) => isVisible(policy, who(...scopes), 'templates', template);
    expect(sees('s://{id}', '*')).toBe(false);
    expect(sees('file:///data/{path}', 'f')).toBe(true);
    expect(sees('file:///{path}', 'f')).toBe(true);
    expect(sees('file:///{path}')).toBe(false);
    expect(sees('file:///etc/{path}', 'f')).toBe(false);
    expect(sees('x://{own}', '*')).toBe(false);
    expect(sees('x://{other}')).toBe(true);
    expect(sees('y://{n}/z')).toBe(true);
    expect(sees('{+any}')).toBe(true);
    expect(sees('other://{id}', '*')).toBe(false);
  });

  it('does not let a later rule show a template that an earlier one hides whole', () => {
    const policy = policyOf({ resources: [toRule('s://*', { hidden: true }), toRule('*')] });
    expect(isVisible(policy, who(), 'templates', 's://{id}')).toBe(false);
    expect(isVisible(policy, who(), 'templates', 't://{id}')).toBe(true);
  });
});

describe('isVisible for templates', () => {
  it('judges one without a variable as the URI it is', () => {
    const policy = policyOf({ resources: [toRule('a://one'), toRule('b://*', { scopes: ['b'] })] });
    const sees = (template: string, ...scopes: string[]) => isVisible(policy, who(...scopes), 'templates', template);
    expect([sees('a://one'), sees('a://on'), sees('b://x', 'b'), sees('b://x')]).toEqual([true, false, true, false]);
    expect(sees('b://../x', 'b')).toBe(false);
  });

  it('goes on past a rule that takes only some of what it could become', () => {
    const policy = policyOf({ resources: [toRule('a://secret*', { hidden: true }), toRule('a://*')] });
    expect(isVisible(policy, who(), 'templates', 'a://{name}')).toBe(true);
    expect(isVisible(policy, who(), 'templates', 'a://secret/{name}')).toBe(false);
    expect(isVisible(policy, who(), 'templates', '{name}')).toBe(true);
  });
});

describe('isOffered', () => {
  it('needs a rule that lists would show', () => {
    const methods = [
      toRule('tasks/get', { scopes: ['a'] }),
      toRule('tasks/list', { hidden: true }),
      toRule('tasks/cancel', { deny: true }),
    ];
    const offered = (list: 'callable' | 'all', ...scopes: string[]): string[] =>
      ['tasks/get', 'tasks/list', 'tasks/cancel', 'tasks/result'].filter((method) =>
        isOffered(policyOf({ methods, list }), who(...scopes), method),
      );
    expect(offered('callable', 'a')).toEqual(['tasks/get']);
    expect(offered('callable')).toEqual([]);
    expect(offered('all')).toEqual(['tasks/get']);
    expect(isOffered(policyOf({}), who('*'), 'tasks/get')).toBe(false);
  });
});
