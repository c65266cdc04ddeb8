import type { Socket } from 'node:net';
import { createStandstill } from '../core/standstill.ts';

interface Writing {
  /** Bytes given to the system, and how many of them it has not taken from Node yet. */
  readonly _handle: { readonly bytesWritten: number; readonly writeQueueSize: number } | null;
}

/** A connection, what it had taken when that last changed, and when that was (`performance.now`). */
interface Watched {
  taken: number;
  since: number;
}

/**
 * Cuts connections whose peer takes nothing of what waits for it for `timeoutMs`: a reader that stops would keep the
 * answer, its place and the upstream's for as long as it likes. Returns what ends the watch.
 */
export function cutStalled(open: ReadonlySet<Socket>, timeoutMs: number): () => void {
  const watched = new WeakMap<Socket, Watched>();
  const everyMs = Math.max(100, timeoutMs / 8);
  const stoodStill = createStandstill(2 * everyMs);
  const timer = setInterval(() => {
    const now = performance.now();
    if (stoodStill(now)) return;
    for (const socket of open) {
      const state = watched.get(socket) ?? { taken: 0, since: now };
      watched.set(socket, state);
      if (isStalled(socket, state, now, timeoutMs)) socket.destroy();
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function isStalled(socket: Socket, state: Watched, now: number, timeoutMs: number): boolean {
  const handle = (socket as unknown as Writing)._handle;
  const taken = handle === null ? -1 : handle.bytesWritten - handle.writeQueueSize;
  if (handle === null || handle.writeQueueSize === 0 || taken !== state.taken) {
    state.taken = taken;
    state.since = now;
    return false;
  }
  return now - state.since >= timeoutMs;
}
