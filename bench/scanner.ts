// What the strict scanner costs: bytes a second over messages of three sizes, against JSON.parse, round by round in turns.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parseMessage } from '../packages/latchkey/src/core/parse-message.ts';
import { median, medianRatio } from './statistics.ts';

const USAGE = `Usage: node bench/scanner.ts [options]
  --rounds N     counted rounds (15)
  --millis N     length of a round (60)
  --other FILE   another parse-message.ts to measure in the same rounds, for a change against what it was
  --help         this text`;

type Read = (bytes: Buffer) => unknown;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    millis: { type: 'string', default: '60' },
    other: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(USAGE);
else await measure(Number(values.rounds), Number(values.millis));

async function measure(rounds: number, millis: number): Promise<void> {
  const readers = new Map<string, Read>([
    ['scanner', parseMessage],
    ['JSON.parse', (bytes) => JSON.parse(bytes.toString('utf8')) as unknown],
  ]);
  if (values.other !== undefined) {
    const other = (await import(pathToFileURL(values.other).href)) as { parseMessage: Read };
    readers.set('other', other.parseMessage);
  }
  for (const [shape, body] of toBodies()) {
    const perSecond = new Map([...readers.keys()].map((name) => [name, [] as number[]]));
    // The first rounds let the compiler finish; they do not count.
    for (let round = -3; round < rounds; round += 1)
      for (const [name, read] of readers) {
        const measured = bytesPerSecond(read, body, millis);
        if (round >= 0) perSecond.get(name)?.push(measured);
      }
    const reference = perSecond.get('JSON.parse') ?? [];
    for (const [name, measured] of perSecond) {
      const megabytes = (median(measured) / 1e6).toFixed(0).padStart(5);
      const micros = ((body.length / median(measured)) * 1e6).toFixed(2).padStart(9);
      const ratio = medianRatio(measured, reference).toFixed(2);
      console.log(`${shape.padEnd(14)} ${name.padEnd(11)} ${megabytes} MB/s ${micros} µs  ${ratio} of JSON.parse`);
    }
  }
}

/** In processor time of this thread, which a busy machine disturbs less than the clock. */
function bytesPerSecond(read: Read, body: Buffer, millis: number): number {
  const batch = Math.max(1, Math.ceil(200_000 / body.length));
  const started = process.threadCpuUsage();
  let count = 0;
  let micros = 0;
  while (micros < millis * 1000) {
    for (let i = 0; i < batch; i += 1) read(body);
    count += batch;
    const { user, system } = process.threadCpuUsage(started);
    micros = user + system;
  }
  return (count * body.length * 1e6) / micros;
}

function toBodies(): readonly (readonly [string, Buffer])[] {
  const text = 'The quick brown fox jumps over the lazy dog. ';
  return [
    ['400 B', toCall({ path: '/data/report.txt', text: text.repeat(2) })],
    ['10 KB of rows', toCall(rows(140))],
    ['10 KB of text', toCall({ text: text.repeat(220) })],
    ['1 MB of rows', toCall(rows(13_600))],
    ['1 MB of text', toCall({ text: text.repeat(22_000) })],
    ['1 MB not ASCII', toCall({ text: 'Größe – 大きさ – 😀 '.repeat(27_000) })],
  ];
}

function toCall(args: object): Buffer {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  };
  const params = { name: 'write_file', arguments: args, _meta: meta };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params }));
}

function rows(count: number): object {
  return { rows: Array.from({ length: count }, (_, n) => row(n)) };
}

function row(n: number): object {
  return { id: n, name: `row ${n}`, price: n * 1.25, tags: ['a', 'b'], ok: n % 2 === 0 };
}
