import { describe, expect, it } from 'vitest';
import { toRule } from '../../../../test/fixtures/rule.ts';
import { authorize } from './authorize.ts';
import { createPolicy } from './create-policy.ts';
import { matchesGlob, parseGlob } from './glob.ts';
import { parseMessage } from './parse-message.ts';
import { createAnonymous } from './principal.ts';
import { FOLD_URI, bareUri, closeUri, foldUri, isAmbiguousUri } from './resource-uri.ts';
import { findUnreachable } from './rule-order.ts';

// Apart from the other tests, because mutation tests cannot hold them: instrumented code is slow.

/** Milliseconds that this thread computed, the least of three times, so that others on the machine do not count. */
function time(work: () => void): number {
  const times = [1, 2, 3].map(() => {
    const started = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(started);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe('authorize', () => {
  it('is quick with 500 rules', () => {
    const tools = Array.from({ length: 500 }, (_, i) => toRule(`tool_${i}`, { scopes: ['s'] }));
    const policy = createPolicy(
      {
        tools,
        resources: [],
        prompts: [],
        methods: [],
        implies: new Map(),
        list: 'callable',
      },
      FOLD_URI,
    );
    const parsed = parseMessage(
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tool_499"}}'),
    );
    if (parsed.kind !== 'message') throw new Error(parsed.refusal.reason);
    const [sent, principal] = [parsed.message, createAnonymous(['s'])];
    for (let i = 0; i < 20_000; i += 1) authorize(policy, principal, sent, 'modern');
    const took = time(() => {
      for (let i = 0; i < 100_000; i += 1) authorize(policy, principal, sent, 'modern');
    });
    // A microsecond is the promise, about ten times what it takes; a slow machine gets some room.
    expect(took / 100).toBeLessThan(3);
  });
});

describe('matchesGlob', () => {
  it('is quick on texts made to be slow', () => {
    const glob = parseGlob(`${'*a'.repeat(60)}b`);
    const text = 'a'.repeat(8000);
    expect(matchesGlob(glob, text)).toBe(false);
    expect(time(() => void matchesGlob(glob, text))).toBeLessThan(50);
  });
});

describe('isAmbiguousUri', () => {
  it('is linear', () => {
    const took = time(() => {
      for (const part of ['A', '/', '%25', '.', 'a:', '://', '%'])
        isAmbiguousUri(`x${part.repeat(8000 / part.length)}`);
    });
    expect(took).toBeLessThan(50);
  });
});

describe('foldUri and bareUri', () => {
  it('are linear', () => {
    const took = time(() => {
      for (const part of ['A', '/', '%25', '. ', 'a:', '://', ';', '@', ':1', '\u00E9', '\u0345\u0301', '\uFDFA'])
        closeUri(bareUri(foldUri(`x${part.repeat(8000 / part.length)}`)));
    });
    expect(took).toBeLessThan(100);
  });
});

describe('findUnreachable', () => {
  it('answers 500 rules at once', () => {
    const rules = Array.from({ length: 500 }, (_, i) => ({ pattern: `*${i}*tool*` }));
    expect(findUnreachable(rules, 'tools', FOLD_URI).length).toBeGreaterThan(0);
    expect(time(() => void findUnreachable(rules, 'tools', FOLD_URI))).toBeLessThan(1000);
  });
});
