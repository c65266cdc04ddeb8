import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { rewriteHead, startHeaderAddingProxy } from './header-adding-proxy.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each.close();
});

async function startPair(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const gateway = createServer(answer);
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  opened.push({
    close: async () => {
      gateway.closeAllConnections();
      gateway.close();
    },
  });
  const host = `127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const proxy = await startHeaderAddingProxy(`http://${host}/mcp`, 'secret');
  opened.push(proxy);
  return { host, url: proxy.url };
}

const rewrite = (...lines: string[]) =>
  rewriteHead(['POST /mcp HTTP/1.1', ...lines].join('\r\n'), '127.0.0.1:1', '127.0.0.1:2', 'secret').split('\r\n');

describe('rewriteHead', () => {
  it('replaces its own name in Host and Origin, and only there', () => {
    expect(rewrite('Host: 127.0.0.1:1', 'Origin: http://127.0.0.1:1', 'X: 127.0.0.1:1').slice(1, 4)).toEqual([
      'Host: 127.0.0.1:2',
      'Origin: http://127.0.0.1:2',
      'X: 127.0.0.1:1',
    ]);
  });

  it('leaves a foreign name, white space and repeated headers as they are', () => {
    const lines = ['Host: evil.example.com', 'Mcp-Name:   a  ', 'mcp-name: b'];
    expect(rewrite(...lines).slice(1, 4)).toEqual(lines);
  });
});

describe('startHeaderAddingProxy', () => {
  it('adds the token to every request of a connection, and passes the bodies on', async () => {
    const { host, url } = await startPair(async (incoming, response) => {
      const { authorization, host: named } = incoming.headers;
      const { remotePort } = incoming.socket;
      response.end(JSON.stringify({ authorization, named, remotePort, body: await text(incoming) }));
    });
    const agent = new Agent({ keepAlive: true });
    const ports = new Set<unknown>();
    for (const body of ['a', 'b'.repeat(100_000), 'c']) {
      const call = request(url, { method: 'POST', agent, headers: { 'Content-Length': body.length } }).end(body);
      const [response] = await once(call, 'response');
      const { remotePort, ...seen } = JSON.parse(await text(response));
      expect(seen).toEqual({ authorization: 'Bearer secret', named: host, body });
      ports.add(remotePort);
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });

  it('passes a stream on while it is still being written', async () => {
    const { url } = await startPair((_incoming, response) => void response.write('data: first\n\n'));
    const reader = (await fetch(url)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: first\n\n');
    await reader.cancel();
  });

  it('tells the gateway at once that the client has gone', async () => {
    const { promise: gone, resolve } = Promise.withResolvers<string>();
    const { url } = await startPair((_incoming, response) => {
      response.once('close', () => resolve('gone'));
      response.write('data: first\n\n');
    });
    const call = request(url).end();
    await once(call, 'response');
    call.on('error', () => undefined).destroy();
    expect(await gone).toBe('gone');
  });
});
