import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openEvents, type EventStream } from '../fixtures/event-stream.ts';
import { createFakeClock, FAKETIME_MISSING, type FakeClock } from '../fixtures/fake-clock.ts';
import type { Fault } from '../fixtures/issuer-faults.ts';
import { headerValue } from '../fixtures/raw-http.ts';
import { expectRefused, legacyCall, openSession, requestBytes, send, type Call } from './harness.ts';
import { expectTokensRefused, expectTokensServed } from './jwt-site.ts';
import { askedAbout, newToken, startLookupSite, type LookupSite } from './lookup-site.ts';

describe('an issuer that goes wrong', () => {
  let site: LookupSite;
  beforeAll(async () => {
    site = await startLookupSite();
  });
  afterAll(() => site.close());

  test.each<Fault>(['hang', 'slow', 'refuse', 'error', 'missing', 'garbage', 'redirect', 'huge'])(
    'JWT-28 lets nobody in: %s',
    async (fault) => {
      const cached = site.goodToken();
      await expectTokensServed(site, { cached });
      const token = site.goodToken();
      site.issuer.fault('/introspect', fault);
      const answer = await expectRefused(site, { token }, 503);
      expect(headerValue(answer, 'retry-after')).toBe('1');
      await expectTokensServed(site, { cached });
      expect(site.issuer.requests.some(({ path }) => path.startsWith('/redirected'))).toBe(false);
      site.issuer.fault('/introspect', 'none');
      await vi.waitFor(async () => expect((await send(site, { token })).status).toBe(200), { timeout: 10_000 });
    },
  );

  test('JWT-28 lets nobody in: it is gone', async () => {
    const cached = site.goodToken();
    await expectTokensServed(site, { cached });
    const token = site.goodToken();
    await site.issuer.stop();
    await expectTokensRefused(site, { token }, 503);
    await expectTokensServed(site, { cached });
    await site.issuer.start();
    await vi.waitFor(async () => expect((await send(site, { token })).status).toBe(200), { timeout: 10_000 });
  });

  test('JWT-28 only so many questions are open; others are turned away at once, and known tokens are served', async () => {
    const cached = site.goodToken();
    await expectTokensServed(site, { cached });
    site.issuer.fault('/introspect', 'hang');
    const before = site.issuer.countOf('/introspect');
    const waiting = Array.from({ length: 32 }, () => send(site, { token: newToken() }));
    await vi.waitFor(() => expect(site.issuer.countOf('/introspect')).toBe(before + 32), { timeout: 4000 });
    const started = performance.now();
    await expectTokensRefused(site, { 'one too many': newToken() }, 503);
    await expectTokensServed(site, { cached });
    expect(performance.now() - started).toBeLessThan(2500);
    expect(site.issuer.countOf('/introspect')).toBe(before + 32);
    expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([503]));
    site.issuer.fault('/introspect', 'none');
    await expectTokensServed(site, { 'when it is back': site.goodToken() });
  });
});

