import type { Child, ChildHandlers, ChildEnding } from './child.ts';
import { textAt } from './json.ts';
import { START_TIMED_OUT, toLoss, type Loss } from './loss.ts';
import { readServerLine, type ServerLine } from './server-line.ts';

export type Launched<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'lost'; readonly loss: Loss };

/** Listens to a child that has no owner yet: hears the response to one question at a time, and keeps nothing else. */
export interface Ears extends ChildHandlers {
  readonly ending: ChildEnding | null;
  /** The first result for one of `ids` (JSON text); an error only where there is no other answer to wait for. */
  ask(child: Child, question: Buffer, ids: readonly string[], timeoutMs: number): Promise<Launched<ServerLine>>;
  /** From now on the owner hears everything, and at once if the child is gone already. */
  passTo(owner: ChildHandlers): void;
}

export function createEars(): Ears {
  let owner: ChildHandlers | null = null;
  let ending: ChildEnding | null = null;
  let tell: ((heard: Launched<ServerLine>) => void) | null = null;
  let wanted = new Set<string>();
  return {
    get ending() {
      return ending;
    },
    onLine(line) {
      if (owner !== null) return owner.onLine(line);
      const read = tell === null ? null : readServerLine(line);
      if (!read?.id || read.method !== '') return;
      if (!wanted.delete(textAt(read.bytes, read.id))) return;
      // Who starts slowly finds two questions, and may refuse the second before it has answered the first.
      if (read.result !== null || wanted.size === 0) tell?.({ kind: 'ok', value: read });
    },
    onEnd(ended) {
      ending = ended;
      tell?.({ kind: 'lost', loss: toLoss(ended) });
      owner?.onEnd(ended);
    },
    passTo(next) {
      owner = next;
      if (ending !== null) next.onEnd(ending);
    },
    ask(child, question, ids, timeoutMs) {
      return new Promise((resolve) => {
        if (ending !== null) return resolve({ kind: 'lost', loss: toLoss(ending) });
        const settle = (heard: Launched<ServerLine>): void => {
          clearTimeout(timer);
          tell = null;
          resolve(heard);
        };
        const timer = setTimeout(settle, timeoutMs, { kind: 'lost', loss: START_TIMED_OUT });
        tell = settle;
        wanted = new Set(ids);
        child.send(question);
        return undefined;
      });
    },
  };
}
