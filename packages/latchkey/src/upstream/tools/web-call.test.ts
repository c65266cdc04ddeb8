import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpTool, parameter } from '../../../../../test/fixtures/declared-tool.ts';
import type { DeclaredTool, ToolResult, ToolRunner } from '../../core/declared-tool.ts';
import type { ResolvedAddress } from './lookup.ts';
import { createToolRunner } from './runner.ts';

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let answer: RequestListener;
let seen: Seen[];
let server: Server;
let other: Server;
let otherSeen: number;
let runner: ToolRunner;
let addresses: Readonly<Record<string, readonly string[]>>;
let lookedUp: string[];

async function listen(created: Server): Promise<Server> {
  created.listen(0, '127.0.0.1');
  await once(created, 'listening');
  return created;
}

const portOf = (one: Server): number => (one.address() as AddressInfo).port;
const origin = (): string => `http://127.0.0.1:${portOf(server)}`;
const otherOrigin = (): string => `http://127.0.0.1:${portOf(other)}`;

beforeAll(async () => {
  server = await listen(
    createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
      seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      answer(request, response);
    }),
  );
  other = await listen(createServer((_request, response) => void ((otherSeen += 1), response.end('other'))));
});
afterAll(() => {
  for (const one of [server, other]) {
    one.closeAllConnections();
    one.close();
  }
});
beforeEach(() => {
  seen = [];
  otherSeen = 0;
  lookedUp = [];
  addresses = {};
  answer = (_request, response) => void response.end('ok');
  runner = createToolRunner({
    resolve: async (host): Promise<readonly ResolvedAddress[]> => {
      lookedUp.push(host);
      return (addresses[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  });
});
afterEach(() => runner.close());

const never = new AbortController().signal;
const call = (tool: DeclaredTool, args: unknown = {}, signal = never): Promise<ToolResult> =>
  runner.call(tool, args, signal);
const get = (path: string, more: Partial<DeclaredTool> = {}): DeclaredTool =>
  httpTool({ url: `${origin()}${path}` }, more);

const part = (...path: (string | number)[]) => call(httpTool({ url: `${origin()}/`, extract: path }));
const redirect = (status: number, location: string) => (request: IncomingMessage, response: ServerResponse) =>
  void (request.url === '/end' ? response.end('arrived') : response.writeHead(status, { location }).end());
const post = (): DeclaredTool => httpTool({ url: `${origin()}/`, method: 'POST', body: ['json', '{}'] });
const named = (host: string): DeclaredTool => httpTool({ url: `http://${host}:${portOf(server)}/` });

describe('a tool that calls the web', { timeout: 20_000 }, () => {
  it('sends what the file says, with values encoded by place', async () => {
    const tool = httpTool(
      {
        url: `${origin()}/users/{{id}}`,
        query: 'q={{q}}',
        method: 'PUT',
        headers: { 'X-Q': '{{q}}', Authorization: 'Bearer a-long-credential' },
        body: ['json', '{"id": "{{"id"}}", "q": {{q}}}'],
      },
      { parameters: [parameter('id', { required: true }), parameter('q', { default: 'a&b' })] },
    );
    expect(await call(tool, { id: '../${HOME}"' })).toEqual({ text: 'ok', isError: false });
    expect(seen).toEqual([
      {
        line: 'PUT /users/..%2F%24%7BHOME%7D%22?q=a%26b',
        headers: {
          host: `127.0.0.1:${portOf(server)}`,
          connection: 'close',
          accept: '*/*',
          'accept-encoding': 'identity',
          'user-agent': 'latchkey',
          'content-type': 'application/json',
          'content-length': '34',
          authorization: 'Bearer a-long-credential',
          'x-q': 'a&b',
        },
        body: '{"id": "../${HOME}\\"", "q": "a&b"}',
      },
    ]);
  });

  it('sends nothing when a value is refused', async () => {
    const tool = httpTool(
      { url: `${origin()}/{{id}}`, headers: { 'X-A': '{{id}}' } },
      { parameters: [parameter('id', { required: true })] },
    );
    for (const id of ['', '..', 'a\r\nX-Admin: 1', 1, null]) {
      const { isError, text } = await call(tool, { id });
      expect([isError, text]).toEqual([true, expect.stringContaining('Nothing was run')]);
    }
    expect(seen).toEqual([]);
  });

  it('fails with the status and the body', async () => {
    answer = (_request, response) => void response.writeHead(404, 'Gone \u00e9').end('no such user');
    expect(await call(get('/'))).toEqual({ text: 'HTTP 404 Not Found\n\nno such user', isError: true });
    answer = (_request, response) => void response.writeHead(500).end();
    expect(await call(get('/'))).toEqual({ text: 'HTTP 500 Internal Server Error', isError: true });
    answer = (_request, response) => void response.writeHead(304).end();
    expect(await call(get('/'))).toEqual({ text: '', isError: false });
  });

  it('takes the part of the answer that the file names, or fails', async () => {
    answer = (_request, response) => void response.end('{"data":{"items":[{"name":"first"}],"more":{"a":1}}}');
    expect(await part('data', 'items', 0, 'name')).toEqual({ text: 'first', isError: false });
    expect(await part('data', 'more')).toEqual({ text: '{\n  "a": 1\n}', isError: false });
    expect(await part('data', 'items', 1)).toEqual({
      text: 'Nothing could be taken from the answer: the answer has no data.items[1].',
      isError: true,
    });
    answer = (_request, response) => void response.writeHead(400).end('{"data":1}');
    expect((await part('data')).text).toBe('HTTP 400 Bad Request\n\n{"data":1}');
    answer = (_request, response) => void response.end(`{"data":1}${' '.repeat(2_000_000)}`);
    expect(await part('data')).toMatchObject({
      isError: true,
      text: expect.stringContaining('longer than 1048576 bytes'),
    });
  });

  it('reads no more of the answer than a result holds', async () => {
    let sent = 0;
    answer = (_request, response) => {
      const write = (): void => {
        while (!response.destroyed && sent < 200_000_000) {
          sent += 10_000;
          if (!response.write('a'.repeat(10_000))) return void response.once('drain', write);
        }
        response.end();
      };
      write();
    };
    const { text, isError } = await call(get('/', { maxOutputBytes: 1000 }));
    expect(isError).toBe(false);
    expect(text).toMatch(/^a{1000}\n\[the output was cut/);
    expect(sent).toBeLessThan(100_000_000);
  });

  it('takes no encoded answer, and no half one for a whole', async () => {
    answer = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('bomb'));
    expect(await call(get('/'))).toMatchObject({ isError: true, text: expect.stringContaining('Content-Encoding') });
    answer = (_request, response) =>
      void response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
    expect(await call(get('/'))).toMatchObject({ isError: true, text: expect.not.stringContaining('half') });
    answer = (_request, response) => void response.write('half', () => response.destroy());
    expect(await call(get('/'))).toMatchObject({ isError: true });
  });

  it('shows no terminal sequences, no hidden texts, and no credential of its headers', async () => {
    answer = (request, response) => {
      response.statusCode = Number(request.headers['x-status'] ?? 200);
      response.end(`\u001b[31m${JSON.stringify(request.headers)} top-secret`);
    };
    for (const status of ['200', '401']) {
      const headers = { Authorization: 'Bearer a-long-credential', 'X-Api-Key': 'another-one', 'X-Status': status };
      const { text } = await call(httpTool({ url: `${origin()}/`, headers }, { hidden: ['top-secret'] }));
      expect(text).not.toMatch(/a-long-credential|another-one|top-secret|\u001b/);
      expect(text).toContain('"authorization":"Bearer [redacted]"');
    }
  });

  describe('redirects', () => {
    it.each([301, 302, 303, 307, 308])('with %i are followed within the server', async (status) => {
      answer = redirect(status, '/end');
      const headers = { Authorization: 'Bearer a-long-credential' };
      expect(await call(httpTool({ url: `${origin()}/a/b`, headers }))).toEqual({ text: 'arrived', isError: false });
      expect(seen.map(({ line, headers: sent }) => [line, sent.authorization])).toEqual([
        ['GET /a/b', headers.Authorization],
        ['GET /end', headers.Authorization],
      ]);
    });

    it('to another server are told and not followed', async () => {
      const elsewhere = [
        `${otherOrigin()}/end?token=x`,
        `//127.0.0.1:${portOf(other)}/end`,
        `http://127.0.0.1:${portOf(server)}@127.0.0.1:${portOf(other)}/end`,
        `http://localhost:${portOf(server)}/end`,
        `https://127.0.0.1:${portOf(server)}/end`,
        'file:///etc/passwd',
        'http://[::1',
      ];
      for (const location of elsewhere) {
        answer = redirect(302, location);
        const { text, isError } = await call(get('/'));
        expect([isError, text]).toEqual([true, expect.stringContaining("which is not the tool's server")]);
        expect(text).not.toMatch(/token|passwd|\/end/);
      }
      answer = redirect(302, `${otherOrigin()}/end`);
      expect((await call(get('/'))).text).toContain(`redirects to ${otherOrigin()}, which`);
      expect(otherSeen).toBe(0);
      expect(seen.map(({ line }) => line).filter((line) => line !== 'GET /')).toEqual([]);
    });

    it('of what changes something are followed only where the server asks for GET', async () => {
      for (const status of [301, 302, 307, 308]) {
        answer = redirect(status, '/end');
        expect(await call(post())).toMatchObject({
          isError: true,
          text: expect.stringContaining('not followed with POST'),
        });
      }
      seen = [];
      answer = redirect(303, '/end');
      expect(await call(post())).toEqual({ text: 'arrived', isError: false });
      expect(seen[1]).toMatchObject({ line: 'GET /end', body: '' });
      expect(Object.keys(seen[1]?.headers ?? {}).filter((name) => name.startsWith('content-'))).toEqual([]);
    });

    it('end after five', async () => {
      answer = (_request, response) => void response.writeHead(302, { location: '/again' }).end();
      expect(await call(get('/'))).toMatchObject({ isError: true, text: expect.stringContaining('more than 5 times') });
      expect(seen).toHaveLength(6);
    });
  });

  describe('addresses', () => {
    it.each([
      ['127.0.0.1'],
      ['10.0.0.1'],
      ['169.254.169.254'],
      ['192.168.0.1'],
      ['100.64.0.1'],
      ['0.0.0.0'],
      ['224.0.0.1'],
      ['::1'],
      ['fe80::1'],
      ['fc00::1'],
      ['::ffff:127.0.0.1'],
      ['64:ff9b::7f00:1'],
      ['8.8.8.8', '127.0.0.1'],
      ['127.0.0.1', '8.8.8.8'],
    ])('that a name stands for are refused when they are private: %s %s', async (...found) => {
      addresses = { 'api.example.com': found.filter((one) => one !== undefined) };
      const { text, isError } = await call(named('api.example.com'));
      expect(isError).toBe(true);
      expect(text).toContain('api.example.com stands for a private address');
      expect(text).not.toContain(found[0]);
      expect(lookedUp).toEqual(['api.example.com']);
      expect(seen).toEqual([]);
    });

    it('that the file names itself are reached, and localhost where it is loopback', async () => {
      expect(await call(named('127.0.0.1'))).toEqual({ text: 'ok', isError: false });
      expect(lookedUp).toEqual([]);
      addresses = { localhost: ['127.0.0.1'] };
      expect(await call(named('localhost'))).toEqual({ text: 'ok', isError: false });
      for (const found of ['10.0.0.1', '8.8.8.8', '::ffff:10.0.0.1']) {
        addresses = { localhost: [found] };
        expect((await call(named('localhost'))).text).toContain('localhost stands for a private address');
      }
      addresses = { 'localhost.': ['127.0.0.1'], 'a.localhost': ['127.0.0.1'] };
      for (const host of ['localhost.', 'a.localhost'])
        expect(await call(named(host))).toMatchObject({ isError: true });
    });

    it('are looked up once for each connection: what was judged is connected to', async () => {
      let times = 0;
      const rebinding = createToolRunner({
        resolve: async () => [{ address: (times += 1) === 1 ? '203.0.114.1' : '127.0.0.1', family: 4 }],
      });
      const { isError } = await rebinding.call({ ...named('rebind.example'), timeoutMs: 500 }, {}, never);
      expect([isError, times]).toEqual([true, 1]);
      expect(seen).toEqual([]);
      await rebinding.close();
    });

    it('that are not there are told', async () => {
      expect((await call(named('nowhere.example'))).isError).toBe(true);
      const closed = await listen(createServer());
      const tool = httpTool({ url: `http://127.0.0.1:${portOf(closed)}/` });
      closed.close();
      await once(closed, 'close');
      expect((await call(tool)).text).toContain('nothing listens there');
    });
  });

  it('is not sent to a proxy that the environment names', async () => {
    process.env['HTTP_PROXY'] = otherOrigin();
    process.env['http_proxy'] = otherOrigin();
    process.env['NODE_USE_ENV_PROXY'] = '1';
    expect(await call(get('/'))).toEqual({ text: 'ok', isError: false });
    for (const name of ['HTTP_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY']) delete process.env[name];
    expect(otherSeen).toBe(0);
  });

  describe('its time-out', () => {
    it.each<[string, RequestListener]>([
      ['a server that does not answer', () => {}],
      ['a server that never ends', (_request, response) => void response.write('a')],
      [
        'a server that redirects slowly',
        (_request, response) => void setTimeout(() => response.writeHead(302, { location: '/' }).end(), 150),
      ],
    ])('ends %s', async (_what, listener) => {
      answer = listener;
      const started = performance.now();
      const { text, isError } = await call(get('/', { timeoutMs: 500 }));
      expect([isError, text]).toEqual([true, 'The request was ended: it took longer than 0.5 s.']);
      expect(performance.now() - started).toBeLessThan(3000);
    });

    it('ends a look-up that does not answer', async () => {
      const slow = createToolRunner({ resolve: () => new Promise(() => {}) });
      const tool = httpTool({ url: 'http://slow.example/' }, { timeoutMs: 200 });
      expect(await slow.call(tool, {}, never)).toMatchObject({ isError: true, text: expect.stringContaining('0.2 s') });
      await slow.close();
    });
  });

  it('is ended by an abort, and its connection with it', async () => {
    const abort = new AbortController();
    const closed = new Promise((resolve) => {
      answer = (request, response) => {
        response.write('a');
        request.socket.once('close', resolve);
        abort.abort();
      };
    });
    expect(await call(get('/'), {}, abort.signal)).toEqual({ text: 'The call was cancelled.', isError: true });
    await closed;
  });

  it.each<[string, number, Record<string, string>]>([
    ['that leads elsewhere', 302, { location: 'http://elsewhere.example/' }],
    ['that would change something', 307, { location: '/again' }],
    ['that is encoded', 200, { 'content-encoding': 'gzip' }],
    ['that is too long', 200, {}],
  ])('keeps no connection open for the rest of an answer %s', async (_what, status, headers) => {
    const closed = new Promise((resolve) => {
      answer = (request, response) => {
        request.socket.once('close', resolve);
        response.writeHead(status, headers).write('a'.repeat(100_000));
      };
    });
    await call({ ...post(), maxOutputBytes: 1000 });
    const ended = performance.now();
    await closed;
    expect(performance.now() - ended).toBeLessThan(3000);
  });

  it('says what a server did that speaks no HTTP', async () => {
    const strange = createTcpServer((socket) => void socket.end('SSH-2.0-server\r\n'));
    strange.listen(0, '127.0.0.1');
    await once(strange, 'listening');
    const { text, isError } = await call(
      httpTool({ url: `http://127.0.0.1:${(strange.address() as AddressInfo).port}/x` }),
    );
    expect([isError, text]).toEqual([
      true,
      expect.stringMatching(/^The request to http:\/\/127\.0\.0\.1:\d+ failed: \S+/),
    ]);
    strange.close();
  });
});
