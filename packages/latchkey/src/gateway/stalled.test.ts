import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cutStalled } from './stalled.ts';

const HOUR_MS = 3_600_000;

describe('cutStalled', () => {
  let front: Server;
  let stop: () => void;
  let reader: Socket;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    // More than the system takes for a peer that does not read.
    const open = new Set<Socket>();
    front = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => {}).write(Buffer.alloc(32 * 2 ** 20));
    });
    stop = cutStalled(open, 3000);
    await once(front.listen(0, '127.0.0.1'), 'listening');
    reader = connect((front.address() as AddressInfo).port, '127.0.0.1').pause();
    reader.on('error', () => {});
    await sleep(600);
  });
  afterEach(() => {
    vi.useRealTimers();
    stop();
    reader.destroy();
    front.close();
  });

  const countOpen = () => new Promise((resolve) => front.getConnections((_, count) => resolve(count)));

  it('gives a reader that pauses its time, however the clock is set ahead', async () => {
    vi.setSystemTime(Date.now() + HOUR_MS);
    await sleep(500);
    expect(await countOpen()).toBe(1);
  });

  it('gives a reader its time after a standstill, in which nobody could read', async () => {
    const until = performance.now() + 3500;
    while (performance.now() < until);
    reader.resume();
    await sleep(500);
    expect(await countOpen()).toBe(1);
  });

  it('cuts one that has stopped, however the clock is set back', async () => {
    vi.setSystemTime(Date.now() - HOUR_MS);
    await vi.waitFor(async () => expect(await countOpen()).toBe(0), 10_000);
  });
});
