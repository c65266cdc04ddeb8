import type { DeclaredTool, ToolResult, ToolRunner } from '../../core/declared-tool.ts';
import { refuse } from '../../core/reason.ts';
import { SlotList, type Slotted } from '../../core/slot-list.ts';
import type { Log } from '../stdio/child.ts';
import { TIMED_OUT, toLoss, type Loss } from '../stdio/loss.ts';

export interface CallsOptions {
  readonly runner: ToolRunner;
  /** Calls that run at a time; others wait for their turn. */
  readonly maxRunning: number;
  /** How long a call may wait for its turn. */
  readonly waitMs: number;
  readonly log: Log;
}

export type Outcome =
  | { readonly kind: 'result'; readonly result: ToolResult }
  | { readonly kind: 'lost'; readonly loss: Loss };

/** Ends a call that nobody waits for any more; its end is not told. */
export type Cancel = () => void;

interface Call extends Slotted {
  readonly tool: DeclaredTool;
  readonly args: object;
  readonly abort: AbortController;
  readonly end: (outcome: Outcome) => void;
  timer: NodeJS.Timeout | null;
  over: boolean;
}

const MAX_WAITING = 1000;
// A tool's own time-out ends it, in words for a model; this is for a run that does not end by it.
const OVERTIME_MS = 5000;

const CROWDED = lost(refuse('limit-target', { detail: 'as many calls wait as may', retryAfterSeconds: 1 }), 'Busy.');
const FAILED = lost(refuse('internal', { detail: 'the tool could not be run' }), 'The tool could not be run.');
const STOPPED: Outcome = { kind: 'lost', loss: toLoss({ kind: 'stopped' }) };
const LATE: Outcome = { kind: 'lost', loss: TIMED_OUT };

/** Runs tools, so many at a time. Every wait has an end, and a turn is free again when its run is really over. */
export class ToolCalls {
  readonly #options: CallsOptions;
  readonly #running = new SlotList<Call>();
  readonly #waiting: Call[] = [];
  #closed = false;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Runs the tool when its turn comes. Unless cancelled, `end` is called once, at once when there is no room to wait. */
  begin(tool: DeclaredTool, args: object, end: (outcome: Outcome) => void): Cancel {
    const call: Call = { tool, args, abort: new AbortController(), end, timer: null, over: false, slot: -1 };
    if (this.#closed) this.#end(call, STOPPED);
    else if (this.#running.size < this.#options.maxRunning) void this.#run(call);
    else if (this.#waiting.length >= MAX_WAITING) this.#end(call, CROWDED);
    else {
      this.#waiting.push(call);
      call.timer = setTimeout(() => this.#giveUp(call, LATE), this.#options.waitMs);
    }
    return () => this.#giveUp(call, null);
  }

  /** Ends all calls; later ones end at once. */
  close(): void {
    this.#closed = true;
    for (const call of [...this.#waiting, ...this.#running.toArray()]) this.#giveUp(call, STOPPED);
  }

  async #run(call: Call): Promise<void> {
    const { runner, log } = this.#options;
    if (call.timer !== null) clearTimeout(call.timer);
    call.timer = setTimeout(() => this.#giveUp(call, LATE), call.tool.timeoutMs + OVERTIME_MS);
    this.#running.add(call);
    try {
      const result = await runner.call(call.tool, call.args, call.abort.signal);
      this.#end(call, { kind: 'result', result });
    } catch (error) {
      log('error', 'a tool could not be run', { tool: call.tool.name, error: String(error) });
      this.#end(call, FAILED);
    }
    this.#running.remove(call);
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#run(next);
  }

  #giveUp(call: Call, outcome: Outcome | null): void {
    const at = call.slot === -1 ? this.#waiting.indexOf(call) : -1;
    if (at !== -1) this.#waiting.splice(at, 1);
    this.#end(call, outcome);
    call.abort.abort();
  }

  #end(call: Call, outcome: Outcome | null): void {
    if (call.over) return;
    call.over = true;
    if (call.timer !== null) clearTimeout(call.timer);
    if (outcome !== null) call.end(outcome);
  }
}

function lost(refusal: Loss['refusal'], text: string): Outcome {
  return { kind: 'lost', loss: { refusal, text } };
}
