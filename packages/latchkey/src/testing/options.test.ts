import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createJwtTokens,
  createMemoryStore,
  createOpaqueTokens,
  createStoredTokens,
  createToolCall,
  startSpyUpstream,
  startTestIssuer,
  testStore,
  type TestIssuer,
} from '../testing.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startTestIssuer();
});
afterAll(() => issuer.close());

const store = createMemoryStore();
const noop = (): void => {};

/** What takes options, with some that are none, and what is said of them. */
const uses: readonly (readonly [string, (options: never) => unknown, object, string])[] = [
  [
    'createMemoryStore',
    (options) => createMemoryStore(options),
    { trailLine: 1 },
    'trailLine: unknown option; did you mean trailLines?',
  ],
  [
    'createStoredTokens',
    (options) => createStoredTokens(store, options),
    { scope: [] },
    'scope: unknown option; did you mean scopes?',
  ],
  [
    'createStoredTokens',
    (options) => createStoredTokens(store, options),
    { kind: 'keys' },
    'kind: expected token or key',
  ],
  [
    'the credential',
    (options) => createStoredTokens(store).valid(options),
    { expires: 1 },
    'expires: unknown option; did you mean expiresAt?',
  ],
  [
    'the credential',
    (options) => createStoredTokens(store).wrongScope(options),
    { nmae: 'x' },
    'nmae: unknown option; did you mean name?',
  ],
  [
    'startTestIssuer',
    (options) => startTestIssuer(options),
    { algorithm: [] },
    'algorithm: unknown option; did you mean algorithms?',
  ],
  ['startTestIssuer', (options) => startTestIssuer(options), { format: 'JWT' }, 'format: expected jwt or opaque'],
  ['issue', (options) => issuer.issue({}, options), { form: 'opaque' }, 'form: unknown option; did you mean format?'],
  ['sign', (options) => issuer.sign({}, {}, options), { keys: 1 }, 'keys: unknown option; did you mean key?'],
  ['sign', (options) => issuer.accessToken({}, {}, options), { alg: 'none' }, 'alg: unknown option; known are key'],
  [
    'createJwtTokens',
    (options) => createJwtTokens(issuer, options),
    { aud: 'x' },
    'aud: unknown option; known are audience, scope',
  ],
  [
    'createOpaqueTokens',
    (options) => createOpaqueTokens(issuer, options),
    { scopes: 'x' },
    'scopes: unknown option; did you mean scope?',
  ],
  [
    'startSpyUpstream',
    (options) => startSpyUpstream(options),
    { tool: [] },
    'tool: unknown option; did you mean tools?',
  ],
  [
    'createToolCall',
    (options) => createToolCall('http://127.0.0.1/', options),
    { tool: 'x', arg: {} },
    'arg: unknown option; did you mean args?',
  ],
  [
    'testStore',
    (options) => testStore(options),
    { describe: noop, it: noop, open: noop, removed: noop },
    'removed: unknown option; did you mean remove?',
  ],
];

describe('options of latchkey/testing', () => {
  it.each(uses)('%s refuses what is none', async (of, use, options, said) => {
    const error: unknown = await (async () => use(options as never))().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(`${of}: ${said}`);
  });
});
