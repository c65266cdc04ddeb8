import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import { createLatchkey } from './create-latchkey.ts';
import type { LatchkeyOptions } from './options.ts';

const verifier = {
  name: 'test',
  verify: () => ({ kind: 'accept', principal: createAnonymous(['file:read']) }) as const,
};
const good = { resource: 'https://api.example/mcp', verifiers: [verifier] } satisfies LatchkeyOptions;

const faultsOf = (options: unknown): string => {
  try {
    createLatchkey(options as LatchkeyOptions);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
};

describe('createLatchkey', () => {
  it('takes what is good, and says where its metadata are', () => {
    const lock = createLatchkey({
      ...good,
      policy: {
        tools: { 'read_*': { scopes: ['file:read'], limit: '5/s', when: ({ args }) => args['path'] === '/data' } },
        scopes: { admin: { implies: ['file:read'] } },
      },
      limits: { bodyBytes: '64KiB' },
    });
    expect(lock.metadata.path).toBe('/.well-known/oauth-protected-resource/mcp');
    expect(JSON.parse(lock.metadata.body())).toMatchObject({
      resource: 'https://api.example/mcp',
      scopes_supported: ['file:read'],
    });
  });

  it('names everything that is wrong at once', () => {
    const said = faultsOf({
      resource: 'http://api.example/mcp?x=1',
      polcy: {},
      policy: { tools: { '*': {}, read_file: { scope: ['x'] }, 'read_*': { when: 'args.x' } } },
      limits: { failedPerAddress: '20 a minute' },
    });
    for (const part of [
      'resource: ',
      'polcy: unknown option; did you mean policy?',
      'policy.tools.read_file.scope: unknown option; did you mean scopes?',
      'policy.tools.read_*: this rule can never match: * before',
      'policy.tools.read_*.when: ',
      'limits.failedPerAddress: ',
      'verifiers: there is none',
    ])
      expect(said).toContain(part);
  });

  it('types the scopes that routes can ask for', () => {
    const lock = createLatchkey({ ...good, policy: { tools: { read: { scopes: ['file:read'] } } } });
    lock.protect({ scopes: ['file:read'] });
    // @ts-expect-error no rule names it
    lock.protect({ scopes: ['typo:read'] });
    createLatchkey(good).protect({ scopes: ['any:scope'] });
  });
});
