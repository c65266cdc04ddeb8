// Nobody comes in while the lock cannot say who it is.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { expectUpstreamUntouched, send } from '../acceptance/harness.ts';
import { hasProxy, startProxy } from './proxy.ts';
import { startForwardSite, type ForwardSite } from './site.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
async function start(...args: Parameters<typeof startForwardSite>): Promise<ForwardSite> {
  const site = await startForwardSite(...args);
  closing.push(() => site.close());
  return site;
}

describe.each(['nginx', 'caddy'] as const)('behind %s', (name) => {
  describe.skipIf(!hasProxy(name))('without its lock', () => {
    test('RSA-36 Auth outage fails closed: a lock that is not there', async () => {
      const site = await start(name);
      expect((await send(site)).status).toBe(200);
      await site.gateway.kill('SIGKILL');
      await expectUpstreamUntouched(site, async () => {
        for (const call of [{}, { token: null }]) expect([500, 502]).toContain((await send(site, call)).status);
      });
    });

    test('RSA-36 Auth outage fails closed: a lock that says nothing, nonsense, or half an answer', async () => {
      const answers: Readonly<Record<string, string>> = {
        silence: '',
        'no HTTP': 'allowed\r\n\r\n',
        'half an answer': 'HTTP/1.1 200 OK\r\nLatchkey-Prin',
        'a redirect': 'HTTP/1.1 302 Found\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n',
        'not yet': 'HTTP/1.1 103 Early Hints\r\n\r\n',
      };
      let answer = '';
      const fake = await listen((socket) => void socket.once('data', () => socket.write(answer)));
      const port = (fake.address() as AddressInfo).port;
      const site = await start(name, {
        change: (text) =>
          text
            .replaceAll(':8787', `:${port}`)
            .replace('proxy_read_timeout 5s', 'proxy_read_timeout 1s')
            .replace('response_header_timeout 5s', 'response_header_timeout 1s'),
      });
      for (const [kind, text] of Object.entries(answers)) {
        answer = text;
        await expectUpstreamUntouched(site, async () => {
          const { status } = await send(site);
          expect({ kind, status }).toMatchObject({ kind, status: expect.toSatisfy((each: number) => each >= 300) });
        });
      }
    });

    test('RSA-36 Auth outage fails closed: a store that cannot be read', async () => {
      const site = await start(name);
      expect((await send(site)).status).toBe(200);
      for (const file of ['credentials.db', 'credentials.db-wal', 'credentials.db-shm'])
        await writeFile(`${site.gateway.store}/${file}`, Buffer.alloc(65_536, 7));
      await expectUpstreamUntouched(site, async () => {
        expect([401, 503]).toContain((await send(site)).status);
      });
    });
  });
});

async function listen(onSocket: (socket: Socket) => void): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return server;
}

test.skipIf(!hasProxy('nginx'))('a line that is missing in the configuration of nginx lets nobody in', async () => {
  const site = await start('nginx');
  expect((await send(site)).status).toBe(200);
  await site.proxy.close();
  for (const header of [
    'Host $http_host',
    'X-Original-Method',
    'X-Original-URI',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
  ]) {
    let removed = 0;
    const change = (text: string): string => {
      const [before = '', lock = ''] = text.split('location = /latchkey');
      const lines = lock.split('\n').filter((line) => !line.includes(`proxy_set_header ${header}`));
      removed = lock.split('\n').length - lines.length;
      return `${before}location = /latchkey${lines.join('\n')}`;
    };
    const proxy = await startProxy('nginx', site.ports, change);
    try {
      expect(removed).toBe(1);
      await expectUpstreamUntouched(site, async () => expect([400, 421]).toContain((await send(site)).status));
    } finally {
      await proxy.close();
    }
  }
});
