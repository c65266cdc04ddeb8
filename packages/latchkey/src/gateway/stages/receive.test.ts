import { describe, expect, it } from 'vitest';
import { stageGateway, type SentToStage, type StagedSettings } from '../../../../../test/fixtures/stages.ts';
import type { Endpoint } from '../../core/endpoint.ts';
import { readHeaders } from '../../lock/request-headers.ts';
import { createTrusted } from '../../lock/trusted-proxies.ts';
import type { Exchange } from '../exchange.ts';
import { allowsMore } from '../last-request.ts';
import { receiveStage } from './receive.ts';

const HOST = { host: 'api.example' };
const MODERN = { 'mcp-protocol-version': '2026-07-28' };
const NOTHING_YET = { headers: readHeaders([]), route: null, server: null };
const document = { path: '/keys', body: () => ({ status: 200, body: '{}' }) };
const endpoint: Endpoint = {
  path: '/oauth/token',
  methods: ['POST'],
  handle: () => Promise.reject(new Error('is not asked')),
};

interface Received extends SentToStage {
  /** In the place of `headers`, where one comes twice. */
  readonly raw?: readonly string[];
  /** Of its connection and its request line. */
  readonly encrypted?: boolean;
  readonly minor?: number;
}

/** What becomes of a request to `api.example` of which nothing was looked at yet. */
function receive(sent: Received = {}, { options, ...settings }: StagedSettings = {}) {
  const gateway = stageGateway({ ...settings, options: { documents: [document], endpoints: [endpoint], ...options } });
  gateway.state.hosts.add('api.example');
  const { raw = Object.entries({ ...HOST, ...sent.headers }).flat(), encrypted = false, minor = 1 } = sent;
  const exchange = gateway.exchange({ ...sent, with: { ...NOTHING_YET, ...sent.with } });
  Object.assign(exchange.request, { rawHeaders: raw, httpVersionMinor: minor });
  if (encrypted) Object.assign(exchange.request.socket, { encrypted });
  return { result: receiveStage(gateway.state).run(exchange), exchange, server: gateway.server };
}

const resultOf = (sent: Received, settings?: StagedSettings) => receive(sent, settings).result;
const at = (target: string, method = 'GET', headers: Record<string, string> = {}): Received => ({
  target,
  method,
  headers,
});

const isLast = ({ request, response }: Exchange) => [allowsMore(request.socket), response.shouldKeepAlive];

const originOf = (headers: Record<string, string>, target = '/mcp') => {
  const { result, exchange } = receive({ target, headers });
  return [result, exchange.origin];
};

const allowedAt = (target: string) => resultOf(at(target, 'PUT'));

function judge(address: string, headers: Record<string, string> = {}, options: StagedSettings['options'] = {}) {
  const { exchange } = receive({ headers, with: { address } }, { options });
  return { address: exchange.address, clear: exchange.clear };
}

