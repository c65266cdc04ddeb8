import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Why there are no bytes to be had, as it goes on behind the name of the file. */
export type NoFile =
  | 'is a folder'
  | 'is a device, and no file'
  | 'is a socket, and no file'
  | 'is a pipe that nobody writes to'
  | 'is a pipe whose writer does not come to an end';

/** How long a pipe is waited for. */
interface Patience {
  readonly writerMs: number;
  readonly endMs: number;
}

// A writer that was started beforehand waits for a reader, and goes on at once; what it writes may be typed by a person.
const PATIENCE: Patience = { writerMs: 2000, endMs: 30_000 };
const STEP_MS = 10;
const CHUNK_BYTES = 64 * 1024;

/**
 * The bytes of a file, or of a pipe up to its end, as `<(command)` of a shell is one; more than `most` of what is larger.
 * Words for what has none. Throws what the system says of a file that cannot be opened.
 */
export function readBounded(file: string, most: number, { writerMs, endMs } = PATIENCE): Buffer | NoFile {
  const other = tellNoFile(file);
  if (other !== null) return other;
  // To open a pipe without a writer, or read one, would hold up the whole program, Ctrl-C included.
  const opened = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const isPipe = fstatSync(opened).isFIFO();
    const begun = performance.now();
    const chunks: Buffer[] = [];
    for (let size = 0; size <= most;) {
      const chunk = readChunk(opened);
      const waitedMs = performance.now() - begun;
      if (chunk?.length === 0 && (size > 0 || !isPipe)) break;
      if (isPipe && waitedMs > endMs) return 'is a pipe whose writer does not come to an end';
      if (chunk?.length === 0 && waitedMs > writerMs) return 'is a pipe that nobody writes to';
      if (!chunk?.length) pause();
      else {
        chunks.push(chunk);
        size += chunk.length;
      }
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(opened);
  }
}

/** What stands there where it is neither a file nor a pipe, whose rights nobody should be told to change; throws when nothing does. */
export function tellNoFile(file: string): NoFile | null {
  const found = statSync(file);
  if (found.isDirectory()) return 'is a folder';
  if (found.isSocket()) return 'is a socket, and no file';
  return found.isCharacterDevice() || found.isBlockDevice() ? 'is a device, and no file' : null;
}

/** Empty at the end, and of a pipe while it has no writer; null while its writer has written nothing yet. */
function readChunk(opened: number): Buffer | null {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    return chunk.subarray(0, readSync(opened, chunk));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STEP_MS);
}
