import { describe, expect, it } from 'vitest';
import { stageGateway, writtenTo } from '../../../../../test/fixtures/stages.ts';
import { publishStage } from './publish.ts';

const METADATA = '/.well-known/oauth-protected-resource/mcp';
const APP = 'https://app.example';
const FOREIGN = 'https://evil.example';

const keys = { path: '/keys', body: () => Promise.resolve({ status: 203, body: '{"keys":[]}' }) };
const lost = { path: '/lost', body: () => Promise.reject(new Error('nobody there')) };

/** `origin` is allowed where it is the app's; `receive` has seen to that. */
async function publish(method: string, target: string, origin: string | null = null) {
  const gateway = stageGateway({ options: { documents: [keys, lost] } });
  const exchange = gateway.exchange({
    method,
    target,
    headers: origin === null ? {} : { origin },
    with: { origin: origin === APP ? APP : null },
  });
  const result = await publishStage(gateway.state).run(exchange);
  return { result, ...writtenTo(exchange) };
}

const readers = async (target: string, origin: string) =>
  (await publish('GET', target, origin)).headers['access-control-allow-origin'];

describe('publishStage', () => {
  it('leaves what is no document to the stages that ask who is there', async () => {
    for (const target of ['/mcp', '/sse', '/.latchkey/rotate', '/nowhere'])
      expect(await publish('GET', target)).toMatchObject({ result: null, status: 0 });
  });

  it('gives documents to anybody, as nothing else than JSON and fresh each time', async () => {
    const answer = await publish('GET', METADATA);
    expect(answer).toMatchObject({ result: 'done', status: 200 });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      vary: 'origin',
    });
    expect(JSON.parse(answer.body)).toMatchObject({ resource: 'https://api.example/mcp', name: 'files' });
    expect(await publish('GET', '/readyz')).toMatchObject({ status: 200, body: '{"status":"ready"}' });
  });

  it('answers HEAD without the body', async () => {
    expect(await publish('HEAD', '/healthz')).toMatchObject({ result: 'done', status: 200, body: '' });
  });

  it('waits for a document that is not there yet, and says so when it cannot be had', async () => {
    expect(await publish('GET', '/keys')).toMatchObject({ result: 'done', status: 203 });
    expect((await publish('GET', '/lost')).result).toEqual({ reason: 'issuer-unavailable', retryAfterSeconds: 1 });
  });

  it('lets every page read what is public, and none but its own what tells of its health', async () => {
    expect(await readers(METADATA, FOREIGN)).toBe('*');
    expect(await readers(METADATA, APP)).toBe(APP);
    expect(await readers('/healthz', FOREIGN)).toBeUndefined();
    expect(await readers('/healthz', APP)).toBe(APP);
  });

  it('says once of each answer that it hangs on the origin', async () => {
    for (const origin of [null, APP, FOREIGN])
      expect((await publish('GET', METADATA, origin)).headers['vary']).toBe('origin');
  });

  it('answers a preflight with what the path takes, and grants it to no foreign page but for public documents', async () => {
    const preflight = async (target: string, origin: string) => {
      const { result, status, headers } = await publish('OPTIONS', target, origin);
      expect([result, status]).toEqual(['done', 204]);
      return [headers['access-control-allow-origin'], headers['access-control-allow-methods'], headers['allow']];
    };
    expect(await preflight('/mcp', APP)).toEqual([APP, 'get, post, delete', undefined]);
    expect(await preflight('/mcp', FOREIGN)).toEqual([undefined, undefined, 'get, post, delete, options']);
    expect(await preflight(METADATA, FOREIGN)).toEqual(['*', 'get, head', undefined]);
    expect(await preflight(METADATA, APP)).toEqual([APP, 'get, head', undefined]);
    expect(await preflight('/healthz', FOREIGN)).toEqual([undefined, undefined, 'get, head, options']);
    expect(await preflight('/nowhere', APP)).toEqual([APP, '', undefined]);
    const nobodys = await publish('OPTIONS', METADATA);
    expect(nobodys.headers).toMatchObject({ allow: 'get, head, options' });
    expect(nobodys.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
