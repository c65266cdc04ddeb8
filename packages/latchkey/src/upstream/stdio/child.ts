import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { createLineReader } from './lines.ts';
import type { Output } from './output.ts';
import type { Log } from '../../core/log.ts';
import type { Watchdog } from './watchdog.ts';

export interface ChildOptions {
  /** Program and arguments, passed on exactly; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly maxLineBytes: number;
  readonly watchdog: Watchdog;
  readonly log: Log;
  /** What it writes on; null: a pipe. */
  readonly output?: Output | null;
  /** How long a child may take to end by itself, and then after SIGTERM. Default 1000 each. */
  readonly graceMs?: number;
}

/** Why a child is gone. `stopped` is the gateway's own doing. */
export type ChildEnding =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'exited'; readonly detail: string }
  | { readonly kind: 'not-started'; readonly cause: NodeJS.ErrnoException };

export interface ChildHandlers {
  onLine(line: Buffer): void;
  /** Comes once; no line follows it. */
  onEnd(ending: ChildEnding): void;
}

const MAX_STDERR_LINE = 4096;
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
// What a child wrote before it died is still read, unless a grandchild keeps the pipe open.
const DRAIN_MS = 100;

/** One server process, its own process group, and the line channel to it. */
export class Child {
  readonly startedAt = performance.now();
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  #handlers: ChildHandlers;
  #queue: Buffer[] = [];
  #queued = 0;
  #flushing = false;
  #ending: ChildEnding | null = null;
  #stopping: Promise<void> | null = null;
  readonly #gone: Promise<void>;

  constructor(options: ChildOptions, handlers: ChildHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const [program = '', ...args] = options.command;
    this.#process = spawn(program, args, {
      shell: false,
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['pipe', options.output?.theirs ?? 'pipe', 'pipe'],
      env: options.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    options.output?.theirs.destroy();
    this.#gone = this.#listen();
    if (this.pid !== 0) options.watchdog.watch(this.pid);
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get alive(): boolean {
    return this.#ending === null && this.#stopping === null;
  }

  set handlers(handlers: ChildHandlers) {
    this.#handlers = handlers;
  }

  get #stdout(): Readable | null {
    return this.#options.output?.ours ?? this.#process.stdout;
  }

  /** Sends whole lines, ends included. False when the child reads too slowly to take more: then nothing was sent. */
  send(lines: Buffer): boolean {
    if (!this.#queueUp(lines)) return false;
    this.#flush();
    return true;
  }

  /** As `send`, in one write with everything else that arrives in this turn of the event loop. */
  sendSoon(lines: Buffer): boolean {
    if (!this.#queueUp(lines)) return false;
    if (this.#flushing) return true;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
    return true;
  }

  /** Ends the whole process group: closed input, then SIGTERM, then SIGKILL. */
  stop(): Promise<void> {
    if (this.#stopping === null) this.#flush();
    this.#stopping ??= this.#end({ kind: 'stopped' });
    return this.#stopping;
  }

  #queueUp(lines: Buffer): boolean {
    if (!this.alive) return true;
    const waiting = this.#queued + (this.#process.stdin?.writableLength ?? 0);
    if (waiting > 0 && waiting + lines.length > MAX_QUEUED_BYTES) return false;
    this.#queue.push(lines);
    this.#queued += lines.length;
    return true;
  }

  #flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    this.#process.stdin?.write(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue, this.#queued));
    this.#queued = 0;
  }

  #listen(): Promise<void> {
    const { stdin, stderr } = this.#process;
    const stdout = this.#stdout;
    const read = createLineReader(this.#options.maxLineBytes, {
      onLine: (line) => {
        if (this.#ending === null) this.#handlers.onLine(line);
      },
      onOverflow: () => this.#abandon({ kind: 'too-large' }),
    });
    if (this.#options.output) this.#options.output.onRead = read;
    else stdout?.on('data', read);
    stdout?.on('error', () => {});
    stdin?.on('error', () => {});
    // A server that closed its output can answer nobody any more.
    stdout?.on('end', () =>
      setTimeout(() => this.#abandon({ kind: 'exited', detail: 'closed its output' }), DRAIN_MS).unref(),
    );
    this.#logErrors(stderr);
    return new Promise((resolve) => {
      this.#process.on('error', (cause: NodeJS.ErrnoException) => {
        if (this.pid !== 0) return;
        this.#tellEnd({ kind: 'not-started', cause });
        resolve();
      });
      this.#process.on('exit', (code, signal) => {
        resolve();
        const ending: ChildEnding = {
          kind: 'exited',
          detail: signal === null ? `exit code ${code}` : `signal ${signal}`,
        };
        if (stdout?.readableEnded) this.#abandon(ending);
        else {
          stdout?.once('end', () => this.#abandon(ending));
          setTimeout(() => this.#abandon(ending), DRAIN_MS).unref();
        }
      });
    });
  }

  #logErrors(stderr: NodeJS.ReadableStream | null): void {
    const { log } = this.#options;
    let held = '';
    stderr?.setEncoding('utf8');
    stderr?.on('error', () => {});
    stderr?.on('data', (text: string) => {
      const lines = (held + text).split('\n');
      held = (lines.pop() ?? '').slice(0, MAX_STDERR_LINE);
      for (const line of lines) if (line.trim() !== '') log('info', toLogLine(line), { from: 'server', pid: this.pid });
    });
    stderr?.on('end', () => {
      if (held.trim() !== '') log('info', toLogLine(held), { from: 'server', pid: this.pid });
    });
  }

  #abandon(ending: ChildEnding): void {
    if (this.#ending !== null) return;
    this.#tellEnd(ending);
    this.#stopping ??= this.#end(ending);
  }

  #tellEnd(ending: ChildEnding): void {
    if (this.#ending !== null) return;
    this.#ending = ending;
    this.#queue = [];
    this.#handlers.onEnd(ending);
  }

  async #end(ending: ChildEnding): Promise<void> {
    this.#tellEnd(ending);
    const { pid } = this;
    if (pid === 0) return;
    const graceMs = this.#options.graceMs ?? 1000;
    const { stdin, stderr } = this.#process;
    stdin?.end();
    if (ending.kind === 'too-large') signalGroup(pid, 'SIGKILL');
    if (!(await this.#groupGone(graceMs))) signalGroup(pid, 'SIGTERM');
    if (!(await this.#groupGone(graceMs))) signalGroup(pid, 'SIGKILL');
    await this.#groupGone(graceMs);
    await this.#gone;
    for (const stream of [stdin, this.#stdout, stderr]) stream?.destroy();
    this.#options.watchdog.forget(pid);
  }

  async #groupGone(withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs;
    for (let pause = 5; signalGroup(this.pid, 0); pause = Math.min(pause * 2, 50)) {
      if (performance.now() >= until) return false;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return true;
  }
}

/** Signals a process group by its leader (signal 0 only asks); false when none of it is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One bounded line without control characters, so that a server cannot forge log lines or steer a terminal. */
export function toLogLine(text: string): string {
  const cut = text.length > MAX_STDERR_LINE ? `${text.slice(0, MAX_STDERR_LINE)}…` : text;
  // oxlint-disable-next-line no-control-regex
  return cut
    .replace(/\r$/, '')
    .replaceAll(
      /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}
