import { isFieldLine, parseResponseHead, type ResponseHead } from './response-head.ts';

/** Told of a response while its bytes come. */
export interface ResponseEvents {
  onHead(head: ResponseHead): void;
  /** The bytes may be overwritten after the call. */
  onBody(bytes: Buffer): void;
  /** `clean` is false when the connection has ended or holds more than this response. */
  onEnd(clean: boolean): void;
}

type State = 'idle' | 'head' | 'length' | 'close' | 'size' | 'chunk' | 'chunk-end' | 'trailers';

const MAX_HEAD = 16 * 1024;
const MAX_LINE = 1024;
const MAX_INTERIM = 16;
const CHUNK_SIZE = /^([\da-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/i;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads the responses of one connection, one after the other (RFC 9112). It is as strict as a client may be: what it
 * cannot read in exactly one way is no response. Holds at most 16 KiB of an unfinished head and 1 KiB of a line.
 */
export class ResponseParser {
  readonly #events: ResponseEvents;
  #state: State = 'idle';
  #bytes: Buffer = EMPTY;
  #at = 0;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0;
  /** The beginning of a head or line that is not all there yet. */
  #held: Buffer | null = null;
  #interim = 0;
  #trailers = 0;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** To be called before each request: from here on a response may come. */
  expect(): void {
    this.#state = 'head';
    this.#interim = 0;
    this.#trailers = 0;
  }

  /** Takes the next bytes, and returns false when they are not what may come now: the connection is of no use then. */
  read(bytes: Buffer): boolean {
    this.#bytes = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    this.#at = 0;
    while (this.#at < this.#bytes.length) {
      if (!this.#step()) return false;
      if (this.#held !== null) break;
    }
    this.#bytes = EMPTY;
    return true;
  }

  /** The server will send no more. True when that is how this response ends, or when none was due. */
  close(): boolean {
    if (this.#state === 'idle') return true;
    if (this.#state !== 'close') return false;
    this.#state = 'idle';
    this.#events.onEnd(false);
    return true;
  }

  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'length':
      case 'chunk':
        return this.#readCounted();
      case 'close':
        return this.#readAll();
      case 'size':
        return this.#readSize();
      case 'chunk-end':
        return this.#readChunkEnd();
      case 'trailers':
        return this.#readTrailer();
      case 'idle':
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n', this.#at, 'latin1');
    if (end === -1) return this.#bytes.length - this.#at <= MAX_HEAD && this.#hold() && !hasBareNewline(this.#held);
    if (end - this.#at > MAX_HEAD) return false;
    const head = parseResponseHead(this.#bytes.toString('latin1', this.#at, end));
    this.#at = end + 4;
    if (head === null || head.status === 101) return false;
    if (head.status < 200) {
      this.#interim += 1;
      return this.#interim <= MAX_INTERIM;
    }
    this.#left = head.length;
    this.#state = head.framing === 'chunked' ? 'size' : head.framing === 'close' ? 'close' : 'length';
    this.#events.onHead(head);
    if (this.#state === 'length' && this.#left === 0) this.#end();
    return true;
  }

  #readCounted(): boolean {
    const end = Math.min(this.#at + this.#left, this.#bytes.length);
    const part = this.#bytes.subarray(this.#at, end);
    this.#left -= part.length;
    this.#at = end;
    this.#events.onBody(part);
    if (this.#left > 0) return true;
    if (this.#state === 'chunk') this.#state = 'chunk-end';
    else this.#end();
    return true;
  }

  #readAll(): boolean {
    const part = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    this.#events.onBody(part);
    return true;
  }

  #readSize(): boolean {
    const line = this.#readLine();
    if (line === null) return this.#held !== null;
    const size = CHUNK_SIZE.exec(line);
    if (size === null) return false;
    this.#left = Number.parseInt(size[1] as string, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    return true;
  }

  #readChunkEnd(): boolean {
    if (this.#bytes.length - this.#at < 2) return this.#bytes[this.#at] === CR && this.#hold();
    const ended = this.#bytes[this.#at] === CR && this.#bytes[this.#at + 1] === LF;
    this.#at += 2;
    this.#state = 'size';
    return ended;
  }

  #readTrailer(): boolean {
    const line = this.#readLine();
    if (line === null) return this.#held !== null;
    if (line === '') {
      this.#end();
      return true;
    }
    this.#trailers += line.length;
    return this.#trailers <= MAX_HEAD && isFieldLine(line);
  }

  /** Null when the line is not all there (then it is held) or is too long (then it is not). */
  #readLine(): string | null {
    const end = this.#bytes.indexOf('\r\n', this.#at, 'latin1');
    const length = (end === -1 ? this.#bytes.length : end) - this.#at;
    if (length > MAX_LINE) return null;
    if (end === -1) {
      this.#hold();
      return null;
    }
    const line = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #hold(): true {
    this.#held = Buffer.from(this.#bytes.subarray(this.#at));
    return true;
  }

  #end(): void {
    this.#state = 'idle';
    this.#events.onEnd(this.#at === this.#bytes.length);
  }
}

const EMPTY = Buffer.alloc(0);

// Such a server never sends the end that is waited for.
function hasBareNewline(bytes: Buffer | null): boolean {
  const at = bytes?.indexOf(LF) ?? -1;
  return at !== -1 && bytes?.[at - 1] !== CR;
}
