import type { DeclaredTool, ToolResult, ToolRunner } from '../../core/declared-tool.ts';
import { refuse } from '../../core/reason.ts';
import { SlotList, type Slotted } from '../../core/slot-list.ts';
import type { Log } from '../../core/log.ts';
import { LONGEST_TIMER_MS } from '../../core/units.ts';
import { TIMED_OUT, toLoss, type Loss } from '../stdio/loss.ts';

export interface CallsOptions {
  /** Lets only so many run at a time. */
  readonly runner: ToolRunner;
  /** What a call gets besides its tool's own time-out, to wait for its turn and to end. */
  readonly callTimeoutMs: number;
  readonly log: Log;
}

export type Outcome =
  | { readonly kind: 'result'; readonly result: ToolResult }
  | { readonly kind: 'lost'; readonly loss: Loss };

/** Ends a call that nobody waits for any more; its end is not told. */
export type Cancel = () => void;

interface Call extends Slotted {
  readonly abort: AbortController;
  readonly end: (outcome: Outcome) => void;
  timer: NodeJS.Timeout | null;
}

const FAILED: Outcome = {
  kind: 'lost',
  loss: { refusal: refuse('internal', { detail: 'the tool could not be run' }), text: 'The tool could not be run.' },
};
const STOPPED: Outcome = { kind: 'lost', loss: toLoss({ kind: 'stopped' }) };
const LATE: Outcome = { kind: 'lost', loss: TIMED_OUT };

/** The calls under way: each ends once, by its result, its time-out, its caller, or the end of the server. */
export class ToolCalls {
  readonly #options: CallsOptions;
  readonly #open = new SlotList<Call>();
  #closed = false;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Runs the tool. Unless the call is cancelled, `end` is called once. */
  begin(tool: DeclaredTool, args: object, end: (outcome: Outcome) => void): Cancel {
    const call: Call = { abort: new AbortController(), end, timer: null, slot: -1 };
    this.#open.add(call);
    if (this.#closed) this.#end(call, STOPPED);
    else void this.#run(call, tool, args);
    return () => this.#end(call, null);
  }

  /** Ends all calls; later ones end at once. */
  close(): void {
    this.#closed = true;
    for (const call of this.#open.toArray()) this.#end(call, STOPPED);
  }

  async #run(call: Call, tool: DeclaredTool, args: object): Promise<void> {
    const { runner, callTimeoutMs, log } = this.#options;
    const waitMs = Math.min(callTimeoutMs + tool.timeoutMs, LONGEST_TIMER_MS);
    call.timer = setTimeout(() => this.#end(call, LATE), waitMs);
    try {
      const result = await runner.call(tool, args, call.abort.signal);
      this.#end(call, { kind: 'result', result });
    } catch (error) {
      log('error', 'a tool could not be run', { tool: tool.name, error: String(error) });
      this.#end(call, FAILED);
    }
  }

  #end(call: Call, outcome: Outcome | null): void {
    if (!this.#open.remove(call)) return;
    if (call.timer !== null) clearTimeout(call.timer);
    if (outcome?.kind !== 'result') call.abort.abort();
    if (outcome !== null) call.end(outcome);
  }
}
