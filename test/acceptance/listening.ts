import { connect } from 'node:net';
import { requestBytes, type Call, type Site, type Spy } from './harness.ts';

/** A request whose answer stays open; `text` is what has come of it so far. */
export interface Listening {
  text(): string;
  close(): void;
}

export function listenTo(site: Site<Spy>, call: Call): Listening {
  const { hostname, port } = new URL(site.gateway.url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  socket.write(requestBytes(site, call));
  return { text: () => Buffer.concat(chunks).toString('utf8'), close: () => void socket.destroy() };
}
