import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import { createAnonymous, type Principal } from '../core/principal.ts';
import type { TrailEntry } from '../core/trail.ts';
import type { Verdict } from '../core/verifier.ts';
import { assembleLatchkey, createLatchkey } from './create-latchkey.ts';
import { createFaults } from './faults.ts';
import { createLatchkeyOf, type Latchkey } from './latchkey.ts';
import { createLock, type LockParts } from './lock.ts';
import type { LatchkeyOptions, LockVerifier, PolicyOptions, ScopesOf } from './options.ts';
import type { Admission } from './passage.ts';

const holder: Principal = { ...createAnonymous(['file:read']), id: 'token:1', kind: 'token', name: 'ci' };
const accepting = (principal: Principal, more: Partial<LockVerifier> = {}): LockVerifier => ({
  name: 'test',
  verify: () => ({ kind: 'accept', principal }),
  ...more,
});
const good = { resource: 'https://api.example/mcp', verifiers: [accepting(holder)] } satisfies LatchkeyOptions;

const faultsOf = (options: unknown): string => {
  try {
    createLatchkey(options as LatchkeyOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  return '';
};

interface Asked {
  readonly headers?: readonly string[];
  readonly method?: string;
  readonly body?: object;
  readonly encrypted?: boolean;
  readonly address?: string;
}

const ask = (lock: Latchkey, { headers = [], method = 'GET', body, encrypted = true, address = '' }: Asked = {}) => {
  const guard = body === undefined ? lock.protect() : lock.protectMcp();
  const json = ['host', 'api.example', 'content-type', 'application/json', 'mcp-protocol-version', '2025-11-25'];
  return guard.admit({
    method: body === undefined ? method : 'POST',
    target: '/mcp',
    rawHeaders: ['authorization', 'Bearer x', ...(body === undefined ? [] : json), ...headers],
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    address,
    encrypted,
    readBody: () => new TextEncoder().encode(JSON.stringify(body)),
  });
};
const statusOf = async (admission: Admission | Promise<Admission>): Promise<number> => {
  const settled = await admission;
  return settled.kind === 'refused' ? settled.answer.status : 200;
};
const GET = { method: 'GET', target: '/', httpVersionMajor: 1, httpVersionMinor: 1, address: '', encrypted: true };
const POST = { ...GET, method: 'POST', target: '/mcp' };
const lasting = async () => 'x';
const fail = (): never => {
  throw new Error('it failed');
};
const verifierOf = (verdict: Verdict | Promise<Verdict>) => [{ name: 'x', verify: () => verdict }];
const call = (args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'read_file', arguments: args },
});

function noClock(): never {
  throw new TypeError('no clock');
}

async function isCut(verifiers: readonly LockVerifier[]): Promise<boolean> {
  const admission = await ask(createLatchkey({ ...good, verifiers }));
  const cut = vi.fn<() => void>();
  if (admission.kind === 'passed') admission.onEnded(cut);
  await vi.advanceTimersByTimeAsync(1000);
  if (admission.kind === 'passed') admission.finish(200);
  return cut.mock.calls.length > 0;
}

