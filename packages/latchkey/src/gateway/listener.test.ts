import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, OPENSSL_MISSING, type Certificates } from '../../../../test/fixtures/certificates.ts';
import { hold, type Held } from '../../../../test/fixtures/connections.ts';
import { startListener, type Listener } from './listener.ts';

const LIMITS = {
  headerBytes: 16_384,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 15_000,
  idleTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  connectionsPerAddress: 200,
  connections: 5000,
};
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

let certificates: Certificates;
beforeAll(async () => {
  if (!OPENSSL_MISSING) certificates = await makeCertificates();
});
afterAll(async () => {
  if (!OPENSSL_MISSING) await rm(dirname(certificates.authority.certFile), { recursive: true });
});

interface Started {
  readonly listener: Listener;
  readonly url: string;
  /** Resolves with the next response to be given. */
  asked(): Promise<ServerResponse>;
}

async function start(tls: boolean): Promise<Started> {
  const responses: ServerResponse[] = [];
  const listener = await startListener(
    {
      host: '127.0.0.1',
      port: 0,
      tls: tls ? certificates.right : null,
      trusted: null,
      limits: LIMITS,
      log: () => {},
    },
    { onRequest: (_request, response) => void responses.push(response), onBadRequest: () => {} },
  );
  return {
    listener,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${listener.port}`,
    async asked() {
      await expect.poll(() => responses.length).toBeGreaterThan(0);
      return responses.shift() as ServerResponse;
    },
  };
}

async function timeOf(work: Promise<void>): Promise<number> {
  const begun = performance.now();
  await work;
  return performance.now() - begun;
}

// The beginning of a hello that goes on: the handshake waits for the rest.
const HELLO = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);
type Act = (held: Held) => void;
const HOLDERS: Readonly<Record<string, Act>> = {
  'has sent nothing': () => {},
  'has sent half a request': ({ socket }) => socket.write('GET / HT'),
};
const SHAKING: Readonly<Record<string, Act>> = {
  'is in its TLS handshake': ({ socket }) => socket.write(HELLO),
};

describe.each([false, true])('startListener (TLS: %s)', (tls) => {
  describe.skipIf(tls && OPENSSL_MISSING)('stop', () => {
    const holders = Object.entries(tls ? { ...HOLDERS, ...SHAKING } : HOLDERS);
    it.each(holders)('does not wait for a connection that %s', async (_name, act) => {
      const { listener, url } = await start(tls);
      const held = hold(url);
      await once(held.socket, 'connect');
      act(held);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(held.open).toBe(true);
      expect(await timeOf(listener.stop(async () => {}))).toBeLessThan(2000);
      await held.closed;
    });

    it('lets an answer under way be finished, and closes its connection then', async () => {
      const { listener, url, asked } = await start(tls);
      const [silent, asking] = [hold(url), hold(url, { tls })];
      await once(asking.socket, tls ? 'secureConnect' : 'connect');
      asking.socket.write(REQUEST);
      const response = await asked();
      response.write('begun ');
      await listener.stop(async () => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        response.end('finished');
        await once(response, 'close');
      });
      await asking.closed;
      expect(asking.text()).toContain('finished');
      await silent.closed;
    });

    it('cuts what the drain did not wait for', async () => {
      const { listener, url, asked } = await start(tls);
      const asking = hold(url, { tls });
      await once(asking.socket, tls ? 'secureConnect' : 'connect');
      asking.socket.write(REQUEST);
      const response = await asked();
      response.write('begun ');
      await asking.heard('begun');
      await listener.stop(async () => {});
      await asking.closed;
      expect(response.destroyed).toBe(true);
    });
  });
});
