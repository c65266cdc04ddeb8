/** Bytes and text: by Node's own ways where they are there, which are faster, else by those of the web. Both agree. */
export interface ByteWays {
  /**
   * The UTF-8 text between two positions (past the end is the end), a byte order mark included; what is not UTF-8 becomes
   * U+FFFD.
   */
  readonly textOf: (bytes: Uint8Array, start?: number, stop?: number) => string;
  /** A character for each byte (ISO 8859-1). For what is all ASCII it is the same text as above, sooner. */
  readonly latin1Of: (bytes: Uint8Array, start?: number, stop?: number) => string;
  /** The text in UTF-8; a lone surrogate becomes U+FFFD. */
  readonly bytesOf: (text: string) => Uint8Array<ArrayBuffer>;
  /** A byte for each character of a text that has none above U+00FF. */
  readonly latin1Bytes: (text: string) => Uint8Array<ArrayBuffer>;
  /** How many bytes the text has in UTF-8. */
  readonly lengthInBytes: (text: string) => number;
  /** A copy, which nobody else writes to; text in UTF-8. */
  readonly copyBytes: (chunk: Uint8Array | string) => Uint8Array<ArrayBuffer>;
  readonly joinBytes: (parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer>;
  readonly toBase64: (bytes: Uint8Array) => string;
  /** Null where another encoder would write it otherwise (RFC 4648 §3.5): one value has one spelling. */
  readonly fromBase64: (text: string) => Uint8Array<ArrayBuffer> | null;
  readonly toBase64Url: (bytes: Uint8Array) => string;
  /** As above, in the alphabet of RFC 4648 §5 and without padding. */
  readonly fromBase64Url: (text: string) => Uint8Array<ArrayBuffer> | null;
}

type Slice = (this: Uint8Array, start: number, stop: number) => string;
type NodeBuffer = typeof Buffer & { readonly prototype: { readonly utf8Slice?: Slice; readonly latin1Slice?: Slice } };

/** The ways of the web: what runs in a browser and in workers as it is. */
export function createWebWays(): ByteWays {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  const bytesOf = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);
  return {
    textOf: (bytes, start = 0, stop = bytes.length) => decoder.decode(bytes.subarray(start, stop)),
    latin1Of: toCharacters,
    bytesOf,
    latin1Bytes: fromCharacters,
    lengthInBytes: (text) => bytesOf(text).length,
    copyBytes: (chunk) => (typeof chunk === 'string' ? bytesOf(chunk) : new Uint8Array(chunk)),
    joinBytes: joinParts,
    toBase64: writeBase64,
    fromBase64: readBase64,
    toBase64Url: (bytes) => writeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
    fromBase64Url: (text) =>
      /^[\w-]*$/.test(text)
        ? readBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(-text.length & 3))
        : null,
  };
}

// A call takes only so many arguments.
const AT_ONCE = 4096;

function toCharacters(bytes: Uint8Array, start = 0, stop = bytes.length): string {
  let text = '';
  for (let at = start; at < stop; at += AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + AT_ONCE, stop)));
  return text;
}

function fromCharacters(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function writeBase64(bytes: Uint8Array): string {
  return btoa(toCharacters(bytes));
}

function readBase64(text: string): Uint8Array<ArrayBuffer> | null {
  // `atob` takes more than that, and throws at what is left.
  if (!/^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/.test(text) || text.includes('_')) return null;
  const bytes = fromCharacters(atob(text));
  return writeBase64(bytes) === text ? bytes : null;
}

/** Node's ways; null where the platform lacks one of them. What they make is a Buffer. */
export function createNodeWays(node: NodeBuffer | undefined): ByteWays | null {
  const { utf8Slice, latin1Slice } = node?.prototype ?? {};
  if (node === undefined || utf8Slice === undefined || latin1Slice === undefined) return null;
  const viewOf = (bytes: Uint8Array): Buffer => node.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const decode = (text: string, encoding: 'base64' | 'base64url'): Buffer<ArrayBuffer> | null => {
    const bytes = node.from(text, encoding);
    return bytes.toString(encoding) === text ? bytes : null;
  };
  // They are what `toString` calls in the end, and take bytes that are no Buffer too; past the end they throw.
  return {
    textOf: (bytes, start = 0, stop = bytes.length) =>
      utf8Slice.call(bytes, start, stop < bytes.length ? stop : bytes.length),
    latin1Of: (bytes, start = 0, stop = bytes.length) =>
      latin1Slice.call(bytes, start, stop < bytes.length ? stop : bytes.length),
    bytesOf: (text) => node.from(text),
    latin1Bytes: (text) => node.from(text, 'latin1'),
    lengthInBytes: (text) => node.byteLength(text),
    copyBytes: (chunk) => node.from(chunk as Uint8Array),
    joinBytes: (parts) => node.concat(parts),
    toBase64: (bytes) => viewOf(bytes).toString('base64'),
    fromBase64: (text) => decode(text, 'base64'),
    toBase64Url: (bytes) => viewOf(bytes).toString('base64url'),
    fromBase64Url: (text) => decode(text, 'base64url'),
  };
}

/** The ways of a platform that has this `Buffer`, or none. */
export function chooseWays(node: NodeBuffer | undefined): ByteWays {
  return createNodeWays(node) ?? createWebWays();
}

// Not by the bare name, for which bundlers put in a replacement.
const ways = chooseWays((globalThis as { Buffer?: NodeBuffer }).Buffer);

export const {
  textOf,
  latin1Of,
  bytesOf,
  latin1Bytes,
  lengthInBytes,
  copyBytes,
  joinBytes,
  toBase64,
  fromBase64,
  toBase64Url,
  fromBase64Url,
} = ways;
