import { describe, expect, it } from 'vitest';
import { sendBody, stageGateway, writtenTo, type SentToStage } from '../../../../../test/fixtures/stages.ts';
import type { GatewayLimits } from '../options.ts';
import { readStage } from './read.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const CHUNKED = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };

interface Sent extends SentToStage {
  /** Of the body; null for a sender of which nothing comes. */
  readonly pieces?: readonly string[] | null;
  readonly trailers?: readonly string[];
  readonly minor?: number;
}

/** What becomes of a request whose body comes in these pieces. */
async function read({ pieces = [], trailers = [], minor = 1, ...sent }: Sent, limits: Partial<GatewayLimits> = {}) {
  const gateway = stageGateway({ limits });
  const exchange = gateway.exchange({ method: 'POST', headers: JSON_TYPE, ...sent });
  const { request } = exchange;
  Object.assign(request, { httpVersionMinor: minor });
  if (pieces !== null) sendBody(exchange, pieces, trailers);
  const result = await readStage(gateway.state).run(exchange);
  const text = exchange.body === null ? null : Buffer.from(exchange.body).toString();
  return { result, text, exchange, continued: writtenTo(exchange).status === 100, flowing: request.readableFlowing };
}

const resultOf = async (sent: Sent, limits?: Partial<GatewayLimits>) => (await read(sent, limits)).result;

/** What a request is refused with of whose body nothing is asked for. */
const refusedUnread = async (headers: Record<string, string>) => {
  const { result, text, continued, flowing } = await read(
    { headers: { expect: '100-continue', ...headers }, pieces: null },
    { bodyBytes: 10 },
  );
  expect([text, continued, flowing]).toEqual([null, false, null]);
  return result;
};

const inPieces = (count: number) => resultOf({ headers: CHUNKED, pieces: Array.from({ length: count }, () => 'x') });

const continued = async (headers: Record<string, string>, minor = 1) =>
  (await read({ headers: { ...JSON_TYPE, ...headers }, pieces: ['{}'], minor })).continued;

const accepted = (target: string, accept: string, method = 'GET') => resultOf({ target, method, headers: { accept } });

describe('readStage', () => {
  it('keeps the bytes of a body in the order in which they came', async () => {
    expect(await read({ pieces: ['{"a":', '1', '}'] })).toMatchObject({ result: null, text: '{"a":1}' });
    expect(await read({ pieces: ['x'.repeat(5000), 'y'.repeat(70_000), 'z'] })).toMatchObject({
      text: `${'x'.repeat(5000)}${'y'.repeat(70_000)}z`,
    });
    // A body that is not there is one without a byte: no message, and not the lack of one.
    expect(await read({ pieces: [] })).toMatchObject({ result: null, text: '' });
  });

  it('refuses what the headers say of a body before any of it is read', async () => {
    expect(await refusedUnread({ 'content-type': 'text/plain' })).toEqual({ reason: 'content-type' });
    expect(await refusedUnread({ ...JSON_TYPE, 'content-encoding': 'gzip' })).toEqual({ reason: 'content-encoding' });
    expect(await refusedUnread({ ...JSON_TYPE, accept: 'text/html' })).toEqual({ reason: 'not-acceptable' });
    expect(await refusedUnread({ ...JSON_TYPE, 'content-length': '11' })).toEqual({ reason: 'body-too-large' });
  });

  it('refuses a body as soon as more of it came than may, whatever was said of it', async () => {
    const limits = { bodyBytes: 10 };
    expect(await read({ headers: CHUNKED, pieces: ['12345', '67890'] }, limits)).toMatchObject({
      result: null,
      text: '1234567890',
    });
    const { result, text } = await read({ headers: CHUNKED, pieces: ['12345', '678901'] }, limits);
    expect([result, text]).toEqual([{ reason: 'body-too-large' }, null]);
  });

  it('refuses a body in far more pieces than its size asks for', async () => {
    expect(await inPieces(1024)).toBeNull();
    expect(await inPieces(1100)).toEqual({ reason: 'framing', detail: 'too many chunks' });
  });

  it('refuses headers that come after the body that they were to be judged with', async () => {
    const { result, text } = await read({ headers: CHUNKED, pieces: ['{}'], trailers: ['x-a', 'b'] });
    expect([result, text]).toEqual([{ reason: 'framing', detail: 'trailers' }, null]);
  });

  it('asks for a body whose sender waits to be asked, and no other', async () => {
    expect(await continued({ expect: '100-continue' })).toBe(true);
    expect(await continued({ expect: '100-continue' }, 0)).toBe(false);
    expect(await continued({})).toBe(false);
  });

  describe('without a body', () => {
    it('refuses a stream to a client that takes none', async () => {
      for (const target of ['/mcp', '/sse']) {
        expect(await accepted(target, 'text/event-stream')).toBeNull();
        expect(await accepted(target, 'application/json')).toEqual({ reason: 'not-acceptable' });
        expect(await resultOf({ target, method: 'GET', headers: {} })).toBeNull();
      }
    });

    it('gives the plain list to whoever takes JSON', async () => {
      for (const accept of ['application/json', 'text/event-stream', '*/*'])
        expect(await accepted('/mcp/tools', accept)).toBeNull();
      expect(await accepted('/mcp/tools', 'text/html')).toEqual({ reason: 'not-acceptable' });
    });

    it('asks nothing of the end of a session, and reads nothing', async () => {
      expect(await accepted('/mcp', 'text/html', 'DELETE')).toBeNull();
      expect(await read({ method: 'GET', headers: {}, pieces: ['{}'] })).toMatchObject({ text: null, flowing: null });
    });
  });
});
