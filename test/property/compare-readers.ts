import { isDeepStrictEqual } from 'node:util';
import type { Message, Range } from '../../packages/latchkey/src/core/message.ts';
import { parseMessage } from '../../packages/latchkey/src/core/parse-message.ts';
import { NO_JSON, readReference, REFUSED, type Reading } from './reference-reader.ts';

/** `parseMessage`, or one like it. */
export type Scan = typeof parseMessage;

export interface Comparison {
  readonly accepted: boolean;
  /** What the scanner should have said or did say; null when all readers agree. */
  readonly disagreement: string | null;
}

/** Lets a scanner, the reference reader and JSON.parse read a document. */
export function compareReaders(document: Buffer, scan: Scan = parseMessage): Comparison {
  const before = Buffer.from(document);
  const result = scan(document);
  const expected = readReference(document);
  const accepted = result.kind === 'message';
  const differ = (disagreement: string): Comparison => ({ accepted, disagreement });
  if (!before.equals(document)) return differ('the scanner changed the bytes');
  if (result.kind === 'refused') {
    if (typeof expected !== 'string') return differ(`refused (${result.refusal.reason}) what is sound`);
    if (result.refusal.reason === 'json-malformed' && expected !== NO_JSON) return differ('called JSON malformed');
    return { accepted, disagreement: null };
  }
  if (expected === NO_JSON || expected === REFUSED) return differ(`accepted what is ${expected}`);
  const read = toReading(result.message);
  if (!isDeepStrictEqual(read, expected)) return differ(describe(read, expected));
  return secondOpinion(result.message) ? { accepted, disagreement: null } : differ('JSON.parse reads another message');
}

function toReading({ bytes, idRange, ...message }: Message): Reading {
  const textOf = (range: Range | null): string | null => (range === null ? null : spell(bytes, range.start, range.end));
  return {
    ...message,
    id: idRange === null || textOf(idRange) === message.id ? message.id : 'not where its range says',
    params: textOf(message.params),
    args: textOf(message.args),
    meta: textOf(message.meta),
    clientCapabilities: textOf(message.clientCapabilities),
    progressToken: textOf(message.progressToken),
    cursor: textOf(message.cursor),
  };
}

// Not by the function that the scanner itself uses.
function spell(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', start, end);
}

function describe(read: Reading, expected: Reading): string {
  const names = Object.keys({ ...read, ...expected }).filter((name) => !isDeepStrictEqual(read[name], expected[name]));
  return names.map((name) => `${name} is ${String(read[name])}, not ${String(expected[name])}`).join('; ');
}

interface Parsed {
  readonly method?: unknown;
  readonly id?: unknown;
  readonly params?: {
    readonly name?: unknown;
    readonly uri?: unknown;
    readonly arguments?: unknown;
    readonly _meta?: Record<string, unknown>;
  };
}

function secondOpinion({ bytes, method, id, name, uri, args, protocolVersion }: Message): boolean {
  const parsed = JSON.parse(spell(bytes)) as Parsed;
  const { params } = parsed;
  return (
    isSame(method === '' ? null : method, parsed.method) &&
    (id === null ? parsed.id === undefined : JSON.parse(id) === parsed.id) &&
    isSame(name, params?.name) &&
    isSame(uri, params?.uri) &&
    isSame(protocolVersion, params?._meta?.['io.modelcontextprotocol/protocolVersion']) &&
    (args === null || isDeepStrictEqual(JSON.parse(spell(bytes, args.start, args.end)), params?.arguments))
  );
}

function isSame(read: string | null, value: unknown): boolean {
  return read === (typeof value === 'string' ? value : null);
}