describe('receiveStage', () => {
  it('reads the headers, and finds what is asked and of which server', () => {
    const { result, exchange, server } = receive({ headers: { accept: 'text/event-stream' } });
    expect(result).toBeNull();
    expect(exchange.headers).toMatchObject({ host: 'api.example', accept: 'text/event-stream' });
    expect([exchange.route?.kind, exchange.server]).toEqual(['mcp', server]);
    const health = receive(at('/healthz')).exchange;
    expect([health.route?.kind, health.server]).toEqual(['document', null]);
  });

  it('finds a path whatever its query, and no other path', () => {
    expect(receive(at('/mcp?a=/nowhere')).exchange.route?.kind).toBe('mcp');
    for (const target of ['/mcp/', '/MCP', '/%6dcp', '//mcp', '/mcp;a', '/./mcp', '/mcp\u00e9', '/']) {
      const { result, exchange } = receive(at(target));
      expect([result, exchange.route, exchange.server], `${target}`).toEqual([{ reason: 'path-unknown' }, null, null]);
    }
  });

  it('refuses a target that is no path', () => {
    for (const target of ['http://api.example/mcp', '*', '', 'mcp', '/mcp?a#b'])
      expect(resultOf(at(target)), `${target}`).toEqual({ reason: 'target-form' });
  });

  it('refuses what two programs could frame in two ways, before anything else of it is judged', () => {
    const twice = ['host', 'api.example', 'host', 'api.example'];
    expect(resultOf({ raw: twice, target: '/nowhere' })).toEqual({ reason: 'header-repeated' });
    expect(resultOf({ headers: { 'content-length': '1' } })).toMatchObject({ reason: 'framing' });
    expect(resultOf({ method: 'POST', headers: { 'transfer-encoding': 'chunked' } })).toBeNull();
    expect(resultOf({ method: 'POST', headers: { 'transfer-encoding': 'chunked' }, minor: 0 })).toMatchObject({
      detail: 'version',
    });
    const { exchange } = receive({ raw: twice });
    expect([exchange.route, exchange.headers.repeated]).toEqual([null, true]);
  });

  it('makes a request that wants another protocol the last of its connection', () => {
    const { result, exchange } = receive({ headers: { upgrade: 'h2c' } });
    expect([result, isLast(exchange)]).toEqual([null, [false, false]]);
    expect(isLast(receive().exchange)).toEqual([true, true]);
  });

  describe('of Host', () => {
    it('takes none but the gateway’s own names, in any case', () => {
      for (const host of ['api.example', 'API.Example']) expect(resultOf({ headers: { host } })).toBeNull();
      for (const host of ['evil.example', 'api.example.', 'api.example:1', ''])
        expect(resultOf({ headers: { host } })).toEqual({ reason: 'host-foreign' });
      expect(resultOf({ raw: [] })).toEqual({ reason: 'framing', detail: 'no host' });
    });

    it('takes any at a probe, which comes by address, and at no other document', () => {
      for (const target of ['/healthz', '/readyz'])
        for (const raw of [[], ['host', '10.0.0.1']]) expect(resultOf({ target, raw })).toBeNull();
      const foreign = { host: 'evil.example' };
      expect(resultOf(at('/keys', 'GET', foreign))).toEqual({ reason: 'host-foreign' });
      expect(resultOf(at('/nowhere', 'GET', foreign))).toEqual({ reason: 'host-foreign' });
    });
  });

  describe('of Origin', () => {
    it('takes those that are allowed, as a browser writes them, and whoever has none', () => {
      const origin = 'https://app.example';
      expect(originOf({})).toEqual([null, null]);
      expect(originOf({ origin })).toEqual([null, origin]);
      expect(originOf({ origin }, '/keys')).toEqual([null, origin]);
      for (const other of [
        'https://evil.example',
        'https://APP.example',
        'null',
        '',
        `${origin}/`,
        'http://app.example',
      ])
        expect(originOf({ origin: other }), `${other}`).toEqual([{ reason: 'origin-foreign' }, null]);
    });

    it('takes any at a document that everybody may read, without its name, and at no probe', () => {
      const origin = 'https://evil.example';
      expect(originOf({ origin }, '/keys')).toEqual([null, null]);
      for (const target of ['/healthz', '/nowhere', '/oauth/token', '/.latchkey/rotate'])
        expect(originOf({ origin }, target)).toEqual([{ reason: 'origin-foreign' }, null]);
    });
  });

  describe('of methods', () => {
    it('refuses those that a place does not have, and says which it has', () => {
      expect(allowedAt('/mcp')).toEqual({ reason: 'http-method', allow: ['GET', 'POST', 'DELETE', 'OPTIONS'] });
      expect(allowedAt('/oauth/token')).toEqual({ reason: 'http-method', allow: ['POST', 'OPTIONS'] });
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) expect(resultOf(at('/mcp', method))).toBeNull();
      for (const method of ['post', 'HEAD', ''])
        expect(resultOf(at('/mcp', method))).toMatchObject({ reason: 'http-method' });
      const { exchange, result } = receive({ with: {} });
      expect([exchange.request.method, result]).toEqual(['GET', null]);
    });

    it('refuses a stream, and the end of a session, to a client of 2026-07-28', () => {
      for (const method of ['GET', 'DELETE'])
        expect(resultOf(at('/mcp', method, MODERN))).toEqual({ reason: 'http-method', allow: ['POST'] });
      for (const method of ['POST', 'OPTIONS']) expect(resultOf(at('/mcp', method, MODERN))).toBeNull();
      for (const target of ['/sse', '/mcp/tools', '/keys']) expect(resultOf(at(target, 'GET', MODERN))).toBeNull();
      expect(resultOf(at('/mcp', 'GET', { 'mcp-protocol-version': '2025-11-25' }))).toBeNull();
    });
  });

  describe('of the connection', () => {
    const LOCAL = '127.0.0.1';
    const OUTSIDE = '198.51.100.9';
    const tls = { cert: '', key: '' };
    const trusted = createTrusted(['127.0.0.1', '10.0.0.0/8']);
    const https = { 'x-forwarded-for': OUTSIDE, 'x-forwarded-proto': 'https' };
    const http = { ...https, 'x-forwarded-proto': 'http' };

    it('takes for clear text what crossed a network unencrypted', () => {
      expect(judge(OUTSIDE)).toEqual({ address: OUTSIDE, clear: true });
      expect(judge(LOCAL)).toEqual({ address: LOCAL, clear: false });
      expect(judge('')).toEqual({ address: '', clear: true });
      expect(receive({ encrypted: true, with: { address: OUTSIDE } }).exchange.clear).toBe(false);
    });

    it('takes plain HTTP for a mistake where TLS is served, from this machine too', () => {
      expect(judge(LOCAL, {}, { tls })).toEqual({ address: LOCAL, clear: true });
      expect(receive({ encrypted: true }, { options: { tls } }).exchange.clear).toBe(false);
    });

    it('tells of a credential that came in clear text, whatever else is wrong with the request', () => {
      const exposedBy = (headers: Record<string, string>, address = OUTSIDE, target = '/mcp') =>
        receive({ target, headers, with: { address } }).exchange.exposed;
      expect([exposedBy({ authorization: 'Basic YTpi' }), exposedBy({ 'x-api-key': 'abc' })]).toEqual([true, true]);
      expect([exposedBy({}), exposedBy({ 'x-api-key': 'abc' }, LOCAL)]).toEqual([false, false]);
      expect(exposedBy({ 'x-api-key': 'abc' }, OUTSIDE, '/nowhere')).toBe(true);
      expect(exposedBy({ authorization: 'Bearer abc', x_api_key: 'abc' })).toBe(true);
    });

    it('believes a trusted proxy about the hop before it', () => {
      for (const proxy of [LOCAL, '10.1.2.3']) {
        expect(judge(proxy, https, { trusted })).toEqual({ address: OUTSIDE, clear: false });
        expect(judge(proxy, http, { trusted })).toEqual({ address: OUTSIDE, clear: true });
        const twice = { ...https, 'x-forwarded-proto': 'https, https' };
        expect(judge(proxy, twice, { trusted })).toEqual({ address: OUTSIDE, clear: true });
      }
      expect(judge(LOCAL, https, { trusted, tls })).toEqual({ address: OUTSIDE, clear: false });
    });

    it('takes a proxy that says nothing of that hop for as local as it is itself', () => {
      const silent = { 'x-forwarded-for': OUTSIDE };
      expect(judge(LOCAL, silent, { trusted })).toEqual({ address: OUTSIDE, clear: false });
      expect(judge('10.1.2.3', silent, { trusted })).toEqual({ address: OUTSIDE, clear: true });
    });

    it('believes nobody else', () => {
      expect(judge(OUTSIDE, https, { trusted })).toEqual({ address: OUTSIDE, clear: true });
      expect(judge('10.1.2.3', https)).toEqual({ address: '10.1.2.3', clear: true });
      expect(judge(LOCAL, http)).toEqual({ address: LOCAL, clear: false });
    });
  });

  it('counts what it refuses, as `limit-peer` counts the others, but for what ends its connection', async () => {
    const gateway = stageGateway({ limits: { requestsPerAddress: { count: 2, periodMs: 60_000 } } });
    gateway.state.hosts.add('api.example');
    const ask = (target: string, headers: Record<string, string> = HOST, address = '192.0.2.7') =>
      receiveStage(gateway.state).run(gateway.exchange({ target, headers, with: { address } }));
    const ending = async () => [
      await ask('/nowhere', {}),
      await ask('*'),
      await ask('/mcp', { ...HOST, mcp_name: '' }),
    ];
    const reasons = [{ reason: 'framing' }, { reason: 'target-form' }, { reason: 'framing' }];
    expect(await ending()).toMatchObject(reasons);
    for (let i = 0; i < 3; i += 1) expect(await ask('/mcp')).toBeNull();
    const [unknown, foreign] = [{ reason: 'path-unknown' }, { reason: 'host-foreign' }];
    expect([await ask('/nowhere'), await ask('/mcp', { host: 'evil.example' })]).toEqual([unknown, foreign]);
    for (const headers of [HOST, { host: 'evil.example' }, { ...HOST, origin: 'null' }])
      expect(await ask('/nowhere', headers)).toEqual({ reason: 'limit-address', retryAfterSeconds: 30 });
    expect(await ending()).toMatchObject(reasons);
    expect(await ask('/mcp')).toBeNull();
    expect(await ask('/nowhere', HOST, '192.0.2.8')).toEqual(unknown);
  });
});