test('JWT-28 who guesses takes few of the questions that may be open', async () => {
  const site = await startLookupSite({ config: { limits: { failedPerAddress: '20/hour' } } });
  for (let turn = 0; turn < 21; turn += 1) await send(site, { token: newToken() });
  site.issuer.fault('/introspect', 'hang');
  const before = site.issuer.countOf('/introspect');
  const answers = await Promise.all(Array.from({ length: 40 }, () => send(site, { token: newToken() })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  expect(site.issuer.countOf('/introspect')).toBe(before + 4);
  site.issuer.fault('/introspect', 'none');
  await site.close();
});

describe('an issuer that does not take the gateway for its client', () => {
  test('JWT-28 lets nobody in, and the trail says what to change', async () => {
    const site = await startLookupSite();
    site.issuer.answer('/introspect', Response.json({ error: 'invalid_client' }, { status: 401 }));
    await expectTokensRefused(site, { any: newToken() }, 503);
    await expect.poll(() => site.gateway.command('trail', '--json')).toContain('see auth.issuers.test.client');
    await site.close();
  });
});

describe('time', () => {
  let clock: FakeClock;
  let site: LookupSite;
  let seconds = 0;
  beforeAll(async () => {
    if (FAKETIME_MISSING) return;
    clock = createFakeClock();
    site = await startLookupSite({ env: clock.env, settings: { introspection: { always: true } } });
  });
  afterAll(async () => {
    if (FAKETIME_MISSING) return;
    await site.close();
    clock.close();
  });

  /** Only forward: limits do not forget what seems to lie ahead. */
  const wait = (more: number): void => {
    seconds += more;
    clock.set(seconds / 86_400);
  };
  const inSeconds = (more: number): number => Math.floor(Date.now() / 1000) + seconds + more;
  const countOf = (token: string): number => askedAbout(site.issuer).filter((asked) => asked === token).length;

  test.skipIf(FAKETIME_MISSING)('JWT-28 a token that its issuer revokes ends within a minute', async () => {
    const claims = site.claims({ exp: inSeconds(3600) });
    const token = site.token(claims);
    await expectTokensServed(site, { token });
    site.issuer.introspect(token, { active: false });
    // In its last 15 seconds a slow request has it asked about ahead.
    wait(44);
    await expectTokensServed(site, { 'within the minute': token });
    expect(countOf(token)).toBe(1);
    wait(17);
    await expectTokensRefused(site, { 'after it': token });
    site.issuer.introspect(token, claims);
    await expectTokensRefused(site, { 'soon after': token });
    expect(countOf(token)).toBe(2);
    wait(11);
    await expectTokensServed(site, { 'good after all': token });
  });

  test.skipIf(FAKETIME_MISSING)('JWT-30 a token ends when it expires, though it was asked about before', async () => {
    const token = site.goodToken({ exp: inSeconds(5) });
    await expectTokensServed(site, { token });
    wait(40);
    await expectTokensRefused(site, { token });
    // What was said of it is not taken beyond its end.
    expect(countOf(token)).toBe(2);
  });

  test.skipIf(FAKETIME_MISSING)(
    'JWT-28 with its issuer down a token serves for its minute, and then gets 503',
    async () => {
      const token = site.goodToken({ exp: inSeconds(3600) });
      await expectTokensServed(site, { token });
      await site.issuer.stop();
      wait(55);
      await expectTokensServed(site, { token });
      wait(6);
      await expectTokensRefused(site, { token }, 503);
      await site.issuer.start();
      wait(2);
      await expectTokensServed(site, { token });
    },
  );

  test.skipIf(FAKETIME_MISSING)(
    'JWT-28 a revoked JWT ends within a minute where JWTs are asked about too',
    async () => {
      const token = await site.mint({ exp: inSeconds(3600) });
      site.issuer.introspect(token, { active: true });
      await expectTokensServed(site, { token, again: token });
      expect(countOf(token)).toBe(1);
      site.issuer.introspect(token, { active: false });
      wait(61);
      await expectTokensRefused(site, { token });
    },
  );

  test.skipIf(FAKETIME_MISSING)(
    'JWT-28 a JWT is asked about once it is proved to be of its issuer, and must be active',
    async () => {
      const exp = inSeconds(3600);
      const [odd, foreign, down] = [await site.mint({ exp }), await site.mint({ exp }), await site.mint({ exp })];
      site.issuer.introspect(odd, { active: 'true' });
      site.issuer.introspect(foreign, { active: true, iss: 'https://other.example' });
      site.issuer.introspect(down, new Response(null, { status: 500 }));
      const forged = odd.slice(0, -4);
      const expired = await site.mint({ exp: 1 });
      await expectTokensRefused(site, { forged, expired, odd, foreign, 'unknown there': site.mint({ exp }) });
      await expectTokensRefused(site, { down }, 503);
      expect([forged, expired, odd].map(countOf)).toEqual([0, 0, 1]);
    },
  );

  test.skipIf(FAKETIME_MISSING)('JWT-28 streams of a token end within a minute of its revocation', async () => {
    const exp = inSeconds(3600);
    const jwt = await site.mint({ exp });
    site.issuer.introspect(jwt, { active: true });
    const tokens = { opaque: site.goodToken({ exp }), jwt, stays: site.goodToken({ exp }) };
    const [opaque, asked, stays] = await Promise.all(Object.values(tokens).map(openStream));
    for (const token of [tokens.opaque, jwt]) site.issuer.introspect(token, { active: false });
    wait(50);
    expect(await Promise.all([opaque?.ended, asked?.ended])).toEqual(['cut', 'cut']);
    await expect.poll(() => countOf(tokens.stays), { timeout: 10_000 }).toBe(2);
    expect(stays?.socket.destroyed).toBe(false);
    stays?.leave();
  });

  async function openStream(token: string): Promise<EventStream> {
    const session = await openSession(site, token);
    const voice: Call = { ...legacyCall('', {}, session), method: 'GET', body: null, token };
    const stream = await openEvents(site.gateway.url, requestBytes(site, voice));
    await stream.started;
    expect(stream.status).toBe(200);
    return stream;
  }
});
