/** Bytes and text: by Node's own ways where they are there, which are faster, else by those of the web. Both agree. */
export interface ByteWays {
  /**
   * The UTF-8 text between two positions (past the end is the end), a byte order mark included; what is not UTF-8 becomes
   * U+FFFD.
   */
  readonly textOf: (bytes: Uint8Array, start?: number, stop?: number) => string;
  /** The same for bytes below 0x80, which is faster. */
  readonly asciiOf: (bytes: Uint8Array, start: number, stop: number) => string;
  /** The text in UTF-8; a lone surrogate becomes U+FFFD. */
  readonly bytesOf: (text: string) => Uint8Array<ArrayBuffer>;
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
  const textOf: ByteWays['textOf'] = (bytes, start = 0, stop = bytes.length) =>
    decoder.decode(bytes.subarray(start, stop));
  const toBase64: ByteWays['toBase64'] = (bytes) => {
    let characters = '';
    for (const byte of bytes) characters += String.fromCharCode(byte);
    return btoa(characters);
  };
  const fromBase64: ByteWays['fromBase64'] = (text) => {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : null;
  };
  return {
    textOf,
    asciiOf: textOf,
    bytesOf: (text) => encoder.encode(text),
    joinBytes: (parts) => {
      const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      return joined;
    },
    toBase64,
    fromBase64,
    toBase64Url: (bytes) => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
    fromBase64Url: (text) => {
      if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
      return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(-text.length & 3));
    },
  };
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
  return {
    textOf: (bytes, start = 0, stop = bytes.length) =>
      utf8Slice.call(bytes, start, stop < bytes.length ? stop : bytes.length),
    asciiOf: (bytes, start, stop) => latin1Slice.call(bytes, start, stop < bytes.length ? stop : bytes.length),
    bytesOf: (text) => node.from(text),
    joinBytes: (parts) => node.concat(parts),
    toBase64: (bytes) => viewOf(bytes).toString('base64'),
    fromBase64: (text) => decode(text, 'base64'),
    toBase64Url: (bytes) => viewOf(bytes).toString('base64url'),
    fromBase64Url: (text) => decode(text, 'base64url'),
  };
}

// Not by the bare name, for which bundlers put in a replacement.
const ways = createNodeWays((globalThis as { Buffer?: NodeBuffer }).Buffer) ?? createWebWays();

export const { textOf, asciiOf, bytesOf, joinBytes, toBase64, fromBase64, toBase64Url, fromBase64Url } = ways;
