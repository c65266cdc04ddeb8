import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ConnectionPool } from './connection-pool.ts';
import type { Receiver } from './connection.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

let server: Server;
let pool: ConnectionPool;
/** The server's ends of all connections so far. */
let sockets: Socket[];

async function serve(answer: string | ((socket: Socket) => void)): Promise<void> {
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', () => (typeof answer === 'string' ? socket.write(answer, 'latin1') : answer(socket)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  pool = new ConnectionPool({ url, tls: {}, connectTimeoutMs: 2000 });
}

/** What becomes of one request: its body, or the reason of its failure and what happened. */
function ask(body: Buffer | null = null): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const receiver: Receiver = {
      onHead() {},
      onBody(bytes) {
        text += bytes.toString();
        return true;
      },
      onEnd: () => resolve(text),
      onFail: (reason, detail) => resolve(`${reason}: ${detail}`),
    };
    pool.send(REQUEST, body, receiver);
  });
}

afterEach(() => {
  pool.close();
  server.close();
  for (const socket of sockets) socket.destroy();
});

describe('ConnectionPool', () => {
  it('uses a connection again, and opens another for a request beside it', async () => {
    await serve(ANSWER);
    expect([await ask(), await ask(), await ask()]).toEqual(['ok', 'ok', 'ok']);
    expect(sockets).toHaveLength(1);
    expect(await Promise.all([ask(), ask()])).toEqual(['ok', 'ok']);
    expect(sockets).toHaveLength(2);
  });

  it.each([
    ['says that it closes', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'],
    ['keeps connections for a moment only', 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok'],
    ['sent more than the answer', `${ANSWER}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`],
    ['answers before it has read the request', `${ANSWER}`],
  ])('does not use the connection of a server again that %s', async (what, answer) => {
    const unread = what.startsWith('answers');
    await serve(
      unread
        ? (socket) => {
            socket.pause();
            if (socket.bytesWritten === 0) socket.write(answer);
          }
        : answer,
    );
    const body = unread ? Buffer.alloc(64 * 1024 * 1024) : null;
    expect([await ask(body), await ask(body)]).toEqual(['ok', 'ok']);
    expect(sockets).toHaveLength(2);
  });

  it('takes no answer from what came before it was asked for', async () => {
    await serve(ANSWER);
    await ask();
    const closed = once(sockets[0] as Socket, 'close');
    sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
    await closed;
    expect(await ask()).toBe('ok');
  });

  it('opens another where the server closed the idle one', async () => {
    await serve(ANSWER);
    await ask();
    sockets[0]?.end();
    await once(sockets[0] as Socket, 'close');
    expect(await ask()).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  it('closes what was idle for long enough', async () => {
    await serve(ANSWER);
    await ask();
    pool.closeOverdue(performance.now() + 3000);
    expect(await ask()).toBe('ok');
    expect(sockets).toHaveLength(1);
    const closed = once(sockets[0] as Socket, 'close');
    pool.closeOverdue(performance.now() + 4000);
    await closed;
    expect(await ask()).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  it.each([
    ['upstream-unreachable: the connection broke (ECONNRESET)', (socket: Socket) => socket.resetAndDestroy()],
    [
      'upstream-unreachable: the connection broke',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok'),
    ],
    ['upstream-invalid: its answer is not one of HTTP', (socket: Socket) => socket.end('SMTP\r\n\r\n')],
  ])('says %s of a server that breaks', async (outcome, breaks) => {
    await serve(breaks);
    expect(await ask()).toBe(outcome);
  });

  it('says why there is no connection', async () => {
    await serve(ANSWER);
    server.close();
    await once(server, 'close');
    expect(await ask()).toBe('upstream-unreachable: no connection (ECONNREFUSED)');
    await serve(ANSWER);
    const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    pool = new ConnectionPool({ url, tls: {}, connectTimeoutMs: 50 });
    server.removeAllListeners('connection').on('connection', (socket: Socket) => sockets.push(socket));
    expect(await ask()).toBe('upstream-unreachable: no connection (timed out)');
  });

  it('fails what is under way when it is closed, and what comes after', async () => {
    await serve(() => {});
    const asked = ask();
    await once(server, 'connection');
    pool.close();
    expect(await asked).toMatch(/^upstream-unreachable: /);
    expect(await ask()).toBe('upstream-unreachable: the gateway ends');
  });
});
