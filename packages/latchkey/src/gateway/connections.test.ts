import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTrusted } from '../lock/trusted-proxies.ts';
import { boundConnections, type ConnectionLimits } from './connections.ts';

const sockets: Socket[] = [];
let front: Server;
let open: ReadonlySet<Socket>;
let told: (readonly [string, string])[];

async function start(limits: ConnectionLimits): Promise<void> {
  told = [];
  front = createServer();
  open = boundConnections(front, limits, (limit, address) => void told.push([limit, address]));
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  front.close();
});

/** Opens as many, one after the other, and says how many of them stay. */
async function knock(count: number, from: string): Promise<number> {
  const before = open.size;
  for (let i = 0; i < count; i += 1) {
    const socket = connect({ port: (front.address() as AddressInfo).port, host: '127.0.0.1', localAddress: from });
    sockets.push(socket.on('error', () => {}));
    await once(front, 'connection');
  }
  return open.size - before;
}

// Only on Linux all of 127.0.0.0/8 belongs to this machine.
describe.skipIf(process.platform !== 'linux')('boundConnections', () => {
  it('holds each network, and lets it have new ones when others close', async () => {
    await start({ each: 3, all: 100, trusted: null });
    expect(await knock(5, '127.0.0.2')).toBe(3);
    expect(await knock(5, '127.0.0.3')).toBe(3);
    sockets[0]?.destroy();
    await expect.poll(() => open.size).toBe(5);
    expect(await knock(2, '127.0.0.2')).toBe(1);
  });

  it('holds a trusted proxy, behind which many are, by the limit of all alone', async () => {
    await start({ each: 3, all: 8, trusted: createTrusted(['127.0.0.2']) });
    expect(await knock(5, '127.0.0.2')).toBe(5);
    expect(await knock(5, '127.0.0.3')).toBe(3);
    expect(await knock(5, '127.0.0.2')).toBe(0);
  });

  it('tells of the first that it closes for each limit, and not of all', async () => {
    await start({ each: 3, all: 5, trusted: null });
    await knock(6, '127.0.0.2');
    await knock(6, '127.0.0.3');
    await knock(6, '127.0.0.4');
    expect(told).toEqual([
      ['connectionsPerAddress', '127.0.0.2'],
      ['connections', '127.0.0.3'],
    ]);
  });
});
