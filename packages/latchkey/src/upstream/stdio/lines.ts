const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;

export interface LineHandlers {
  onLine(line: Buffer): void;
  /** A line grew past the bound. It comes once; nothing is read after it. */
  onOverflow(): void;
}

/**
 * Cuts a byte stream into lines without their ends. A chunk is only read during the call, so its memory may be used
 * again; a line is nobody else's. At most `maxBytes` of an unfinished line are kept.
 */
export function createLineReader(maxBytes: number, handlers: LineHandlers): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let kept = 0;
  let closed = false;

  function take(part: Buffer): boolean {
    kept += part.length;
    closed = kept > maxBytes;
    if (closed) parts = [];
    else if (part.length > 0) parts.push(part);
    return !closed;
  }

  function finish(): void {
    const line = parts.length === 1 ? Buffer.from(parts[0] as Buffer) : Buffer.concat(parts, kept);
    parts = [];
    kept = 0;
    handlers.onLine(line);
  }

  return (chunk) => {
    if (closed) return;
    let start = 0;
    for (let stop = chunk.indexOf(NEWLINE); stop !== -1; stop = chunk.indexOf(NEWLINE, start)) {
      if (!take(chunk.subarray(start, stop))) return handlers.onOverflow();
      finish();
      start = stop + 1;
    }
    if (start < chunk.length && !take(Buffer.from(chunk.subarray(start)))) handlers.onOverflow();
  };
}

/**
 * Makes JSON text one line, in place. JSON allows raw line ends only between tokens, so a space says the same; a bare
 * return counts too, because some runtimes and every SSE reader take it for a line end.
 */
export function flatten(json: Buffer): Buffer {
  for (const end of [NEWLINE, RETURN]) {
    for (let at = json.indexOf(end); at !== -1; at = json.indexOf(end, at + 1)) json[at] = SPACE;
  }
  return json;
}
