import { basename } from 'node:path';
import type { Log } from '../core/log.ts';
import type { Protocol } from '../core/revision.ts';
import type { Upstream } from '../core/upstream.ts';
import { Deadlines } from './deadlines.ts';
import { forwardByEra, type TwoEraServer } from './forward-by-era.ts';
import { createEnvironment } from './stdio/environment.ts';
import { Launcher } from './stdio/launcher.ts';
import { LegacyCallers } from './stdio/legacy-callers.ts';
import { Listeners } from './stdio/listeners.ts';
import { toLoss } from './stdio/loss.ts';
import { ModernCallers } from './stdio/modern-callers.ts';
import { proveStart } from './stdio/prove-start.ts';
import { SharedChild } from './stdio/shared-child.ts';
import { acquireWatchdog } from './stdio/watchdog.ts';

export interface StdioUpstreamOptions {
  /** Program and arguments, passed on exactly; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** Added to the few variables that are inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the sessions of legacy callers share one child, as modern callers do, instead of having one each. */
  readonly shareSessions: boolean;
  /** Children of sessions and of callers that need one of their own; the shared one is not counted. */
  readonly maxChildren: number;
  /** How long a session must have been left alone before its child may be ended to make room for another. */
  readonly sessionYieldMs: number;
  readonly callTimeoutMs: number;
  /** The longest line a child may write. Default 16 MiB. */
  readonly maxLineBytes?: number;
  /** How long a child may take to answer its first question. Default 30 s. */
  readonly startTimeoutMs?: number;
  readonly log: Log;
  /** Version of this package, which servers are told. */
  readonly version: string;
  /** The eras callers may speak; it shows in `server/discover`. */
  readonly protocol: Protocol;
}

export interface StdioUpstream extends Upstream {
  /** Starts a child ahead of the first request. Rejects with `E_UPSTREAM_MISSING` or `E_UPSTREAM_START`. */
  start(): Promise<{ readonly era: 'modern' | 'legacy' }>;
}

const MAX_LINE_BYTES = 16 * 1024 * 1024;
const START_TIMEOUT_MS = 30_000;

/**
 * A server that speaks over standard input and output, in either era, for callers of either era (MCP 2026-07-28 and
 * 2025-11-25 transports). Modern callers share one child, their ids kept apart; legacy sessions have one each, unless they
 * are to share it too.
 */
export function createStdioUpstream(options: StdioUpstreamOptions): StdioUpstream {
  const program = requireProgram(options);
  const { log, callTimeoutMs, startTimeoutMs = START_TIMEOUT_MS } = options;
  const watchdog = acquireWatchdog();
  const deadlines = new Deadlines();
  const launcher = new Launcher({
    command: options.command,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: createEnvironment(process.env, options.env, process.platform),
    maxLineBytes: options.maxLineBytes ?? MAX_LINE_BYTES,
    maxChildren: options.maxChildren,
    makeRoom: async (owner) => (await modern.makeRoom()) || legacy.makeRoom(owner),
    startTimeoutMs,
    version: options.version,
    watchdog,
    log,
  });
  const listeners = new Listeners(() => shared);
  const shared = new SharedChild({
    launcher,
    callTimeoutMs,
    deadlines,
    log,
    onUnaddressed: (line) => listeners.notify(line),
    onStart: (greeting) => modern.greet(greeting),
    onLost: (loss) => listeners.end(loss),
  });
  const modern = new ModernCallers({ ...options, launcher, shared, listeners });
  const legacy = new LegacyCallers({ ...options, launcher, shared, listeners, deadlines, startTimeoutMs });
  const server: TwoEraServer = {
    call: (request, answer) => modern.call(request, answer),
    openSession: (request, answer) => void legacy.openSession(request, answer),
    session: (id) => legacy.session(id),
  };

  return {
    kind: 'stdio',
    // Arguments may hold secrets, so the program alone names the server.
    label: `stdio:${basename(program)}`,
    start: () => proveStart(launcher, shared, { name: program, cwd: options.cwd }),
    forward: (request, answer) => forwardByEra(server, request, answer),
    endSession: (sessionId) => void legacy.session(sessionId)?.end(),
    async close() {
      listeners.end(toLoss({ kind: 'stopped' }));
      shared.close();
      modern.close();
      legacy.close();
      await launcher.close();
      deadlines.close();
      watchdog.close();
    },
  };
}

/** The program to start. Throws a TypeError where the command or its surroundings could not be handed to the system. */
function requireProgram({ command, cwd = '', env }: StdioUpstreamOptions): string {
  const [program] = command;
  if (!program) throw new TypeError('command must name a program');
  const texts = [...command, cwd, ...Object.entries(env).flat()];
  if (texts.some((text) => text.includes('\0'))) throw new TypeError('command, cwd and env cannot hold a NUL');
  return program;
}
