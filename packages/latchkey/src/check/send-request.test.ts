import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDraft, createGet, STRANGER_HOST, withHeader } from './draft.ts';
import { sendRequest } from './send-request.ts';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** A server that answers with these bytes, and says what it got. */
async function serve(answer: (socket: Socket) => void): Promise<{ url: URL; got(): string; open(): number }> {
  let got = '';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
      answer(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  return { url, got: () => got, open: () => sockets.size };
}

const head = (status: string, ...headers: string[]) =>
  `HTTP/1.1 ${status}\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\n`;

describe('sendRequest', () => {
  it('sends headers to the letter: a false Host, a header twice', async () => {
    const { url, got } = await serve((socket) => socket.end(head('204 No Content')));
    const lie = withHeader(createGet(url), 'Host', STRANGER_HOST);
    await sendRequest({ ...lie, headers: [...lie.headers, ['X-A', '1'], ['X-A', '2']] }, 2000);
    expect(got()).toMatch(/^GET \/mcp HTTP\/1\.1\r\n/);
    expect(got().match(/^Host: .*$/gim)).toEqual([`Host: ${STRANGER_HOST}`]);
    expect(got()).toContain('X-A: 1\r\nX-A: 2\r\n');
  });

  it('does not follow a redirect', async () => {
    const { url, got } = await serve((socket) =>
      socket.end(head('307 Temporary Redirect', 'Location: /other', 'Content-Length: 0')),
    );
    expect(await sendRequest(createGet(url), 2000)).toMatchObject({ kind: 'answer', status: 307 });
    expect(got().match(/GET/g)).toHaveLength(1);
  });

  it('waits no longer than it may, with and without a connection to show for it', async () => {
    const { url } = await serve(() => {});
    expect(await sendRequest(createGet(url), 150)).toMatchObject({
      cause: 'timeout',
      message: expect.stringContaining('Connected'),
    });
  });

  it('keeps what came of an answer that does not end', async () => {
    const { url } = await serve((socket) => socket.write(`${head('200 OK', 'Content-Length: 100')}half`));
    expect(await sendRequest(createGet(url), 300)).toMatchObject({ status: 200, body: 'half', cut: 'time' });
  });

  it('reads at most 1 MiB', async () => {
    const { url, open } = await serve((socket) => {
      socket.write(head('200 OK'));
      const pour = (): void => {
        while (socket.writable && socket.write('x'.repeat(65_536)));
        socket.once('drain', pour);
      };
      pour();
    });
    const reply = await sendRequest(createGet(url), 10_000);
    expect(reply).toMatchObject({ status: 200, cut: 'size' });
    expect(reply.kind === 'answer' && reply.body.length).toBe(1024 * 1024);
    await expect.poll(open).toBe(0);
  });

  it('leaves a stream once it has the response', async () => {
    const event = 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n';
    const { url, open } = await serve((socket) =>
      socket.write(`${head('200 OK', 'Content-Type: text/event-stream')}${event}`),
    );
    const draft = createDraft(url, { era: 'modern', method: 'tools/list', token: null, session: null });
    expect(await sendRequest(draft, 10_000)).toMatchObject({ body: event, cut: 'enough' });
    await expect.poll(open).toBe(0);
  });

  it.each([
    ['no HTTP', (socket: Socket) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n'), 'no-http'],
    ['nothing', (socket: Socket) => void socket.destroy(), 'closed'],
  ])('says what it means when there comes %s', async (_what, answer, cause) => {
    const { url } = await serve(answer);
    expect(await sendRequest(createGet(url), 2000)).toMatchObject({ kind: 'failure', cause });
  });

  it('says when nobody is there, and when the port speaks no TLS', async () => {
    const { url } = await serve((socket) => socket.end(head('400 Bad Request')));
    const tls = new URL(url);
    tls.protocol = 'https:';
    expect(await sendRequest(createGet(tls), 2000)).toMatchObject({ cause: 'no-tls' });
    expect(await sendRequest(createGet(new URL('http://127.0.0.1:1/')), 2000)).toMatchObject({ cause: 'refused' });
    expect(await sendRequest(createGet(new URL('http://nowhere.invalid/')), 5000)).toMatchObject({ cause: 'name' });
  });
});
