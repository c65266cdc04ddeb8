import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { createAnonymous } from '../../packages/latchkey/src/core/principal.ts';
import { createLatchkey } from '../../packages/latchkey/src/lock/create-latchkey.ts';
import type { Latchkey } from '../../packages/latchkey/src/lock/latchkey.ts';
import type { LatchkeyOptions, LockVerifier } from '../../packages/latchkey/src/lock/options.ts';
import type { Listening } from './listening.ts';
import { nodeFrameworks } from './node-doors.ts';
import { WEB_DOORS } from './web-doors.ts';

type Ask = (headers: Readonly<Record<string, string>>) => Promise<Response>;

const fails = (): never => {
  throw new Error('the hook failed');
};
const rejects = async (): Promise<never> => fails();
const nothing = async (): Promise<void> => {};

/** By which way a hook fails: that of the trail, and whoever is told of it. */
const ways: readonly (readonly [string, Pick<LatchkeyOptions, 'trail' | 'onError'>])[] = [
  ['that throw', { trail: fails, onError: fails }],
  ['that reject', { trail: rejects, onError: rejects }],
  ['of a Trail', { trail: { healthy: true, record: fails, flush: nothing, close: nothing }, onError: rejects }],
];

const scopes = ['report', 'report:read'];
const verifier: LockVerifier = {
  name: 'hand-made',
  verify: ({ secret }) =>
    secret.reveal() === 'alice'
      ? Promise.resolve({ kind: 'accept', principal: { ...createAnonymous(scopes), id: 'alice', kind: 'token' } })
      : { kind: 'skip' },
};

let site: Listening | null = null;
let complaints: MockInstance<typeof console.error>;
beforeEach(() => void (complaints = vi.spyOn(console, 'error').mockImplementation(() => {})));
afterEach(async () => {
  complaints.mockRestore();
  await site?.close();
  site = null;
});

const doors: readonly (readonly [string, (lock: Latchkey) => Promise<Ask> | Ask])[] = [
  ...nodeFrameworks.map(({ name, serve }) => {
    const start = async (lock: Latchkey): Promise<Ask> => {
      const { url } = (site = await serve(lock, {
        mcp: fails,
        report: (_request, response) => response.end('served'),
      }));
      return (headers) => fetch(`${url}/report`, { headers });
    };
    return [name, start] as const;
  }),
  ...Object.entries(WEB_DOORS).map(([name, serve]) => {
    const start = (lock: Latchkey): Ask => {
      const ask = serve(lock, { route: () => new Response('served') });
      return (headers) => ask(new Request('http://localhost/report', { headers }));
    };
    return [name, start] as const;
  }),
];

describe.each(doors)('by %s', (_name, start) => {
  it.each(ways)('hooks %s end nothing, and what they were told of is told all the same', async (_way, hooks) => {
    const ask = await start(createLatchkey({ resource: 'http://localhost/mcp', verifiers: [verifier], ...hooks }));
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer eve' })).status).toBe(401);
    const served = await ask({ authorization: 'Bearer alice' });
    expect([served.status, await served.text()]).toEqual([200, 'served']);
    // What was to be told, and why it could not be.
    await vi.waitFor(() => expect(complaints.mock.calls).toHaveLength(6));
  });
});
