import { EVENT_END, lastBoundary, LONGEST_END, splitEvents } from '../lock/events.ts';

/** How far a stream was read, so that it can be gone on with. */
export interface StreamPlace {
  /** Of the last whole event that has one; printable ASCII. */
  readonly lastEventId: string;
  /** How long to wait before the server is asked again, where it says so. */
  readonly retryMs: number | null;
}

/** Takes the messages out of an event stream as it comes. */
export class EventReader {
  #held: Buffer[] = [];
  #tail: Buffer = Buffer.alloc(0);
  #size = 0;
  #begun = false;
  #lastEventId: string | null;
  #retryMs: number | null;

  /** `from` is where a stream ended that this one goes on with. */
  constructor(from: StreamPlace | null = null) {
    this.#lastEventId = from?.lastEventId ?? null;
    this.#retryMs = from?.retryMs ?? null;
  }

  /** Bytes of an event that is not whole yet. */
  get size(): number {
    return this.#size;
  }

  /** Null where no event had an id. */
  get place(): StreamPlace | null {
    return this.#lastEventId === null ? null : { lastEventId: this.#lastEventId, retryMs: this.#retryMs };
  }

  /** The data of each event that is whole now; of the type `message`, or of none, which is the same. */
  read(chunk: Uint8Array | string): readonly string[] {
    const bytes = Buffer.from(chunk);
    const seam = Buffer.concat([this.#tail, bytes]);
    this.#tail = seam.subarray(-LONGEST_END + 1);
    this.#held.push(bytes);
    this.#size += bytes.length;
    // Only then is all that is held looked at, so that the work stays linear.
    return seam.toString('latin1').search(EVENT_END) === -1 ? NONE : this.#takeWhole();
  }

  // In latin1 each byte is one character, so that no character is cut.
  #takeWhole(): readonly string[] {
    const text = Buffer.concat(this.#held).toString('latin1');
    const boundary = lastBoundary(text);
    const rest = Buffer.from(text.slice(boundary), 'latin1');
    this.#held = [rest];
    this.#size = rest.length;
    const whole = text.slice(0, boundary);
    const unmarked = this.#begun || !whole.startsWith(MARK) ? whole : whole.slice(MARK.length);
    this.#begun = true;
    return splitEvents(unmarked)
      .map((event) => this.#toData(event))
      .filter((data) => data !== '');
  }

  #toData(event: string): string {
    const data: string[] = [];
    let type = '';
    for (const line of event.split(/\r\n|\n|\r/)) {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (line.startsWith('data:')) data.push(value);
      else if (line.startsWith('event:')) type = value;
      else if (line.startsWith('id:')) this.#lastEventId = PRINTABLE.test(value) ? value : null;
      else if (line.startsWith('retry:') && /^\d{1,9}$/.test(value)) this.#retryMs = Number(value);
    }
    return type === '' || type === 'message' ? Buffer.from(data.join('\n'), 'latin1').toString('utf8') : '';
  }
}

const NONE: readonly string[] = [];
/** What a stream may begin with and no reader takes for a part of it (WHATWG HTML §9.2.5): a byte order mark. */
const MARK = '\u00ef\u00bb\u00bf';
/** What can be said in a header as it is. */
const PRINTABLE = /^[\x21-\x7e]{1,1024}$/;
