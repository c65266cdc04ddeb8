import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { LatchkeyError } from '../core/error.ts';
import { ownerOf } from '../core/principal.ts';
import { refuse } from '../core/reason.ts';
import type { Answer, Upstream } from '../core/upstream.ts';
import { Deadlines } from './deadlines.ts';
import { forwardByEra, type TwoEraServer } from './forward-by-era.ts';
import type { Posted } from './posted.ts';
import type { Log } from '../core/log.ts';
import type { Launched } from './stdio/ears.ts';
import { createEnvironment } from './stdio/environment.ts';
import { InputRounds, wantsInput } from './stdio/input-rounds.ts';
import { Launcher, type Greeting } from './stdio/launcher.ts';
import { LegacySession } from './stdio/legacy-to-modern.ts';
import { Listeners } from './stdio/listeners.ts';
import { toLoss } from './stdio/loss.ts';
import { forwardModernCall, type Decorate } from './stdio/modern-call.ts';
import { createDecorate, isRemoved, offerLess, refuseMethod, toDiscovery } from './stdio/modern-to-legacy.ts';
import { Reply } from './stdio/reply.ts';
import { SessionChild } from './stdio/session-child.ts';
import { SessionTable, type Session } from './stdio/session-table.ts';
import { MAX_OF_OWNER, SharedChild } from './stdio/shared-child.ts';
import { SharedSession } from './stdio/shared-session.ts';
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
  readonly protocol: 'both' | 'modern' | 'legacy';
}

export interface StdioUpstream extends Upstream {
  /** Starts a child ahead of the first request. Rejects with `E_UPSTREAM_MISSING` or `E_UPSTREAM_START`. */
  start(): Promise<{ readonly era: 'modern' | 'legacy' }>;
}

const MAX_LINE_BYTES = 16 * 1024 * 1024;
const START_TIMEOUT_MS = 30_000;
const MAX_SESSIONS = 10_000;

/**
 * A server that speaks over standard input and output, in either era, for callers of either era (MCP 2026-07-28 and
 * 2025-11-25 transports). Modern callers share one child, their ids kept apart; legacy sessions have one each, unless they
 * are to share it too.
 */
