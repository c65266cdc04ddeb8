import { describe, expect, it } from 'vitest';
import {
  NOW,
  sendBody,
  stageGateway,
  writtenTo,
  type SentToStage,
  type Staged,
} from '../../../../../test/fixtures/stages.ts';
import type { EndpointAnswer, EndpointRequest } from '../../core/endpoint.ts';
import type { Exchange } from '../exchange.ts';
import { giveUp } from '../farewell.ts';
import { serveStage } from './serve.ts';

const TARGET = '/oauth/token';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const OK: EndpointAnswer = { status: 200, headers: ['content-type', 'application/json', 'x-a', 'b'], body: '"ö"' };
const PERIOD = 60_000;

/** A gateway with an endpoint that remembers what it was asked. */
function create(answer: EndpointAnswer | Error | Promise<EndpointAnswer> = OK) {
  const asked: EndpointRequest[] = [];
  const handle = (request: EndpointRequest) => {
    asked.push(request);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const gateway = stageGateway({
    limits: { failedPerAddress: { count: 2, periodMs: PERIOD } },
    options: { endpoints: [{ path: TARGET, methods: ['GET', 'POST'], handle }] },
  });
  return { gateway, asked };
}

interface Sent extends SentToStage {
  readonly body?: string;
}

async function serve(gateway: Staged, { body = '', ...sent }: Sent = {}) {
  const exchange = gateway.exchange({ target: TARGET, method: 'POST', headers: FORM, ...sent });
  sendBody(exchange, [body]);
  const result = await serveStage(gateway.state).run(exchange);
  // Node gathers what is written at once.
  await new Promise(setImmediate);
  return { result, exchange, written: writtenTo(exchange) };
}

/** A request whose endpoint takes its time. */
async function ask() {
  const { promise, resolve: answer } = Promise.withResolvers<EndpointAnswer>();
  const { gateway, asked } = create(promise);
  const exchange = gateway.exchange({ target: TARGET, method: 'GET' });
  const served = serveStage(gateway.state).run(exchange);
  await expect.poll(() => asked.length).toBe(1);
  return { gateway, exchange, served: Promise.resolve(served), answer };
}

/** What a request is refused with that the endpoint never hears of. */
async function refusalOf(sent: Sent) {
  const { gateway, asked } = create();
  const { result, written } = await serve(gateway, sent);
  expect([asked, written.status]).toEqual([[], 0]);
  return result;
}

const exposedBy = async (sent: Sent, clear = true) => {
  const { gateway } = create();
  const { result, exchange } = await serve(gateway, { ...sent, with: { clear } });
  expect(result).toEqual(clear ? { reason: 'clear-text' } : 'done');
  return exchange.exposed;
};

const outcomeOf = async (status: number) => {
  const { gateway } = create({ ...OK, status });
  return (await serve(gateway)).exchange.outcome?.reason ?? null;
};

const waitAfter = async (status: number, more: Partial<Exchange> = {}, network = '192.0.2.7') => {
  const { gateway } = create({ ...OK, status });
  for (let i = 0; i < 2; i += 1) await serve(gateway, { with: more });
  return gateway.state.failureLimiter.peek(network, NOW);
};

describe('serveStage', () => {
  it('leaves alone what is for no endpoint', async () => {
    for (const target of ['/mcp', '/healthz', '/nowhere', '/.latchkey/rotate'])
      expect(await refusalOf({ target, with: { clear: true } })).toBeNull();
  });

  it('asks the endpoint what was asked, and nothing of what else came', async () => {
    const { gateway, asked } = create();
    const headers = { ...FORM, authorization: 'Basic YTpi', cookie: 'a=b' };
    await serve(gateway, { headers, body: 'grant_type=ö' });
    await serve(gateway, { target: `${TARGET}?a=1?b=2`, method: 'GET', headers: {}, body: 'not read' });
    expect(asked).toEqual([
      {
        method: 'POST',
        query: '',
        authorization: 'Basic YTpi',
        contentType: FORM['content-type'],
        body: 'grant_type=ö',
      },
      { method: 'GET', query: 'a=1?b=2', authorization: null, contentType: null, body: '' },
    ]);
  });

  it('answers in the endpoint’s own words', async () => {
    const { gateway } = create();
    const { result, written, exchange } = await serve(gateway);
    expect([result, exchange.outcome, written]).toEqual([
      'done',
      null,
      {
        status: 200,
        headers: expect.objectContaining({
          'content-type': 'application/json',
          'x-a': 'b',
          'content-length': '4',
          'x-content-type-options': 'nosniff',
        }),
        body: Buffer.from('"ö"').toString('latin1'),
      },
    ]);
    expect(written.headers).not.toHaveProperty('access-control-allow-origin');
    const browser = await serve(gateway, { with: { origin: 'https://app.example' } });
    expect(browser.written.headers).toMatchObject({ 'access-control-allow-origin': 'https://app.example' });
  });

  it('fails as a whole where the endpoint does, and answers nothing itself', async () => {
    const { gateway } = create(new Error('no answer'));
    await expect(serve(gateway)).rejects.toThrow('no answer');
  });

  describe('while the endpoint is asked', () => {
    it('is one of the exchanges that a gateway which stops waits for', async () => {
      const { served, exchange, gateway, answer } = await ask();
      expect(gateway.state.open.toArray()).toEqual([exchange]);
      answer(OK);
      expect([await served, writtenTo(exchange).status]).toEqual(['done', 200]);
    });

    it('is told that the gateway stops where that waited for long enough, and nothing after that', async () => {
      const { served, exchange, answer } = await ask();
      giveUp(exchange);
      answer({ ...OK, status: 401 });
      expect(await served).toBe('done');
      expect([writtenTo(exchange).status, exchange.outcome?.reason]).toEqual([503, 'shutting-down']);
    });

    it('is not asked for a caller that left before, and waited for by nobody', async () => {
      const { gateway, asked } = create();
      const exchange = gateway.exchange({ target: TARGET, method: 'POST', headers: FORM });
      const served = serveStage(gateway.state).run(exchange);
      sendBody(exchange, ['a=b']);
      exchange.response.destroy();
      expect([await served, asked, gateway.state.open.size]).toEqual(['done', [], 0]);
    });

    it('has the trail say that its caller left, where it did', async () => {
      const { exchange, answer, served } = await ask();
      expect(exchange.answer?.closed()).toBe(true);
      answer(OK);
      await served;
      expect([exchange.outcome, writtenTo(exchange).status]).toEqual([{ reason: 'caller-gone' }, 0]);
    });
  });

  describe('refuses what no endpoint is to hear', () => {
    it('two credentials, and a body that is coded', async () => {
      expect(await refusalOf({ headers: { 'x-api-key': 'abc' } })).toEqual({ reason: 'credential-ambiguous' });
      expect(await refusalOf({ headers: { 'content-encoding': 'gzip' } })).toEqual({ reason: 'content-encoding' });
    });

    it('a body of more than 64 KiB, by what is said of it and by what comes', async () => {
      const most = 64 * 1024;
      const tooLarge = { reason: 'body-too-large' };
      expect(await refusalOf({ headers: { 'content-length': String(most + 1) } })).toEqual(tooLarge);
      expect(await refusalOf({ body: 'a'.repeat(most + 1) })).toEqual(tooLarge);
      const { gateway, asked } = create();
      const headers = { 'content-length': String(most) };
      expect(await serve(gateway, { headers, body: 'a'.repeat(most) })).toMatchObject({ result: 'done' });
      expect(asked[0]?.body.length).toBe(most);
    });

    it('anything in clear text, of which the trail tells where a credential came so', async () => {
      expect(await exposedBy({ method: 'GET', headers: {} })).toBe(false);
      for (const type of ['application/json', 'text/plain;a=application/x-www-form-urlencoded'])
        expect(await exposedBy({ headers: { 'content-type': type } })).toBe(false);
      // A code, a refresh token or a secret is in every one of them.
      for (const type of [FORM['content-type'], 'Application/X-WWW-Form-Urlencoded;charset=utf-8'])
        expect(await exposedBy({ headers: { 'content-type': type } })).toBe(true);
      expect(await exposedBy({ headers: { ...FORM, authorization: 'Basic YTpi' } }, false)).toBe(false);
    });

    it('whoever comes from an address with too many failures, a little later', async () => {
      const refusal = { reason: 'limit-failures', retryAfterSeconds: 1.5 };
      expect(await refusalOf({ with: { failuresExceeded: 1500 } })).toEqual(refusal);
      expect(await refusalOf({ with: { failuresExceeded: 1500, clear: true } })).toEqual({ reason: 'clear-text' });
      const { gateway } = create();
      const exchange = gateway.exchange({ target: TARGET, with: { failuresExceeded: 1500 } });
      const waiting = serveStage(gateway.state).run(exchange);
      // The trail has it also when the caller does not wait.
      expect([waiting instanceof Promise, exchange.outcome]).toEqual([true, refusal]);
      expect(await waiting).toEqual(refusal);
    });
  });

  describe('tells the trail', () => {
    it('how it ended', async () => {
      for (const status of [200, 302, 399]) expect(await outcomeOf(status), `${status}`).toBeNull();
      for (const status of [400, 403, 404, 499]) expect(await outcomeOf(status), `${status}`).toBe('params-invalid');
      for (const status of [429, 500, 503]) expect(await outcomeOf(status), `${status}`).toBe('issuer-unavailable');
      const { gateway } = create({ ...OK, status: 401 });
      expect((await serve(gateway)).exchange.outcome).toEqual({
        reason: 'credential-unknown',
        detail: expect.stringContaining('issuer'),
      });
    });
  });

  it('counts a client that its issuer does not take as any other credential that is not right', async () => {
    expect(await waitAfter(401)).toBe(PERIOD / 2);
    expect(await waitAfter(401, {}, '192.0.2.8')).toBe(0);
    expect(await waitAfter(401, { address: '2001:db8::1' }, '2001:db8:0:0')).toBe(PERIOD / 2);
    expect(await waitAfter(401, { startedAt: NOW - PERIOD })).toBe(0);
    for (const status of [200, 400, 403]) expect(await waitAfter(status)).toBe(0);
  });
});
