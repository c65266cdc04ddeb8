import type { ServerResponse } from 'node:http';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';

// Below this an answer of known length goes out as one write.
const SMALL_BODY = 16 * 1024;

interface Hooks {
  /** Answers with a refusal; only called before anything was sent. */
  readonly refuse: (refusal: Refusal) => void;
  /** Milliseconds without a byte after which an open stream is closed. */
  readonly streamIdleMs: number;
  /** [name, value, …] for every answer. */
  readonly headers: readonly string[];
  /** The last word on the upstream's headers. */
  readonly mapHeaders: (status: number, headers: readonly string[]) => readonly string[];
}

/** The Answer of one HTTP request. Streams leave as they come; small bodies leave together with their headers. */
export function createHttpAnswer(response: ServerResponse, hooks: Hooks): Answer {
  const aborts: (() => void)[] = [];
  let state: 'new' | 'held' | 'started' | 'over' = 'new';
  let aborted = false;

  const leave = (): void => {
    if (aborted || response.writableFinished) return;
    aborted = true;
    state = 'over';
    for (const handler of aborts.splice(0)) handler();
  };
  response.on('close', leave);

  const answer: Answer = {
    get aborted() {
      return aborted;
    },
    onAbort(handler) {
      if (aborted) handler();
      else aborts.push(handler);
    },
    onDrain: (handler) => void response.on('drain', handler),
    start(status, headers) {
      if (state !== 'new') return;
      const mapped = hooks.mapHeaders(status, headers);
      response.writeHead(status, (hooks.headers.length === 0 ? mapped : [...mapped, ...hooks.headers]) as string[]);
      state = 'held';
      if (isSmall(headers)) return;
      response.flushHeaders();
      state = 'started';
      if (isStream(headers)) watchIdle(response, hooks.streamIdleMs, answer);
    },
    write(chunk) {
      if (state !== 'held' && state !== 'started') return false;
      state = 'started';
      return response.write(chunk);
    },
    end(chunk) {
      if (state !== 'held' && state !== 'started') return;
      state = 'over';
      if (chunk === undefined) response.end();
      else response.end(chunk);
    },
    fail(refusal) {
      if (state === 'new') {
        state = 'over';
        hooks.refuse(refusal);
      } else answer.abort();
    },
    abort() {
      if (state === 'over') return;
      state = 'over';
      // Ending would make a cut answer look whole: chunked framing then misses its last chunk.
      response.destroy();
    },
  };
  return answer;
}

function watchIdle(response: ServerResponse, idleMs: number, answer: Answer): void {
  response.socket?.setTimeout(idleMs);
  response.once('timeout', () => answer.abort());
}

function isSmall(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] === 'content-length') return Number(headers[i + 1]) <= SMALL_BODY;
  return false;
}

function isStream(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] === 'content-type') return (headers[i + 1] as string).startsWith('text/event-stream');
  return false;
}
