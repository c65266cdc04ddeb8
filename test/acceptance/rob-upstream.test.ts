// The line of faults: what a server does to the gateway in front of it.
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLatchkey } from '../fixtures/latchkey.ts';
import type { RawAnswer } from '../fixtures/raw-http.ts';
import { initializeCall, legacyCall, send, startSite, requestBytes, type Site } from './harness.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const STREAM = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}';

let server: Server;
/** What it does with whoever has sent a request. */
let answer: (socket: Socket) => void;
let site: Site;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site = await startSite({
    upstream: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, timeout: '2s' },
    limits: { responseBytes: '256KiB', streamIdle: '2s' },
  });
});
afterAll(async () => {
  await site.close();
  server.close();
});

const whole = (socket: Socket): void => void socket.write(`${HEAD}Content-Length: ${RESULT.length}\r\n\r\n${RESULT}`);

/** All that came back, once the connection ended or the answer was whole. */
async function received(): Promise<string> {
  const { hostname, port } = new URL(site.gateway.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk: Buffer) => void (text += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write(requestBytes(site, { headers: { Connection: 'close' } }));
  await once(socket, 'close');
  return text;
}

/** Whether a client would take the answer for a whole one. */
function looksWhole(text: string): boolean {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  return length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
}

async function expectRecovered(): Promise<void> {
  answer = whole;
  expect((await send(site)).status).toBe(200);
}

test('ROB-08 dependency outage: answers that stop half way', async () => {
  const halves: Readonly<Record<string, (socket: Socket) => void>> = {
    'fewer bytes than announced': (socket) => void socket.end(`${HEAD}Content-Length: 500\r\n\r\n${RESULT}`),
    'fewer bytes, then a reset': (socket) => {
      socket.write(`${HEAD}Content-Length: 500\r\n\r\n${RESULT}`, () => socket.resetAndDestroy());
    },
    'fewer bytes, then nothing': (socket) => void socket.write(`${HEAD}Content-Length: 500\r\n\r\n${RESULT}`),
    'a chunk cut in the middle': (socket) => void socket.end(`${STREAM}ff\r\ndata: half`),
    'chunks without the last one': (socket) => void socket.end(`${STREAM}a\r\ndata: one\n\r\n`),
    'a stream that is reset': (socket) => {
      socket.write(`${STREAM}a\r\ndata: one\n\r\n`, () => socket.resetAndDestroy());
    },
    'a stream that goes silent': (socket) => void socket.write(`${STREAM}a\r\ndata: one\n\r\n`),
    'a stream that goes silent, its type in capitals': (socket) =>
      void socket.write(`${STREAM.replace('text/event-stream', 'Text/Event-Stream')}a\r\ndata: one\n\r\n`),
    'a chunk size that is none': (socket) => void socket.write(`${STREAM}a\r\ndata: one\n\r\nzz\r\nxx\r\n`),
  };
  for (const [name, act] of Object.entries(halves)) {
    answer = act;
    const text = await received();
    // An error, or an answer that cannot be taken for a whole one.
    const honest = /^HTTP\/1.1 50[24] /.test(text) || !looksWhole(text);
    expect({ name, honest, text }).toMatchObject({ name, honest: true });
    await expectRecovered();
  }
});

test('ROB-08 dependency outage: answers that never begin', async () => {
  const heads: Readonly<Record<string, (socket: Socket) => void>> = {
    reset: (socket) => void socket.resetAndDestroy(),
    'the end': (socket) => void socket.end(),
    silence: () => {},
    'half a status line': (socket) => void socket.write('HTTP/1.1 2'),
    'headers without an end': (socket) => void socket.write(HEAD),
    'garbage for ever': (socket) => void setInterval(() => socket.write(Buffer.alloc(100, 0xa5)), 50).unref(),
    'interim answers for ever': (socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early\r\n\r\n'), 50).unref();
      socket.on('close', () => clearInterval(timer));
    },
    'another protocol': (socket) => void socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
  };
  for (const [name, act] of Object.entries(heads)) {
    answer = act;
    const text = await received();
    expect({ name, text }).toMatchObject({ name, text: expect.stringMatching(/^HTTP\/1.1 50[24] /) });
    await expectRecovered();
  }
});

const sessionIn = ({ headers }: RawAnswer): string | undefined =>
  headers.find(([name]) => name.toLowerCase() === 'mcp-session-id')?.[1];

test('ROB-08 dependency outage: another session id in every answer', async () => {
  let ids = 0;
  answer = (socket) => {
    ids += 1;
    socket.write(`${HEAD}Mcp-Session-Id: id${ids}\r\nContent-Length: ${RESULT.length}\r\n\r\n${RESULT}`);
  };
  const opened = sessionIn(await send(site, initializeCall())) ?? '';
  expect(opened).toMatch(/^id1\./);
  const tool = { name: 'echo', arguments: {} };
  const found = new Set<string | undefined>();
  for (const session of [null, opened])
    for (let id = 0; id < 60; id += 1)
      found.add(sessionIn(await send(site, legacyCall('tools/call', tool, session, id))));
  expect([...found]).toEqual([undefined]);
  // A session begins with `initialize`: no answer to anything else may take the place of one.
  expect((await send(site, initializeCall())).status).toBe(200);
  answer = (socket) =>
    void socket.write(`${HEAD}Mcp-Session-Id: id1\r\nContent-Length: ${RESULT.length}\r\n\r\n${RESULT}`);
  expect(sessionIn(await send(site, legacyCall('tools/call', tool, opened)))).toBe(opened);
  await expectRecovered();
});

const memoryMiB = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${site.gateway.pid}/status`, 'utf8'))?.[1]) / 1024;

/** Writes as fast as the other side takes it, until it goes away. */
function flood(socket: Socket, head: string, chunk: Buffer): void {
  const pour = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', pour);
  socket.write(head);
  pour();
}

test.skipIf(process.platform !== 'linux')('ROB-08 dependency outage: floods', async () => {
  await expectRecovered();
  const before = memoryMiB();
  const floods: Readonly<Record<string, (socket: Socket) => void>> = {
    headers: (socket) => flood(socket, 'HTTP/1.1 200 OK\r\n', Buffer.from(`x: ${'y'.repeat(4000)}\r\n`)),
    'a body with a length': (socket) =>
      flood(socket, `${HEAD}Content-Length: 99999999999\r\n\r\n`, Buffer.alloc(65_536, 0x20)),
    'a body without one': (socket) => flood(socket, `${HEAD}Connection: close\r\n\r\n`, Buffer.alloc(65_536, 0x20)),
    'more than was announced': (socket) =>
      flood(socket, `${HEAD}Content-Length: ${RESULT.length}\r\n\r\n${RESULT}`, Buffer.alloc(65_536, 0x20)),
    'a line without an end': (socket) => flood(socket, '', Buffer.alloc(65_536, 0x41)),
  };
  for (const [name, act] of Object.entries(floods)) {
    answer = act;
    const text = await received();
    const bounded = text.length < 2 ** 20;
    expect({ name, bounded, length: text.length }).toMatchObject({ name, bounded: true });
    await expectRecovered();
  }
  // A caller that does not read holds the server back, not the gateway's memory.
  answer = (socket) => flood(socket, STREAM, Buffer.from(`10000\r\ndata: ${'z'.repeat(65_528)}\n\n\r\n`));
  const { hostname, port } = new URL(site.gateway.url);
  const lazy = Array.from({ length: 10 }, () => {
    const socket = connect(Number(port), hostname).on('error', () => {});
    socket.pause();
    socket.write(requestBytes(site, {}));
    return socket;
  });
  for (let look = 0; look < 10; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(memoryMiB() - before).toBeLessThan(150);
  }
  for (const socket of lazy) socket.destroy();
  await expectRecovered();
  expect(site.gateway.talk()).not.toMatch(/could not be judged|ncaught|^\s+at /m);
});

const LINE_FAULTS: Readonly<Record<string, string>> = {
  garbage: 'process.stdout.write(Buffer.alloc(5000, 0xa5))',
  'a line without an end': 'setInterval(() => process.stdout.write("x".repeat(65536)), 1)',
  'lines that are no messages': 'setInterval(() => process.stdout.write("null\\n[]\\n{}\\n42\\n".repeat(1000)), 1)',
  silence: '',
};

test('ROB-08 dependency outage: a program that is no server', async () => {
  const starts = Object.values(LINE_FAULTS).map(async (script) => {
    const command = [process.execPath, '-e', `${script}; setInterval(() => {}, 1000)`];
    const started = startLatchkey({ config: { upstream: { command }, limits: { startTimeout: '3s' } } });
    await expect(started).rejects.toThrow(/^latchkey ended before it was ready:\nlatchkey: E_UPSTREAM_START /);
  });
  await Promise.all(starts);
});
