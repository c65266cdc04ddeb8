import { describe, expect, it } from 'vitest';
import { createPolicy } from './create-policy.ts';
import { visibleScopes } from './visible-scopes.ts';
import { FOLD_URI } from './resource-uri.ts';

function rule(pattern: string, scopes: readonly string[], more = {}) {
  return { pattern, scopes, when: null, hidden: false, deny: false, limit: null, ...more } as const;
}

describe('visibleScopes', () => {
  it('names the scopes of visible rules, sorted, each once', () => {
    const policy = createPolicy(
      {
        tools: [rule('a', ['c', 'a']), rule('b', ['a', '*']), rule('h', ['h'], { hidden: true })],
        resources: [rule('d', ['d'], { deny: true })],
        prompts: [rule('p', ['b'])],
        methods: [],
        implies: new Map([['admin', ['x']]]),
        list: 'callable',
      },
      FOLD_URI,
    );
    expect(visibleScopes(policy)).toEqual(['a', 'b', 'c']);
  });
});
