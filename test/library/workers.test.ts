import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { officialClients } from '../clients/official-clients.ts';
import { freePort } from '../fixtures/free-port.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';
import { bundleForWeb, bundleWorker } from '../fixtures/web-bundle.ts';
import { startWorker, type Worker, WORKERD_MISSING } from '../fixtures/workerd.ts';

const RESOURCE = 'https://api.example/mcp';
const MINUTE = 60_000;
const WAIT_MS = 10_000;
/** How long after its end a token is still taken (seconds), as it is by default. */
const SKEW = 30;

/** One lock for all requests; `?later=MS` sets its clock on. */
const toWorker = (issuer: string, port: number): string => `
import { createLatchkey, jwt, latchkey } from './latchkey.js';
let later = 0;
const lock = createLatchkey({
  resource: '${RESOURCE}',
  verifiers: [jwt({ issuer: '${issuer}' })],
  hosts: ['127.0.0.1:${port}'],
  policy: { tools: { where: { scopes: ['mcp'] } } },
  now: () => Date.now() + later,
});
const door = latchkey(lock, { encrypted: () => true });
const report = door.protect({ scopes: ['mcp'] }, (_request, { principal }) => new Response(principal.id));
const stream = door.protect({}, () => {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  void writer.write(new TextEncoder().encode('data: begun\\n\\n'));
  return new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
});
const mcp = door.protectMcp((request, { parsedBody }) =>
  Response.json({ jsonrpc: '2.0', id: parsedBody.id, result: { content: [{ type: 'text', text: request.cf.country }] } }),
);
export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    later = Number(searchParams.get('later') ?? later);
    return ({ '/mcp': mcp, '/stream': stream }[pathname] ?? report)(request);
  },
};`;

// There a request's timers and promises end with it, and serve no other request.
describe.skipIf(WORKERD_MISSING)('latchkey/fetch in Cloudflare Workers', () => {
  let issuer: TestIssuer;
  let worker: Worker;
  let keys: readonly unknown[] = [];

  beforeAll(async () => {
    issuer = await startIssuer({ audience: RESOURCE, algorithms: ['ES256'] });
    keys = issuer.keys.map(({ publicJwk }) => publicJwk);
    // Longer than any of the requests takes that need not wait for it.
    issuer.answer('/jwks', async () => {
      await sleep(500);
      return Response.json({ keys });
    });
    const { code } = await bundleForWeb('fetch.ts', ['createLatchkey', 'jwt', 'latchkey']);
    const port = await freePort();
    worker = await startWorker({ 'worker.js': toWorker(issuer.url, port), 'latchkey.js': code }, { port });
  });
  afterAll(() => Promise.all([worker?.close(), issuer?.close()]));

  const ask = (token: string, path = '/report') =>
    fetch(worker.url + path, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(WAIT_MS),
    });
  const tokenThatEnds = (seconds: number) =>
    issuer.accessToken({ aud: RESOURCE, scope: 'mcp', exp: Math.floor(Date.now() / 1000) + seconds });

  test('lets in who comes while keys are asked for, each of them', async () => {
    const token = await tokenThatEnds(300);
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await ask(token)).status));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
  });

  test('hands on what Cloudflare tells of a request', async () => {
    const response = await fetch(`${worker.url}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenThatEnds(300)}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'cf-blob': '{"country":"AT"}',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"where","arguments":{}}}',
    });
    expect(await response.json()).toMatchObject({ result: { content: [{ text: 'AT' }] } });
  });

  test('cuts a stream when its credential ends, whoever came before and goes after', async () => {
    expect((await ask(await tokenThatEnds(300))).status).toBe(200);
    const [short, long] = await Promise.all([
      ask(await tokenThatEnds(2 - SKEW), '/stream'),
      ask(await tokenThatEnds(4 - SKEW), '/stream'),
    ]);
    const [first, second] = await Promise.all([timeUntilCut(short), timeUntilCut(long)]);
    expect(first).toBeLessThan(second - 1000);
    expect(second).toBeLessThan(5500);
  });

  test('asks for keys when those it has are old, though nothing goes on in the background', async () => {
    const token = await tokenThatEnds(3 * 3600);
    expect((await ask(token)).status).toBe(200);
    keys = [];
    const statuses: number[] = [];
    for (const minutes of [9, 9.5, 11, 12]) {
      const { status } = await ask(token, `/report?later=${minutes * MINUTE}`);
      statuses.push(status);
      // What the request began is over by then.
      await sleep(100);
    }
    expect(statuses).toEqual([200, 200, 503, 503]);
    keys = issuer.keys.map(({ publicJwk }) => publicJwk);
    expect((await ask(token, `/report?later=${13 * MINUTE}`)).status).toBe(200);
  });
});

describe.skipIf(WORKERD_MISSING)('examples/cloudflare-worker', () => {
  let issuer: TestIssuer;
  let worker: Worker;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/mcp`;
    issuer = await startIssuer({ audience: url, algorithms: ['ES256'] });
    const code = await bundleWorker(
      fileURLToPath(new URL('../../examples/cloudflare-worker/worker.ts', import.meta.url)),
    );
    worker = await startWorker({ 'worker.js': code }, { port, variables: { RESOURCE: url, ISSUER: issuer.url } });
  });
  afterAll(() => Promise.all([worker?.close(), issuer?.close()]));

  test.each(officialClients)('lets $name do what its token allows', async ({ connect }) => {
    const token = await issuer.accessToken({ aud: url, scope: 'notes:read' });
    const session = await connect(url, { token });
    expect(await session.listTools()).toEqual(['read_notes']);
    expect(await session.callTool('read_notes')).toMatch(/^Buy milk, /);
    await expect(session.callTool('delete_notes')).rejects.toThrow(/scope/i);
    await session.close();
  });

  test('shows strangers where to get a token, and nothing else', async () => {
    const { status, headers } = await fetch(url, { method: 'POST', body: '{}' });
    const metadata = /resource_metadata="([^"]+)"/.exec(headers.get('www-authenticate') ?? '')?.[1] ?? '';
    expect(status).toBe(401);
    expect(await (await fetch(metadata)).json()).toMatchObject({ resource: url, authorization_servers: [issuer.url] });
  });
});