describe('createLatchkey', () => {
  it('names everything that is wrong at once', () => {
    const said = faultsOf({
      resource: 'http://api.example/mcp?x=1',
      polcy: {},
      qqqqqqqqqqqqqqqq: 1,
      server: 'Reports',
      policy: {
        tools: {
          '*': {},
          read_file: { scope: ['x'] },
          'read_*': { when: 'args.x', limit: 'often' },
          write: { scopes: ['*'] },
        },
        resources: [],
        prompts: { 'a b*': {} },
        methods: { 'x/y': { hidden: true, deny: 'yes' } },
        scopes: { 'two words': {}, admin: { implies: 'x' } },
        list: 'some',
      },
      anonymous: { scopes: ['*'] },
      limits: { failedPerAddress: '20 a minute', bodyBytes: 5, sessions: 0.5, callsPerCredential: 1 },
      hosts: ['https://api.example'],
      origins: ['https://*.example'],
      requireHttps: 1,
      unknownTokenStatus: 402,
      protocol: 'old',
      trail: 'file.log',
      authorizationServers: ['none'],
      onError: 1,
      now: 2,
    });
    for (const part of [
      'resource: expected an http or https URL',
      'polcy: unknown option; did you mean policy?',
      'qqqqqqqqqqqqqqqq: unknown option; known are resource,',
      'server: ',
      'policy.tools.read_file.scope: unknown option; did you mean scopes?',
      'policy.tools.read_*: this rule can never match: * before it takes everything',
      "policy.tools.read_*.when: expected a function, or cel('…')",
      'policy.tools.read_*.limit: expected a rate',
      'policy.tools.write.scopes: ',
      'policy.resources: expected an object',
      'policy.prompts.a b*: this rule can never match anything',
      'policy.methods.x/y.hidden: unknown option',
      'policy.methods.x/y.deny: expected false or true',
      'policy.scopes.two words: is no scope',
      'policy.scopes.admin.implies: expected a list',
      'policy.list: expected callable or all',
      'anonymous.scopes: ',
      'limits.failedPerAddress: ',
      'limits.callsPerCredential: ',
      'limits.bodyBytes: expected a size',
      'limits.sessions: expected a whole number from 1 to 100000',
      'hosts: ',
      'origins: ',
      'requireHttps: ',
      'unknownTokenStatus: expected 401 or 403',
      'protocol: expected both or modern or legacy',
      'trail: ',
      'authorizationServers: ',
      'onError: expected a function',
      'now: ',
      'verifiers: expected a list of verifiers, or a store',
    ])
      expect(said).toContain(part);
  });

  it('wants a resource that clients can be told of, and a verifier', () => {
    expect(faultsOf(null)).toContain('expected an object');
    expect(faultsOf({ verifiers: good.verifiers })).toBe(
      'createLatchkey: resource: is missing: the URL that clients use',
    );
    expect(faultsOf({ ...good, resource: 'http://api.example/mcp' })).toContain('beyond loopback it must be https');
    for (const resource of [
      'http://localhost:1/x',
      'http://app.localhost/',
      'http://127.0.0.9:8080',
      'http://[::1]:1/mcp',
    ])
      expect(faultsOf({ ...good, resource })).toBe('');
    expect(faultsOf({ ...good, verifiers: [] })).toContain('verifiers: expected a list of verifiers, or a store');
    expect(faultsOf({ ...good, verifiers: {} })).toContain('verifiers: expected a list');
    for (const wrong of [{}, null, { name: 'x' }, { name: 1, verify: () => {} }, () => ({}), 'jwt'])
      expect(faultsOf({ ...good, verifiers: [...good.verifiers, wrong] })).toContain(
        'verifiers[1]: expected a verifier',
      );
    expect(faultsOf({ ...good, policy: { tools: { a: { when: async () => true } } } })).toContain('must not be async');
  });

  it('says in its metadata what it protects, by which issuers, and which scopes there are', () => {
    const issuers = ['https://idp.example'];
    const lock = createLatchkey({
      resource: new URL('https://api.example'),
      server: 'reports',
      verifiers: [accepting(holder, { issuers }), accepting(holder)],
      policy: { tools: { b: { scopes: ['b'] }, a: { scopes: ['a'] }, c: { scopes: ['c'], hidden: true } } },
    });
    expect(lock.metadata.path).toBe('/.well-known/oauth-protected-resource');
    expect(JSON.parse(lock.metadata.body())).toEqual({
      resource: 'https://api.example/',
      resource_name: 'reports',
      authorization_servers: issuers,
      scopes_supported: ['a', 'b'],
      bearer_methods_supported: ['header'],
    });
    const other = createLatchkey({ ...good, authorizationServers: ['https://other.example'] });
    expect(other.metadata.path).toBe('/.well-known/oauth-protected-resource/mcp');
    expect(JSON.parse(other.metadata.body())).toMatchObject({
      resource: 'https://api.example/mcp',
      authorization_servers: ['https://other.example'],
    });
  });

  it('tells verifiers that are made for it what they are for', () => {
    const make = vi.fn<() => ReturnType<typeof accepting>>(() => accepting(holder));
    createLatchkey({ resource: 'https://api.example/mcp', verifiers: [make] });
    expect(make).toHaveBeenCalledWith({ resource: 'https://api.example/mcp' });
    const door = { faults: createFaults(), known: [], secret: lasting, first: [accepting(holder)] };
    assembleLatchkey({ resource: 'https://api.example/mcp', verifiers: [make] }, door);
    expect(make).toHaveBeenLastCalledWith({ resource: 'https://api.example/mcp', secret: lasting });
    for (const verifiers of [undefined, []])
      assembleLatchkey({ resource: 'https://api.example/mcp', ...(verifiers && { verifiers }) }, door);
  });

  it('asks for proofs as its door does, and closes what the door opened', async () => {
    const close = vi.fn<() => Promise<void>>(async () => {});
    const lock = assembleLatchkey(good, {
      faults: createFaults(),
      known: [],
      prove: (inner) => inner,
      proofs: { algorithms: ['ES256', 'EdDSA'], required: true },
      close,
    });
    expect(JSON.parse(lock.metadata.body())).toMatchObject({ dpop_bound_access_tokens_required: true });
    const refused = await lock.protect({ scopes: ['other'] }).admit({
      ...GET,
      rawHeaders: ['authorization', 'DPoP x'],
      readBody: () => new Uint8Array(),
    });
    expect(refused.kind === 'refused' && refused.answer.headers.join()).toContain('algs="ES256 EdDSA"');
    await lock.close();
    expect(close).toHaveBeenCalledOnce();
  });

  it('takes no token that is bound to a key, since nothing here proves who holds it', async () => {
    const bound = { ...holder, keyThumbprint: 'x' };
    const accept = { kind: 'accept', principal: bound } as const;
    for (const verdict of [accept, Promise.resolve(accept)]) {
      const lock = createLatchkey({ ...good, verifiers: verifierOf(verdict) });
      expect(await lock.verify('x')).toEqual({ ok: false, reason: 'credential-bound' });
    }
    expect(await statusOf(ask(createLatchkey(good), { headers: ['x-api-key', 'y'] }))).toBe(400);
    const lock = createLatchkey(good);
    const byProof = lock.protect().admit({
      ...GET,
      rawHeaders: ['authorization', 'DPoP x'],
      readBody: () => new Uint8Array(),
    });
    expect(await statusOf(byProof)).toBe(401);
  });

  it('asks a condition with plain values, and takes nothing but true', async () => {
    const seen: unknown[] = [];
    const when: NonNullable<NonNullable<PolicyOptions['tools']>[string]['when']> = (input) => {
      seen.push(input);
      return input.args['path'] === '/data' || (input.args['path'] as never);
    };
    const lock = createLatchkey({ ...good, policy: { tools: { 'read_*': { scopes: ['file:read'], when } } } });
    const args = { path: '/data', n: 3, big: 9_007_199_254_740_993n, half: 0.5, none: null, list: [{ a: 1 }] };
    const text = JSON.stringify(call(args), (_key, value: unknown) => (typeof value === 'bigint' ? 'BIG' : value));
    const body = new TextEncoder().encode(text.replace('"BIG"', '9007199254740993'));
    const admission = lock.protectMcp().admit({
      ...POST,
      rawHeaders: ['Host', 'api.example', 'Authorization', 'Bearer x', 'Content-Type', 'application/json'],
      readBody: () => body,
    });
    expect(await statusOf(admission)).toBe(200);
    expect(seen).toEqual([{ args, principal: holder, target: 'read_file' }]);
    expect(await statusOf(ask(lock, { body: call({ path: 'yes' }) }))).toBe(403);
    expect(await statusOf(ask(lock, { body: call({}) }))).toBe(403);
    const compiled = { source: 'x', test: () => true };
    const other = createLatchkey({ ...good, policy: { tools: { read_file: { when: compiled } } } });
    expect(await statusOf(ask(other, { body: call({}) }))).toBe(200);
  });

  it('answers for the names of its resource, and for others that are given', async () => {
    const initialize = { jsonrpc: '2.0', id: 1, method: 'ping' };
    const statusBy = (lock: Latchkey, headers: readonly string[]) =>
      statusOf(
        lock.protectMcp().admit({
          ...POST,
          rawHeaders: ['authorization', 'Bearer x', 'content-type', 'application/json', ...headers],
          readBody: () => new TextEncoder().encode(JSON.stringify(initialize)),
        }),
      );
    const byHost = (lock: Latchkey, ...hosts: string[]) =>
      Promise.all(hosts.map((host) => statusBy(lock, ['host', host])));
    const open = { verifiers: good.verifiers };
    const beyond = createLatchkey({ ...open, resource: 'https://api.example/mcp' });
    expect(await byHost(beyond, 'api.example', 'API.example:443', 'api.example:80', 'localhost')).toEqual([
      200, 200, 421, 421,
    ]);
    const local = createLatchkey({ ...open, resource: 'http://127.0.0.1:3000/mcp' });
    expect(await byHost(local, 'localhost:3000', '[::1]:3000', '127.0.0.1:3000', '127.0.0.1', 'evil:3000')).toEqual([
      200, 200, 200, 421, 421,
    ]);
    const plain = createLatchkey({ ...open, resource: 'http://localhost/mcp' });
    expect(await byHost(plain, 'localhost', '127.0.0.1:80')).toEqual([200, 200]);
    const named = createLatchkey({ ...open, resource: 'https://api.example/mcp', hosts: ['Inner:8080', '[fe80::1]'] });
    expect(await byHost(named, 'inner:8080', '[fe80::1]', 'api.example')).toEqual([200, 200, 421]);
    const origins = ['https://web.example'];
    const page = createLatchkey({ ...open, resource: 'https://api.example/mcp', origins });
    const byOrigin = (origin: string) => statusBy(page, ['host', 'api.example', 'origin', origin]);
    expect(
      await Promise.all(['https://web.example', 'https://api.example', 'https://evil.example'].map(byOrigin)),
    ).toEqual([200, 200, 403]);
  });

  it('refuses clear text from this machine too where it should', async () => {
    const near = { encrypted: false, address: '127.0.0.1' };
    expect(await statusOf(ask(createLatchkey(good), near))).toBe(200);
    expect(await statusOf(ask(createLatchkey({ ...good, requireHttps: true }), near))).toBe(400);
    const far = { ...near, address: '192.0.2.1' };
    expect(await statusOf(ask(createLatchkey(good), far))).toBe(400);
    // What an async function says of it is not yes.
    expect(await statusOf(ask(createLatchkey(good), { ...far, encrypted: Promise.resolve(true) as never }))).toBe(400);
  });

  it('lets strangers in where it says so', async () => {
    const verifiers = [{ name: 'none', verify: () => ({ kind: 'skip' }) as const }];
    const lock = createLatchkey({ ...good, verifiers, anonymous: { scopes: ['a'] }, unknownTokenStatus: 403 });
    const stranger = (scopes: readonly string[]) =>
      lock.protect({ scopes }).admit({
        ...GET,
        rawHeaders: [],
        readBody: () => new Uint8Array(),
      });
    expect(await statusOf(stranger(['a']))).toBe(200);
    expect(await statusOf(stranger(['b']))).toBe(401);
    expect(await statusOf(ask(lock))).toBe(403);
    expect(await lock.verify('x')).toEqual({ ok: false, reason: 'credential-unknown' });
  });

  it.each([
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ])('refuses what it cannot judge also where its onError %s', async (_how, onError) => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => complaints.mockRestore());
    const lock = createLatchkey({ ...good, onError });
    const rawHeaders = ['host', 'api.example', 'authorization', 'Bearer x', 'content-type', 'application/json'];
    for (const readBody of [fail, async () => fail()])
      expect(await statusOf(lock.protectMcp().admit({ ...POST, rawHeaders, readBody }))).toBe(500);
    await vi.waitFor(() => expect(complaints.mock.calls.map(([, error]) => String(error))).toHaveLength(4));
  });

  it('writes down what it decides where it is told to, and is not stopped by who cannot', async () => {
    const errors: unknown[] = [];
    const entries: TrailEntry[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const lockBy = (trail: LatchkeyOptions['trail']) =>
      createLatchkey({ ...good, verifiers: [{ name: 'x', verify: () => ({ kind: 'skip' }) }], onError, trail: trail! });
    await statusOf(ask(lockBy((entry) => void entries.push(entry))));
    expect(entries).toMatchObject([{ decision: 'deny', reason: 'credential-unknown', server: 'default', status: 401 }]);
    const failing = lockBy(() => {
      throw new Error('sync');
    });
    expect(await statusOf(ask(failing))).toBe(401);
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    const slow = lockBy(() => promise);
    await statusOf(ask(slow));
    let closed = false;
    const closing = slow.close().then(() => (closed = true));
    await Promise.resolve();
    expect(closed).toBe(false);
    finish();
    await closing;
    const late = lockBy(() => Promise.reject(new Error('async')));
    await statusOf(ask(late));
    await late.close();
    expect(errors.map((error) => (error as Error).message)).toEqual(['sync', 'async']);
    const flush = vi.fn<() => Promise<void>>(async () => {});
    const trail = {
      healthy: true,
      record: vi.fn<(entry: unknown) => void>(),
      flush,
      close: vi.fn<() => Promise<void>>(async () => {}),
    };
    const given = lockBy(trail);
    await statusOf(ask(given));
    await given.close();
    expect([trail.record.mock.calls.length, flush.mock.calls.length, trail.close.mock.calls.length]).toEqual([1, 1, 0]);
    await lockBy(false).close();
  });

  it('lets nobody in once it is closed: what comes then could not be written down', async () => {
    const lock = createLatchkey({ ...good, verifiers: [accepting(holder)] });
    expect([await statusOf(ask(lock)), await statusOf(ask(lock, { body: call({}) }))]).toEqual([200, 403]);
    await lock.close();
    expect([await statusOf(ask(lock)), await statusOf(ask(lock, { body: call({}) }))]).toEqual([503, 503]);
  });

  it('refuses what it cannot judge, and complains', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => complaint.mockRestore());
    const lock = createLatchkey({ ...good, now: () => Date.now() });
    const broken = { ...createAnonymous([]), scopes: null } as never;
    const odd = createLatchkey({ ...good, verifiers: [accepting(broken)] });
    const admitted = odd.protect({ scopes: ['a'] }).admit({
      ...GET,
      rawHeaders: ['authorization', 'Bearer x'],
      readBody: () => new Uint8Array(),
    });
    expect(await statusOf(admitted)).toBe(500);
    expect(complaint).toHaveBeenCalledWith('latchkey:', expect.any(TypeError));
    expect(await statusOf(ask(lock))).toBe(200);
  });

  it('tells what a verifier throws, and lets nobody in meanwhile', async () => {
    const told: unknown[] = [];
    const down: LockVerifier = { name: 'down', verify: () => Promise.reject(new Error('down')) };
    const lock = createLatchkey({ ...good, verifiers: [down], onError: (error) => void told.push(error) });
    expect(await statusOf(ask(lock))).toBe(503);
    expect(await lock.verify('x')).toEqual({ ok: false, reason: 'store-unavailable' });
    expect(told).toEqual([new Error('down'), new Error('down')]);
  });

  it('verifies a text without rejecting, whatever a verifier or the clock does', async () => {
    const unavailable = { ok: false, reason: 'store-unavailable' };
    const told: unknown[] = [];
    const onError = (error: unknown): void => void told.push(error);
    const garbage = { name: 'garbage', verify: () => ({ kind: 'accepted', principal: holder }) } as never;
    for (const lock of [
      createLatchkey({ ...good, verifiers: [garbage], onError }),
      createLatchkey({ ...good, now: noClock, onError }),
    ])
      expect(await lock.verify('x')).toEqual(unavailable);
    expect(told).toMatchObject([{ name: 'TypeError' }, { message: 'no clock' }]);
  });

  it('cuts what is open when whoever proved a principal says that it ended', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const other = accepting(holder, { endOf: () => undefined });
    expect(await isCut([accepting(holder, { endOf: () => 0 }), other])).toBe(true);
    expect(await isCut([other, accepting(holder, { endOf: async () => 0 })])).toBe(true);
    expect(await isCut([other, accepting(holder, { endOf: () => null })])).toBe(false);
    expect(await isCut([accepting(holder)])).toBe(false);
    expect(await isCut([accepting({ ...holder, expiresAt: Date.now() + 1 })])).toBe(true);
  });
});