export function createStdioUpstream(options: StdioUpstreamOptions): StdioUpstream {
  if (!options.command[0]) throw new TypeError('command must name a program');
  const texts = [...options.command, options.cwd ?? '', ...Object.entries(options.env).flat()];
  if (texts.some((text) => text.includes('\0'))) throw new TypeError('command, cwd and env cannot hold a NUL');
  const { log, callTimeoutMs, command } = options;
  const startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
  const watchdog = acquireWatchdog();
  const launcher = new Launcher({
    command,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: createEnvironment(process.env, options.env, process.platform),
    maxLineBytes: options.maxLineBytes ?? MAX_LINE_BYTES,
    maxChildren: options.maxChildren,
    makeRoom,
    startTimeoutMs,
    version: options.version,
    watchdog,
    log,
  });
  const deadlines = new Deadlines();
  const sessions = new SessionTable(options.sessionYieldMs);
  let decorate: Decorate = offerLess;
  const listeners = new Listeners(() => shared);
  const inputRounds = new InputRounds({
    launcher,
    callTimeoutMs,
    log,
    listeners,
    share: (request, answer) => forwardModernCall(shared, request, answer, decorate),
  });
  const shared = new SharedChild({
    launcher,
    callTimeoutMs,
    deadlines,
    log,
    onUnaddressed: (line) => listeners.notify(line),
    onStart: (greeting) => {
      decorate = greeting.era === 'legacy' ? createDecorate(greeting) : offerLess;
    },
    onLost: (loss) => listeners.end(loss),
  });

  async function makeRoom(owner: string): Promise<boolean> {
    if (await inputRounds.makeRoom()) return true;
    const made = await sessions.makeRoom(owner);
    if (made) log('info', 'A session that was left alone was ended to make room for another (limits.children)');
    return made;
  }

  function call(request: Posted, answer: Answer): void {
    const greeting = shared.ready;
    if (greeting !== null) return callModern(greeting, request, answer);
    return void startAndCall(request, answer);
  }

  async function startAndCall(request: Posted, answer: Answer): Promise<void> {
    const started = await shared.start();
    if (answer.aborted) return;
    if (started.kind === 'lost') answer.fail(started.loss.refusal);
    else callModern(started.value, request, answer);
  }

  function callModern(greeting: Greeting, request: Posted, answer: Answer): void {
    const { message } = request;
    if (greeting.era === 'modern') return forwardModernCall(shared, request, answer, decorate);
    const id = message.id ?? 'null';
    if (message.method === 'server/discover')
      return new Reply(answer, id).finish(toDiscovery(id, greeting, options.protocol));
    if (message.method === 'subscriptions/listen') return void listeners.listen(request, answer, greeting);
    if (isRemoved(message.method)) return refuseMethod(answer, id);
    if (wantsInput(message)) return inputRounds.forward(request, answer);
    return forwardModernCall(shared, request, answer, decorate);
  }

  function createSession(
    id: string,
    owner: string,
    at: 'own' | 'legacy' | 'modern',
  ): Session & { start(): Promise<Launched<unknown>> } {
    const onEnd = (): void => sessions.delete(id);
    if (at === 'own')
      return new SessionChild(launcher, { id, owner, callTimeoutMs, startTimeoutMs, deadlines, log, onEnd });
    const mayCall = (): boolean => !shared.crowded || sessions.underWayOf(owner) < MAX_OF_OWNER;
    return at === 'legacy'
      ? new SharedSession(shared, { id, listeners, mayCall, onEnd })
      : new LegacySession(shared, { id, callTimeoutMs, mayCall, onEnd });
  }

  async function openSession(request: Posted, answer: Answer): Promise<void> {
    const era = await launcher.era();
    const own =
      era.kind === 'ok' && !options.shareSessions && (era.value === 'legacy' || (await launcher.speaksLegacy()));
    if (answer.aborted) return;
    if (era.kind === 'lost') return answer.fail(era.loss.refusal);
    if (sessions.size >= MAX_SESSIONS) return answer.fail(refuse('limit-sessions', { retryAfterSeconds: 5 }));
    const id = randomBytes(16).toString('hex');
    const owner = ownerOf(request.principal);
    const session = createSession(id, owner, own ? 'own' : era.value);
    sessions.add(id, owner, session);
    const started = await session.start();
    if (answer.aborted) return void session.end();
    if (started.kind === 'lost') return answer.fail(started.loss.refusal);
    return session.post(request, answer);
  }

  const server: TwoEraServer = {
    call,
    openSession: (request, answer) => void openSession(request, answer),
    session: (id) => sessions.get(id),
  };

  return {
    kind: 'stdio',
    // Arguments may hold secrets, so the program alone names the server.
    label: `stdio:${basename(command[0] ?? '')}`,
    async start() {
      const era = await launcher.era();
      if (era.kind === 'lost') throw toStartError(command[0] ?? '', era.loss.text, launcher.notFound);
      // Old servers may end at a question they do not know; one that ends at `initialize` too is none.
      const proven = launcher.certain ? era : await shared.start();
      if (proven.kind === 'lost') throw toStartError(command[0] ?? '', proven.loss.text, launcher.notFound);
      return { era: era.value };
    },
    forward: (request, answer) => forwardByEra(server, request, answer),
    endSession: (sessionId) => void sessions.get(sessionId)?.end(),
    async close() {
      listeners.end(toLoss({ kind: 'stopped' }));
      shared.close();
      inputRounds.close();
      sessions.endAll();
      await launcher.close();
      deadlines.close();
      watchdog.close();
    },
  };
}

function toStartError(program: string, why: string, notFound: boolean): LatchkeyError {
  if (notFound)
    return new LatchkeyError('E_UPSTREAM_MISSING', `The program "${program}" was not found.`, {
      hint: 'Check its name, its path and the working directory.',
    });
  return new LatchkeyError('E_UPSTREAM_START', `The program "${program}" did not start as an MCP server: ${why}`, {
    hint: 'Run the command by itself to see what it says; LATCHKEY_LOG=info shows its error output.',
  });
}
