import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RawMessage } from './raw-request.ts';

/** The headers by name that the server saw, and whether it took the request for one that waits. */
async function ask(...lines: readonly string[]): Promise<readonly [object, boolean, readonly string[]]> {
  const server = createServer({ IncomingMessage: RawMessage, requireHostHeader: false });
  const seen = new Promise<readonly [object, boolean, readonly string[]]>((resolve) => {
    server.on('request', (request) => resolve([request.headers, false, request.rawHeaders]));
    server.on('checkContinue', (request) => resolve([request.headers, true, request.rawHeaders]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(['POST / HTTP/1.1', ...lines, '', ''].join('\r\n'));
  const heard = await seen;
  socket.destroy();
  server.close();
  return heard;
}

describe('RawMessage', () => {
  it('gathers no header by name, and has all as they came', async () => {
    const [headers, waits, raw] = await ask(
      'Host: a',
      'X-One: 1',
      'x-one: 2',
      'Accept: x',
      'Transfer-Encoding: chunked',
    );
    expect([headers, waits]).toEqual([{}, false]);
    expect(raw).toEqual(['Host', 'a', 'X-One', '1', 'x-one', '2', 'Accept', 'x', 'Transfer-Encoding', 'chunked']);
  });

  it.each(['Expect', 'expect', 'EXPECT'])('lets Node see that a client waits (%s)', async (name) => {
    const [headers, waits] = await ask('Accept: x', `${name}: 100-continue`, 'Content-Length: 2');
    expect([headers, waits]).toEqual([{ expect: '100-continue' }, true]);
  });
});