describe('Latchkey', () => {
  it('refuses a rule of a route that is none, since the route would be open', () => {
    const lock = createLatchkey(good);
    expect(() => lock.protect({ scope: ['a'] } as never)).toThrow(
      'protect: scope: unknown option; did you mean scopes?',
    );
    expect(() => lock.protect({ scopes: 'a' } as never)).toThrow(/protect: scopes: expected a list/);
    expect(() => lock.protect({ scopes: ['a"b'] })).toThrow(TypeError);
  });

  it('puts other rules in force, but none that are wrong', async () => {
    const lock = createLatchkey({ ...good, policy: { tools: { other: {} } } });
    expect(await statusOf(ask(lock, { body: call({}) }))).toBe(403);
    expect(() => lock.setPolicy({ tools: { 'read_*': { scops: [] } as never } })).toThrow(
      'setPolicy: policy.tools.read_*.scops',
    );
    // Of a setting that is not there: it would lift every rule.
    expect(() => lock.setPolicy(undefined as never)).toThrow('setPolicy: policy: expected an object');
    expect(await statusOf(ask(lock, { body: call({}) }))).toBe(403);
    lock.setPolicy({ tools: { 'read_*': { scopes: ['file:read'] } } });
    expect(await statusOf(ask(lock, { body: call({}) }))).toBe(200);
    expect(JSON.parse(lock.metadata.body())).toMatchObject({ scopes_supported: ['file:read'] });
  });

  it('goes by the clock that is there when it asks, such as that of a test', async () => {
    const lock = createLatchkey({ ...good, verifiers: [accepting({ ...holder, expiresAt: Date.now() + 60_000 })] });
    expect(await lock.verify('x')).toMatchObject({ ok: true });
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    expect(await lock.verify('x')).toEqual({ ok: false, reason: 'credential-expired' });
  });

  it('lets nobody in any more after it was closed, however the credential came', async () => {
    const lock = createLatchkey(good);
    const { verifyAccessToken } = lock.toTokenVerifier();
    expect(await lock.verify('x')).toMatchObject({ ok: true });
    await lock.close();
    expect(await lock.verify('x')).toEqual({ ok: false, reason: 'store-unavailable' });
    await expect(verifyAccessToken('x')).rejects.toThrow('cannot be verified at the moment');
  });

  it('verifies a token or key that came some other way', async () => {
    const seen: string[] = [];
    const verify: LockVerifier['verify'] = ({ scheme, secret }) => {
      seen.push(`${scheme} ${secret.reveal()}`);
      return secret.reveal() === 'bad'
        ? { kind: 'reject', reason: 'credential-expired' }
        : { kind: 'accept', principal: holder };
    };
    const lock = createLatchkey({ ...good, verifiers: [{ name: 'x', verify }] });
    expect(await lock.verify('good')).toEqual({ ok: true, principal: holder });
    expect(await lock.verify('bad')).toEqual({ ok: false, reason: 'credential-expired' });
    expect(await lock.verify('key{}')).toEqual({ ok: true, principal: holder });
    expect(seen).toEqual(['bearer good', 'bearer bad', 'api-key key{}']);
    const open = createLock(
      { verifier: null, now: Date.now, server: 'x', limits: {} } as unknown as LockParts,
      {} as never,
    );
    const latchkey = createLatchkeyOf(open, { path: '', body: () => '' });
    expect(await latchkey.verify('x')).toEqual({ ok: false, reason: 'credential-unknown' });
    for (const none of ['', 'two words', 'ü', 'x'.repeat(16_385), undefined as never])
      expect(await lock.verify(none)).toEqual({ ok: false, reason: 'credential-malformed' });
  });

  it('types the scopes that routes can ask for', () => {
    const policy = {
      tools: { read: { scopes: ['file:read'] }, ping: {} },
      methods: { 'x/y': { scopes: ['x'] } },
      scopes: { admin: { implies: ['file:write'] }, plain: {} },
    } as const;
    type Known = 'file:read' | 'x' | 'admin' | 'file:write' | 'plain';
    expectTypeOf<ScopesOf<typeof policy>>().toEqualTypeOf<Known>();
    expectTypeOf<ScopesOf<PolicyOptions>>().toEqualTypeOf<string>();
    expectTypeOf<ScopesOf<{ tools: { ping: {} } }>>().toEqualTypeOf<string>();
    expectTypeOf(createLatchkey(good)).toEqualTypeOf<Latchkey<string>>();
    const lock = createLatchkey({
      ...good,
      policy: { tools: { read: { scopes: ['file:read'], when: ({ args }) => args['a'] === 1 } } },
    });
    expectTypeOf(lock).toEqualTypeOf<Latchkey<'file:read'>>();
    // @ts-expect-error no rule names it
    expect(lock.protect({ scopes: ['typo:read'] })).toBeDefined();
  });
});
