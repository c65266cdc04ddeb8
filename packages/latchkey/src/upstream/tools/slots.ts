/** A bound on how many run at once; who waits gets a place in the order of asking. */
export interface Slots {
  /** Resolves to the way to give the place back; to `full` when too many wait; to `aborted` when the signal comes first. */
  acquire(signal: AbortSignal): Promise<(() => void) | 'full' | 'aborted'>;
  readonly running: number;
  readonly waiting: number;
}

export function createSlots({ most, mostWaiting }: { most: number; mostWaiting: number }): Slots {
  const queue: (() => void)[] = [];
  let running = 0;

  function take(): () => void {
    running += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      running -= 1;
      queue.shift()?.();
    };
  }

  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.length;
    },
    acquire(signal) {
      if (signal.aborted) return Promise.resolve('aborted');
      if (running < most) return Promise.resolve(take());
      if (queue.length >= mostWaiting) return Promise.resolve('full');
      const { promise, resolve } = Promise.withResolvers<(() => void) | 'aborted'>();
      const start = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(take());
      };
      const leave = (): void => {
        queue.splice(queue.indexOf(start), 1);
        resolve('aborted');
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(start);
      return promise;
    },
  };
}
