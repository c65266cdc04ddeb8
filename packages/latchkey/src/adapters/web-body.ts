import { refuse, type Refusal } from '../core/reason.ts';
import { appendPiece, checkPieces, type BodyBounds } from '../lock/body-pieces.ts';

/** Reads the whole body. Rejects only where something else read it before. */
export async function readBody(request: Request, { limitBytes, timeoutMs }: BodyBounds): Promise<Uint8Array | Refusal> {
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
  let body: Uint8Array | null = null;
  let size = 0;
  for (let pieces = 1; ; pieces += 1) {
    const { done, value } = await reader.read();
    if (done) return body === null ? new Uint8Array(0) : body.subarray(0, size);
    const refusal = checkPieces(size + value.length, pieces, limitBytes);
    if (refusal !== null) {
      stop();
      return refusal;
    }
    body = appendPiece(body, size, value, limitBytes);
    size += value.length;
  }
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
