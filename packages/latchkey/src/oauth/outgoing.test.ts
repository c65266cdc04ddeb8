import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { OutgoingError, type Outgoing, type OutgoingRequest } from '../core/outgoing.ts';
import { createFetchOutgoing } from './fetch-outgoing.ts';
import { createOutgoing } from './outgoing.ts';

interface Bounds {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

let server: Server | null = null;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  server = null;
});

/** Where a server of this machine answers so. */
async function serve(listener: RequestListener): Promise<string> {
  const started = (server = createServer(listener));
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

describe.each<[string, (bounds?: Bounds) => Outgoing]>([
  ['fetch', createFetchOutgoing],
  ['node:http', (bounds) => createOutgoing({ ca: null, ...bounds })],
])('requests by %s', (_name, create) => {
  const refusalOf = async (request: Partial<OutgoingRequest>, bounds?: Bounds): Promise<string> => {
    const sent = create(bounds)({ method: 'GET', url: '', ...request });
    const error = await sent.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OutgoingError);
    return (error as OutgoingError).message;
  };

  it('sends what it is given, and gives status, headers and text', async () => {
    const url = await serve((request, response) => {
      const sent: Buffer[] = [];
      request.on('data', (chunk: Buffer) => sent.push(chunk));
      request.on('end', () => {
        const { accept, 'x-some': some } = request.headers;
        response.writeHead(418, { 'Cache-Control': 'max-age=7' });
        response.end(JSON.stringify([request.method, accept, some, Buffer.concat(sent).toString(), '\ufeff„é']));
      });
    });
    const answer = await create()({ method: 'POST', url, headers: ['x-some', 'thing'], body: 'é=1' });
    expect(answer).toMatchObject({ status: 418, headers: { 'cache-control': 'max-age=7' } });
    expect(JSON.parse(answer.body)).toEqual(['POST', 'application/json', 'thing', 'é=1', '\ufeff„é']);
  });

  it('gives an empty text where the answer has no body', async () => {
    const url = await serve((_request, response) => response.writeHead(204).end());
    expect(await create()({ method: 'GET', url })).toMatchObject({ status: 204, body: '' });
  });

  it('follows no redirect', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await create()({ method: 'GET', url })).toMatchObject({ status: 302 });
    expect(asked).toBe(1);
  });

  it.each(['http://issuer.example/jwks', 'http://127.0.0.1.example/', 'ftp://127.0.0.1/', 'http://[::2]/', 'data:,x'])(
    'does not ask %s',
    async (url) => expect(await refusalOf({ url })).toMatch(/must be https$/),
  );

  it('waits no longer than it may, neither for an answer nor for its end', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/drip') response.writeHead(200).write('{');
    });
    for (const path of ['/', '/drip'])
      expect(await refusalOf({ url: url + path }, { timeoutMs: 100 })).toBe(
        `${new URL(url).host}: no answer within 0.1 s`,
      );
  });

  it('reads no more than it may', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(1001)));
    expect(await refusalOf({ url }, { maxBytes: 1000 })).toBe(
      `${new URL(url).host}: its answer is larger than 1000 bytes`,
    );
    expect((await create({ maxBytes: 1001 })({ method: 'GET', url })).body).toHaveLength(1001);
  });

  it('refuses an answer that is cut, and one that is not UTF-8', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/bytes') response.end(Buffer.from([0x22, 0xff, 0x22]));
      else response.writeHead(200, { 'content-length': '10' }).write('{}', () => response.destroy());
    });
    const { host } = new URL(url);
    expect(await refusalOf({ url: `${url}/bytes` })).toBe(`${host}: its answer is not UTF-8`);
    expect(await refusalOf({ url })).toMatch(new RegExp(`^${host}: .`));
  });

  it('names the host that cannot be reached, and nothing that was sent', async () => {
    const url = await serve(() => {});
    server?.close();
    const refusal = await refusalOf({ method: 'POST', url: `${url}/?secret`, body: 'secret' });
    expect(refusal).toBe(`${new URL(url).host}: ECONNREFUSED`);
  });
});

describe('createFetchOutgoing', () => {
  it('asks nobody without a URL', async () => {
    await expect(createFetchOutgoing()({ method: 'GET', url: '' })).rejects.toThrow(TypeError);
  });
});
