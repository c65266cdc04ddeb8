import compression from 'compression';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { latchkey } from '../../packages/latchkey/src/express.ts';
import { exchangeRaw } from '../fixtures/raw-http.ts';
import type { HandMadeLock } from './hand-made-lock.ts';
import { listen, type Listening } from './listening.ts';
import { makeLoopbackLock } from './loopback-lock.ts';

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { n: 1 } } };
const pad = 'x'.repeat(2000);
const TOOLS = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo', description: pad }, { name: 'rm' }] } };
const SHOWN = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo', description: pad }] } };

let site: Listening | null = null;
afterEach(async () => {
  await site?.close();
  site = null;
});

const makeLock = (): HandMadeLock =>
  makeLoopbackLock({ tokens: { alice: ['a', 'report'] }, tools: { echo: ['a'], rm: ['x'] } });

const listTools: RequestHandler = (_request, response) => void response.json(TOOLS);

const quiet: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return void next(error);
  response.status(500).json({ jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'failed' } });
};

function post(url: string, message: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: '*/*', authorization: 'Bearer alice', ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  });
}

describe('latchkey/express', () => {
  it.each(['alice', 'slow-alice'])('reads along with who listens to the body of %s before it', async (token) => {
    const made = makeLock();
    const captured: number[] = [];
    const app = express();
    app.use((request, _response, next) => {
      let size = 0;
      request.on('data', (piece: Buffer) => (size += piece.length)).on('end', () => captured.push(size));
      next();
    });
    app.post('/mcp', latchkey(made.latchkey).protectMcp(), (request, response) => void response.json(request.body));
    site = await listen(app);
    const long = { ...CALL, params: { ...CALL.params, arguments: { pad: 'x'.repeat(300_000) } } };
    const as = { authorization: `Bearer ${token}` };
    for (const message of [CALL, long])
      expect(await (await post(`${site.url}/mcp`, message, as)).json()).toEqual(message);
    const parts = JSON.stringify(CALL).match(/.{1,20}/g) as readonly string[];
    const chunked = `transfer-encoding: chunked\r\n\r\n${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}`;
    const head = `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    const [pieces] = await exchangeRaw(site.url, `${head}${chunked}0\r\n\r\n`);
    expect(pieces?.body).toBe(JSON.stringify(CALL));
    const [trailed] = await exchangeRaw(site.url, `${head}${chunked}0\r\nx: 1\r\n\r\n`);
    expect(trailed?.status).toBe(400);
    expect((await post(`${site.url}/mcp`, 'x'.repeat(2_000_000), as)).status).toBe(413);
    expect((await post(`${site.url}/mcp`, CALL, { authorization: 'Bearer eve' })).status).toBe(401);
    const whole = [CALL, long, CALL, CALL].map((message) => JSON.stringify(message).length);
    await vi.waitFor(() => expect(captured.filter((size) => size !== 2_000_000).slice(0, 4)).toEqual(whole));
    expect(made.errors).toEqual([]);
  });

  it('judges no body of which somebody had the beginning', async () => {
    const made = makeLock();
    const app = express();
    app.use((request, _response, next) => void request.once('data', () => setImmediate(next)));
    app.post('/mcp', latchkey(made.latchkey).protectMcp(), (_request, response) => void response.end('served'));
    site = await listen(app);
    expect((await post(`${site.url}/mcp`, CALL)).status).toBe(500);
    expect(made.errors).toMatchObject([{ name: 'TypeError' }]);
  });

  it.each(['before', 'after'])('lets compression stand %s it', async (place) => {
    const app = express();
    const { protect, protectMcp } = latchkey(makeLock().latchkey);
    const compress = compression({ threshold: 0 });
    if (place === 'before') app.use(compress);
    app.use('/mcp', protectMcp());
    app.use('/report', protect({ scopes: ['report'] }));
    if (place === 'after') app.use(compress);
    app.post('/mcp', listTools);
    app.get('/report', listTools);
    site = await listen(app);
    const listed = await post(`${site.url}/mcp`, LIST);
    expect([listed.status, await listed.json()]).toEqual([200, SHOWN]);
    // What need not be looked at is compressed as ever.
    const [report] = await exchangeRaw(
      site.url,
      'GET /report HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer alice\r\naccept-encoding: gzip\r\n\r\n',
    );
    expect(report?.headers).toContainEqual(['Content-Encoding', 'gzip']);
  });

  it('shows nothing of a list that was compressed all the same', async () => {
    const app = express();
    app.use('/mcp', latchkey(makeLock().latchkey).protectMcp());
    app.use(compression({ threshold: 0, enforceEncoding: 'gzip' }));
    app.post('/mcp', listTools);
    site = await listen(app);
    const answer = await post(`${site.url}/mcp`, LIST);
    expect([answer.status, (await answer.text()).includes('rm')]).toEqual([502, false]);
  });

  it.each(['json', 'text', 'raw'] as const)('judges what express.%s() made of the body', async (parser) => {
    const made = makeLock();
    const seen: unknown[] = [];
    const app = express();
    app.use(express[parser]({ type: '*/*' }));
    app.post('/mcp', latchkey(made.latchkey).protectMcp(), (request, response) => {
      seen.push(request.body);
      response.end();
    });
    site = await listen(app);
    expect((await post(`${site.url}/mcp`, CALL)).status).toBe(200);
    expect((await post(`${site.url}/mcp`, { ...CALL, params: { name: 'rm' } })).status).toBe(403);
    // Parsers read the one after the other: whichever they kept is what is judged.
    const twice = JSON.stringify(CALL).replace('"echo"', '"rm","name":"echo"');
    expect((await post(`${site.url}/mcp`, twice)).status).toBe(parser === 'json' ? 200 : 400);
    expect(seen.every((body) => JSON.stringify(body) === JSON.stringify(CALL))).toBe(true);
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expect((await post(`${site.url}/mcp`, deep)).status).toBe(400);
    expect([made.open(), made.errors]).toEqual([0, []]);
  });

  it('refuses where somebody read the body and kept nothing of it', async () => {
    const made = makeLock();
    const app = express();
    app.use((request, _response, next) => void request.on('end', next).resume());
    app.post('/mcp', latchkey(made.latchkey).protectMcp(), listTools);
    site = await listen(app);
    expect((await post(`${site.url}/mcp`, LIST)).status).toBe(500);
    expect(made.errors).toEqual([expect.any(TypeError)]);
  });

  it('refuses where somebody had the body decoded, and one that somebody found empty', async () => {
    const made = makeLock();
    const app = express();
    const { protectMcp } = latchkey(made.latchkey);
    app.use('/decoded', (request, _response, next) => void next(request.setEncoding('utf8') && undefined));
    app.use('/drained', (request, _response, next) => void request.resume().once('end', () => next()));
    const listeners: number[] = [];
    app.use('/late', (request, response, next) => {
      response.on('finish', () => listeners.push(request.listenerCount('data')));
      request.on('data', () => {});
      next();
      request.setEncoding('utf8');
    });
    app.use(['/decoded', '/drained', '/late'], protectMcp(), (_request, response) => void response.end('never'));
    site = await listen(app);
    expect((await post(`${site.url}/decoded`, LIST)).status).toBe(500);
    const part = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{';
    const late = `POST /late HTTP/1.1\r\nauthorization: Bearer slow-alice\r\n${part}`;
    expect((await exchangeRaw(site.url, late)).map(({ status }) => status)).toEqual([500]);
    expect(made.errors.map(String)).toEqual([1, 2].map(() => expect.stringContaining('was decoded') as string));
    expect((await post(`${site.url}/drained`, '')).status).toBe(400);
    expect(made.trail.map(({ reason }) => reason)).toEqual(['internal', 'internal', 'json-malformed']);
    expect(listeners).toEqual([1]);
  });

  it('reads the body itself where a parser left it alone, and leaves it to parsers behind', async () => {
    const seen: unknown[] = [];
    const app = express();
    app.use(express.urlencoded());
    app.use('/mcp', latchkey(makeLock().latchkey).protectMcp());
    app.use(express.json());
    app.post('/mcp', (request, response) => {
      seen.push(request.body);
      response.end();
    });
    site = await listen(app);
    expect((await post(`${site.url}/mcp`, CALL)).status).toBe(200);
    expect(seen).toEqual([CALL]);
  });

  it('leaves a route the types that it has without a lock', async () => {
    const { protect, protectMcp } = latchkey(makeLock().latchkey);
    const app = express();
    app.get('/reports/:id', protect({ scopes: ['report'] }), ({ params, principal }, response) => {
      expectTypeOf(params).toEqualTypeOf<{ id: string }>();
      response.json([params.id, principal?.id]);
    });
    app.post<{ id: string }, { told: string }, { tell: string }>(
      '/told/:id',
      protect(),
      express.json(),
      (request, response) => {
        expectTypeOf(response.json).parameter(0).toEqualTypeOf<{ told: string } | undefined>();
        response.json({ told: `${request.params.id} ${request.body.tell}` });
      },
    );
    const guards: readonly RequestHandler[] = [protect(), protectMcp()];
    app.use('/mcp', ...guards);
    app.use((_request, response) => void response.sendStatus(404));
    site = await listen(app);
    const as = { headers: { authorization: 'Bearer alice' } };
    expect(await (await fetch(`${site.url}/reports/7`, as)).json()).toEqual(['7', 'alice']);
    expect(await (await post(`${site.url}/told/8`, { tell: 'all' })).json()).toEqual({ told: '8 all' });
    expect((await post(`${site.url}/mcp`, CALL)).status).toBe(404);
  });

  it('serves under the prefix of a router', async () => {
    const made = makeLock();
    const router = express.Router();
    const { protect, protectMcp } = latchkey(made.latchkey);
    router.post('/mcp', protectMcp(), listTools);
    router.get('/report', protect({ scopes: ['report'] }), (request, response) => void response.json(request.auth));
    const app = express();
    app.use('/v1', router);
    site = await listen(app);
    expect(await (await post(`${site.url}/v1/mcp`, LIST)).json()).toEqual(SHOWN);
    const report = await fetch(`${site.url}/v1/report`, { headers: { authorization: 'Bearer alice' } });
    expect(await report.json()).toMatchObject({ clientId: 'alice', scopes: ['a', 'report'] });
  });

  it.each(['throws', 'rejects', 'calls next', 'throws after it wrote'])('survives a handler that %s', async (way) => {
    const made = makeLock();
    const app = express();
    const failure = new Error('the handler failed');
    app.all('*all', latchkey(made.latchkey).protectMcp(), (_request, response, next) => {
      if (way === 'throws after it wrote') response.writeHead(200).write('{');
      if (way === 'rejects') return Promise.reject(failure);
      if (way === 'calls next') return next(failure);
      throw failure;
    });
    app.use(quiet);
    app.set('env', 'test');
    site = await listen(app);
    for (const message of [LIST, CALL]) {
      const status = await post(`${site.url}/mcp`, message)
        .then(async (response) => (await response.text()) && response.status)
        .catch(() => 'cut');
      expect(status).toBe(way === 'throws after it wrote' ? 'cut' : 500);
    }
    await vi.waitFor(() => expect(made.open()).toBe(0));
    expect(made.trail).toHaveLength(2);
  });

  it('believes a proxy as far as the app does', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', authorization: 'Bearer alice' };
    for (const [trust, address] of [
      [false, '127.0.0.1'],
      ['loopback', '203.0.113.7'],
    ] as const) {
      const made = makeLock();
      const app = express();
      app.set('trust proxy', trust);
      app.get('/report', latchkey(made.latchkey).protect(), (_request, response) => void response.end());
      site = await listen(app);
      expect((await fetch(`${site.url}/report`, { headers: forwarded })).status).toBe(200);
      // From elsewhere nothing may come in clear text.
      const { 'x-forwarded-proto': _proto, ...clear } = forwarded;
      expect((await fetch(`${site.url}/report`, { headers: clear })).status).toBe(trust === false ? 200 : 400);
      await vi.waitFor(() => expect(made.trail.map((entry) => entry.address)).toEqual([address, address]));
      await site.close();
    }
    site = null;
  });

  it('limits the address of a caller, not its port, where a proxy writes both', async () => {
    const app = express();
    app.set('trust proxy', 'loopback');
    app.get('/report', latchkey(makeLock().latchkey).protect(), (_request, response) => void response.end());
    site = await listen(app);
    const statuses: number[] = [];
    for (let port = 50_000; port < 50_021; port += 1) {
      const headers = {
        'x-forwarded-for': `203.0.113.7:${port}`,
        'x-forwarded-proto': 'https',
        authorization: 'Bearer wrong',
      };
      statuses.push((await fetch(`${site.url}/report`, { headers })).status);
    }
    expect([...new Set(statuses)]).toEqual([401, 429]);
  });

  it('gives the credential itself to handlers where it was asked for', async () => {
    const app = express();
    const { protect } = latchkey(makeLock().latchkey, { withToken: true });
    app.get('/report', protect(), (request, response) => void response.json(request.auth?.token));
    site = await listen(app);
    const by = async (headers: Readonly<Record<string, string>>): Promise<unknown> =>
      (await fetch(`${site?.url}/report`, { headers })).json();
    expect(await by({ authorization: 'bearer  alice' })).toBe('alice');
    expect(await by({ 'x-api-key': 'alice' })).toBe('alice');
  });
});
