import { describe, expect, it } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import type { TrailEntry } from '../core/trail.ts';
import { createLatchkey } from './create-latchkey.ts';
import { createForwardMcpGuard, createForwardRouteGuard, readHeaderRule } from './forward-guard.ts';
import { toForwarded } from './forwarded.ts';
import { lockOf } from './latchkey.ts';
import type { LatchkeyOptions } from './options.ts';
import { createTrusted } from './trusted-proxies.ts';

const principal = (id: string, scopes: readonly string[]): Principal => ({
  ...createAnonymous(scopes),
  id,
  kind: 'token',
});
const CALLERS: Readonly<Record<string, Principal>> = {
  every: principal('every', ['*']),
  reader: principal('reader', ['read']),
};
const verifier: NonNullable<LatchkeyOptions['verifiers']>[number] = {
  name: 'test',
  verify({ secret }) {
    const found = CALLERS[secret.reveal()];
    return found === undefined ? { kind: 'skip' } : { kind: 'accept', principal: found };
  },
};
const RULES = { tools: { echo: { scopes: ['read'] }, wipe: { scopes: ['write'] } } };
const lockWith = (options: Partial<LatchkeyOptions> = {}) =>
  createLatchkey({ resource: 'https://api.example/mcp', verifiers: [verifier], policy: RULES, ...options });

interface Asking {
  readonly token?: string | null;
  readonly method?: string;
  readonly uri?: string;
  readonly headers?: readonly string[];
}
const MODERN = ['MCP-Protocol-Version', '2026-07-28', 'Mcp-Method', 'tools/call', 'Mcp-Name', 'echo'];

function ask({ token = 'reader', method = 'POST', uri = '/mcp', headers = MODERN }: Asking = {}) {
  return toForwarded(
    {
      method: 'GET',
      target: '/auth',
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      address: '127.0.0.1',
      rawHeaders: [
        ...Object.entries({
          Host: 'api.example',
          'X-Original-Method': method,
          'X-Original-URI': uri,
          'X-Forwarded-For': '203.0.113.7',
          'X-Forwarded-Proto': 'https',
        }).flat(),
        ...(token === null ? [] : ['Authorization', `Bearer ${token}`]),
        ...headers,
      ],
    },
    { proxy: 'nginx', trusted: createTrusted(['127.0.0.1']), path: '/auth', given: [] },
  );
}

type GuardOf = ReturnType<typeof createForwardMcpGuard>;
async function statusOf(guard: GuardOf, asked?: Asking): Promise<number> {
  const admission = await guard.admit(ask(asked));
  if (admission.kind === 'refused') return admission.answer.status;
  expect(admission.whole).toBe(true);
  admission.finish(200);
  return 200;
}

const createWith = (policy: NonNullable<LatchkeyOptions['policy']>, bodyChecked: boolean) => () =>
  createForwardMcpGuard(lockOf(lockWith({ policy })), { bodyChecked });

