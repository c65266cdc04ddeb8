import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';

/** `onAbort` of an answer, and how to refuse it in the middle: its server is told to stop then, too. */
export function createTakeBack(inner: Answer): Pick<Answer, 'onAbort' | 'fail'> {
  const stops: (() => void)[] = [];
  return {
    onAbort(handler) {
      stops.push(handler);
      inner.onAbort(handler);
    },
    fail(refusal: Refusal) {
      inner.fail(refusal);
      // The caller has its answer, so nobody else would tell the server.
      for (const stop of stops.splice(0)) stop();
    },
  };
}