describe.skipIf(WORKERD_MISSING)('latchkey/hono in Cloudflare Workers', () => {
  let issuer: TestIssuer;
  let worker: Worker;
  let resource = '';

  beforeAll(async () => {
    const port = await freePort();
    resource = `http://127.0.0.1:${port}/mcp`;
    issuer = await startIssuer({ audience: resource, algorithms: ['ES256'] });
    const code = await bundleWorker(fileURLToPath(new URL('hono-worker.ts', import.meta.url)));
    worker = await startWorker({ 'worker.js': code }, { port, variables: { RESOURCE: resource, ISSUER: issuer.url } });
  });
  afterAll(() => Promise.all([worker?.close(), issuer?.close()]));

  const ask = async (scope: string | null, path: string, tool?: string) => {
    const token = scope === null ? null : await issuer.accessToken({ aud: resource, scope });
    const params = { name: tool, arguments: {} };
    return fetch(worker.url + path, {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(tool === undefined
        ? {}
        : { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }) }),
    });
  };

  test('asks routes for their scopes', async () => {
    const statuses = [null, 'mcp', 'report'].map(async (scope) => (await ask(scope, '/report')).status);
    expect(await Promise.all(statuses)).toEqual([401, 403, 200]);
  });

  test('asks an MCP endpoint for those of each tool', async () => {
    const [stranger, other, echo] = [
      ask(null, '/mcp', 'echo'),
      ask('mcp', '/mcp', 'other'),
      ask('mcp', '/mcp', 'echo'),
    ];
    expect([(await stranger).status, (await other).status]).toEqual([401, 403]);
    expect(await (await echo).json()).toMatchObject({ result: { content: [{ text: 'echo' }] } });
  });
});

async function timeUntilCut(stream: Response): Promise<number> {
  const from = performance.now();
  await expect(stream.text()).rejects.toThrow('terminated');
  return performance.now() - from;
}