describe('createForwardMcpGuard', () => {
  it('judges the call that the headers describe', async () => {
    const guard = createForwardMcpGuard(lockOf(lockWith()), { bodyChecked: true });
    expect(await statusOf(guard)).toBe(200);
    expect(await statusOf(guard, { headers: [...MODERN.slice(0, -1), 'wipe'] })).toBe(403);
    expect(await statusOf(guard, { headers: [...MODERN.slice(0, -1), 'other'], token: 'every' })).toBe(403);
    expect(await statusOf(guard, { token: null })).toBe(401);
    expect(await statusOf(guard, { token: 'wrong' })).toBe(401);
    expect(await statusOf(guard, { headers: [] })).toBe(400);
    expect(await statusOf(guard, { uri: '/mcp/' })).toBe(404);
    expect(await statusOf(guard, { method: 'GET' })).toBe(405);
    expect(await statusOf(guard, { method: 'PUT', headers: [] })).toBe(405);
    expect(await statusOf(guard, { headers: [...MODERN, 'Origin', 'https://evil.example'] })).toBe(403);
    expect(await statusOf(guard, { headers: [...MODERN, 'X-API-Key', 'x', 'X-API-Key', 'x'] })).toBe(400);
    expect(await statusOf(guard, { headers: [...MODERN, 'Mcp_Name', 'wipe'] })).toBe(400);
  });

  it('lets nobody in by a description that is not to be believed', async () => {
    const guard = createForwardMcpGuard(lockOf(lockWith()), { bodyChecked: true });
    const admission = await guard.admit({ ...ask(), fault: { reason: 'proxy-unknown' } });
    expect(admission).toMatchObject({ kind: 'refused', answer: { status: 403 } });
  });

  it('tells of a credential that came in clear text only where the description is to be believed', async () => {
    const trail: TrailEntry[] = [];
    const lock = lockWith({ trail: (entry) => void trail.push(entry) });
    const guard = createForwardMcpGuard(lockOf(lock), { bodyChecked: true });
    await guard.admit({ ...ask(), encrypted: false });
    await guard.admit({ ...ask(), encrypted: false, fault: { reason: 'proxy-unknown' } });
    expect(trail.map(({ exposed = false }) => exposed)).toEqual([true, false]);
  });

  it('counts calls', async () => {
    const lock = lockWith({ limits: { callsPerCredential: '1/h' } });
    const guard = createForwardMcpGuard(lockOf(lock), { bodyChecked: true });
    expect([await statusOf(guard), await statusOf(guard)]).toEqual([200, 429]);
  });

  it('without rules lets in who may do everything, whatever it is', async () => {
    const lock = lockWith({ policy: {} });
    for (const bodyChecked of [false, true]) {
      const guard = createForwardMcpGuard(lockOf(lock), { bodyChecked });
      expect(await statusOf(guard, { token: 'every', headers: [] })).toBe(200);
      expect(await statusOf(guard, { token: 'every', method: 'DELETE', headers: [] })).toBe(200);
      expect(await statusOf(guard, { token: 'reader' })).toBe(403);
      // Whoever sees no body does not know that nothing else is asked.
      expect(await statusOf(guard, { headers: [...MODERN.slice(0, 2), 'Mcp-Method', 'tools/list'] })).toBe(
        bodyChecked ? 200 : 403,
      );
    }
  });

  it('without rules asks a stranger who it is', async () => {
    const lock = lockWith({ policy: {}, anonymous: { scopes: [] } });
    expect(await statusOf(createForwardMcpGuard(lockOf(lock), { bodyChecked: false }), { token: null })).toBe(401);
  });

  it('throws for rules that headers cannot hold', () => {
    expect(createWith(RULES, false)).toThrow(/before a server that holds those against the body.*bodyChecked: true/);
    expect(createWith({ tools: { echo: { when: () => true } } }, true)).toThrow(/echo/);
    expect(createWith({ tools: { echo: { hidden: true } } }, true)).toThrow(/hidden/);
    const all = { tools: { echo: { when: () => true }, wipe: { hidden: true } } };
    expect(createWith(all, false)).toThrow(/^protectMcp: .*echo; .*wipe; .*bodyChecked: true/);
  });

  it('refuses everything under such rules that came later', async () => {
    const lock = lockWith();
    const guard = createForwardMcpGuard(lockOf(lock), { bodyChecked: true });
    expect(await statusOf(guard)).toBe(200);
    for (const wipe of [{ when: () => true }, { hidden: true }]) {
      lock.setPolicy({ tools: { ...RULES.tools, wipe } });
      expect(await statusOf(guard)).toBe(403);
      lock.setPolicy(RULES);
      expect(await statusOf(guard)).toBe(200);
    }
  });
});

describe('a DPoP proof', () => {
  it('must be for the method and the canonical URL of what is asked about', async () => {
    const proofs: unknown[] = [];
    const noting: typeof verifier = {
      name: 'noting',
      verify({ proof }) {
        proofs.push(proof);
        return { kind: 'accept', principal: principal('bound', ['read']) };
      },
    };
    const guard = createForwardMcpGuard(lockOf(lockWith({ verifiers: [noting] })), { bodyChecked: true });
    await statusOf(guard, { token: 'bound', headers: [...MODERN, 'DPoP', 'a.b.c'], uri: '/mcp?x=1' });
    expect(proofs).toEqual([{ jwt: 'a.b.c', method: 'POST', url: 'https://api.example/mcp' }]);
  });
});

describe('createForwardRouteGuard', () => {
  it('asks for scopes at any path', async () => {
    const guard = createForwardRouteGuard(lockOf(lockWith()), { scopes: ['read'] });
    expect(await statusOf(guard, { uri: '/report?x', method: 'GET', headers: [] })).toBe(200);
    expect(await statusOf(guard, { uri: '/report', method: 'GET', headers: [], token: 'wrong' })).toBe(401);
    const strict = createForwardRouteGuard(lockOf(lockWith()), { scopes: ['write'] });
    expect(await statusOf(strict, { uri: '/report', headers: [] })).toBe(403);
    const admission = await guard.admit({ ...ask(), fault: { reason: 'framing' } });
    expect(admission).toMatchObject({ kind: 'refused', answer: { status: 400 } });
  });
});

describe('readHeaderRule', () => {
  it('takes a rule, and nothing that is none', () => {
    expect(readHeaderRule(undefined)).toEqual({ bodyChecked: false });
    expect(readHeaderRule({ bodyChecked: true })).toEqual({ bodyChecked: true });
    expect(() => readHeaderRule({ bodyCheckd: true })).toThrow(/^protectMcp: bodyCheckd: /);
    expect(() => readHeaderRule({ bodyChecked: 'yes' })).toThrow(/^protectMcp: bodyChecked: /);
  });
});

describe('lockOf', () => {
  it('knows locks that were made here', () => {
    expect(() => lockOf({ ...lockWith() })).toThrow(TypeError);
  });
});
