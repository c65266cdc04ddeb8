import { refuse, type Refusal } from '../core/reason.ts';
import { checkPieces } from '../lock/body-pieces.ts';

/** How much of a body may come, and until when. */
interface Bounds {
  readonly limitBytes: number;
  readonly timeoutMs: number;
}

/** Reads the whole body. Rejects only where something else read it before. */
export async function readBody(request: Request, { limitBytes, timeoutMs }: Bounds): Promise<Uint8Array | Refusal> {
  if (request.bodyUsed) throw new TypeError('The body was read before Latchkey could judge it.');
  // Whoever carried it holds a body to the length that it says, which is known to be small enough; a stream costs more.
  if (request.headers.has('content-length')) return inTime(request.arrayBuffer().then(toBytes), timeoutMs, () => {});
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  return inTime(collect(reader, limitBytes, stop), timeoutMs, stop);
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limitBytes: number,
  stop: () => void,
): Promise<Uint8Array | Refusal> {
  let body = new Uint8Array(0);
  let size = 0;
  for (let pieces = 1; ; pieces += 1) {
    const { done, value } = await reader.read();
    if (done) return body.subarray(0, size);
    const refusal = checkPieces(size + value.length, pieces, limitBytes);
    if (refusal !== null) {
      stop();
      return refusal;
    }
    body = append(body, size, value, limitBytes);
    size += value.length;
  }
}

/** Copies into bytes that double: a piece that is kept as it is keeps all that was read from the socket with it. */
function append(
  body: Uint8Array<ArrayBuffer>,
  size: number,
  piece: Uint8Array,
  limit: number,
): Uint8Array<ArrayBuffer> {
  let target = body;
  if (size + piece.length > body.length) {
    target = new Uint8Array(Math.max(size + piece.length, Math.min(2 * body.length, limit)));
    target.set(body.subarray(0, size));
  }
  target.set(piece, size);
  return target;
}

function inTime(
  reading: Promise<Uint8Array | Refusal>,
  timeoutMs: number,
  stop: () => void,
): Promise<Uint8Array | Refusal> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      stop();
      resolve(refuse('body-timeout'));
    }, timeoutMs);
    // What breaks off has nobody who waits for an answer.
    const leave = (): void => resolve(refuse('caller-gone'));
    reading.then(resolve, leave).finally(() => clearTimeout(timer));
  });
}

function toBytes(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}
