import { randomBytes } from 'node:crypto';
import type { Log } from '../../core/log.ts';
import { ownerOf } from '../../core/principal.ts';
import { refuse } from '../../core/reason.ts';
import type { Answer } from '../../core/upstream.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Posted } from '../posted.ts';
import type { Launched } from './ears.ts';
import type { Launcher } from './launcher.ts';
import { LegacySession } from './legacy-to-modern.ts';
import type { Listeners } from './listeners.ts';
import { SessionChild } from './session-child.ts';
import { SessionTable, type Session } from './session-table.ts';
import { MAX_OF_OWNER, type SharedChild } from './shared-child.ts';
import { SharedSession } from './shared-session.ts';

export interface LegacyCallersOptions {
  readonly launcher: Launcher;
  readonly shared: SharedChild;
  readonly listeners: Listeners;
  readonly deadlines: Deadlines;
  readonly log: Log;
  /** Whether their sessions share one child instead of having one each. */
  readonly shareSessions: boolean;
  readonly sessionYieldMs: number;
  readonly callTimeoutMs: number;
  readonly startTimeoutMs: number;
}

/** A session of its own child, or one at the shared child, which is of that era. */
type Place = 'own' | 'legacy' | 'modern';

interface NewSession extends Session {
  /** Gets the session its child; where that is lost the session is over. */
  start(): Promise<Launched<unknown>>;
}

const MAX_SESSIONS = 10_000;

/** The sessions of legacy callers: how one opens, which kind it is, and which one makes room for others. */
export class LegacyCallers {
  readonly #options: LegacyCallersOptions;
  readonly #sessions: SessionTable;

  constructor(options: LegacyCallersOptions) {
    this.#options = options;
    this.#sessions = new SessionTable(options.sessionYieldMs);
  }

  session(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** Opens a session, to which its `initialize` goes first. */
  async openSession(request: Posted, answer: Answer): Promise<void> {
    const place = await this.#findPlace();
    if (answer.aborted) return;
    if (place.kind === 'lost') return answer.fail(place.loss.refusal);
    if (this.#sessions.size >= MAX_SESSIONS) return answer.fail(refuse('limit-sessions', { retryAfterSeconds: 5 }));
    const id = randomBytes(16).toString('hex');
    const owner = ownerOf(request.principal);
    const session = this.#createSession(id, owner, place.value);
    this.#sessions.add(id, owner, session);
    const started = await session.start();
    if (answer.aborted) return void session.end();
    if (started.kind === 'lost') return answer.fail(started.loss.refusal);
    return session.post(request, answer);
  }

  /** Ends a session that was left alone, for the child of one of that owner; false where there is none. */
  async makeRoom(owner: string): Promise<boolean> {
    const made = await this.#sessions.makeRoom(owner);
    if (made)
      this.#options.log('info', 'A session that was left alone was ended to make room for another (limits.children)');
    return made;
  }

  close(): void {
    this.#sessions.endAll();
  }

  /** Where the next session has its child: one of its own if it may, and the server speaks its revision. */
  async #findPlace(): Promise<Launched<Place>> {
    const { launcher, shareSessions } = this.#options;
    const era = await launcher.era();
    if (era.kind === 'lost' || shareSessions) return era;
    return era.value === 'legacy' || (await launcher.speaksLegacy()) ? { kind: 'ok', value: 'own' } : era;
  }

  #createSession(id: string, owner: string, place: Place): NewSession {
    const { launcher, shared, listeners, deadlines, log, callTimeoutMs, startTimeoutMs } = this.#options;
    const onEnd = (): void => this.#sessions.delete(id);
    if (place === 'own')
      return new SessionChild(launcher, { id, owner, callTimeoutMs, startTimeoutMs, deadlines, log, onEnd });
    const mayCall = (): boolean => !shared.crowded || this.#sessions.underWayOf(owner) < MAX_OF_OWNER;
    return place === 'legacy'
      ? new SharedSession(shared, { id, listeners, mayCall, onEnd })
      : new LegacySession(shared, { id, callTimeoutMs, mayCall, onEnd });
  }
}
