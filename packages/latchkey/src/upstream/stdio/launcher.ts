import { LEGACY_REVISION, MODERN_REVISION } from '../../core/revision.ts';
import { Child, type ChildHandlers, type ChildOptions } from './child.ts';
import { createEars, type Ears, type Launched } from './ears.ts';
import { createBackoff } from './backoff.ts';
import { isRecord, toNotification, toRequest, valueAt } from './json.ts';
import { foreignRevisions } from './foreign-revisions.ts';
import { CROWDED, exited, speaksOther, toLoss, type Loss } from './loss.ts';
import { openOutput } from './output.ts';
import type { ServerLine } from './server-line.ts';

const PROBE_ID = '"latchkey-probe"';
const INITIALIZE_ID = '"latchkey-initialize"';
const PROBE_MS = 3000;

/** How a server introduced itself, in `server/discover` or `initialize`. */
export interface Greeting {
  readonly era: 'modern' | 'legacy';
  /** The revision that `initialize` settled; null where there was none. */
  readonly protocolVersion: string | null;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly serverInfo: Readonly<Record<string, unknown>> | null;
  readonly instructions: string | null;
}

export interface LauncherOptions extends Omit<ChildOptions, 'watchdog' | 'output'> {
  readonly watchdog: ChildOptions['watchdog'];
  readonly maxChildren: number;
  /** Ends a child that nobody needs just now, for one of that owner; false where there is none. */
  makeRoom(owner: string): Promise<boolean>;
  readonly startTimeoutMs: number;
  /** Version of this package, which servers are told. */
  readonly version: string;
}

/** Starts children of one command, knows their era, and counts them. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #children = new Map<Child, boolean>();
  /** Of children that have no place any more, and are not gone yet. */
  readonly #leaving = new Set<Promise<void>>();
  // Deaths before the hand-shake was done: they say that the command is broken, so everybody waits.
  readonly #backoff = createBackoff();
  #era: Promise<Launched<'modern' | 'legacy'>> | null = null;
  // A child that died of the probe was taken for a legacy server; until one answers anything, that is a guess.
  #confirmed = false;
  #discovered: Greeting | null = null;
  #speaksLegacy: Promise<boolean> | null = null;
  #spare: Child | null = null;
  /** Counted children that are not there yet. */
  #starting = 0;
  #closed = false;
  #startFault: string | null = null;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** The system's code for why it would not start the program the last time; null where it did. */
  get startFault(): string | null {
    return this.#startFault;
  }

  /** The era of the command, found out once by asking a child (MCP 2026-07-28 stdio §Backward Compatibility). */
  era(): Promise<Launched<'modern' | 'legacy'>> {
    this.#era ??= this.#probe().then((found) => {
      if (found.kind === 'lost') this.#era = null;
      return found;
    });
    return this.#era;
  }

  /** Whether a modern command also takes `initialize`, so that legacy clients can have it as it is. Found out once. */
  speaksLegacy(): Promise<boolean> {
    this.#speaksLegacy ??= this.#tryInitialize();
    return this.#speaksLegacy;
  }

  /**
   * A child nobody spoke to yet, beyond the probe. Those of an owner are bounded by `maxChildren`; who comes first has a
   * place first, however long it takes to start.
   */
  async launch(handlers: ChildHandlers, owner: string | null): Promise<Launched<Child>> {
    const obstacle = this.#obstacle();
    if (obstacle !== null) return { kind: 'lost', loss: obstacle };
    if (owner !== null && !(await this.#takePlace(owner))) return { kind: 'lost', loss: CROWDED };
    const spare = this.#spare;
    this.#spare = null;
    const output = spare?.alive ? null : await openOutput();
    if (owner !== null) this.#starting -= 1;
    if (spare?.alive) return this.#adopt(spare, handlers, owner !== null);
    const child = this.#closed ? null : createChild({ ...this.#options, output }, handlers);
    if (child !== null) return this.#adopt(child, handlers, owner !== null);
    for (const end of [output?.ours, output?.theirs]) end?.destroy();
    return { kind: 'lost', loss: this.#closed ? toLoss({ kind: 'stopped' }) : exited('could not be started') };
  }

  #adopt(child: Child, handlers: ChildHandlers, counted: boolean): Launched<Child> {
    child.handlers = {
      onLine: (line) => handlers.onLine(line),
      onEnd: (ending) => {
        this.#children.delete(child);
        this.#waitForEnd(child);
        this.#startFault = ending.kind === 'not-started' ? (ending.cause.code ?? null) : null;
        handlers.onEnd(ending);
      },
    };
    this.#children.set(child, counted);
    return { kind: 'ok', value: child };
  }

  #waitForEnd(child: Child): void {
    // A child tells of its end before `stop` could give its promise.
    const gone = Promise.resolve().then(() => child.stop());
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  #obstacle(): Loss | null {
    if (this.#closed) return toLoss({ kind: 'stopped' });
    const waitMs = this.#backoff.waitMs();
    return waitMs > 0 ? exited('waits before the next start', waitMs) : null;
  }

  /** It is taken while it is made, so that nobody else gets it. */
  async #takePlace(owner: string): Promise<boolean> {
    const crowded = this.#count() >= this.#options.maxChildren;
    this.#starting += 1;
    if (!crowded || (await this.#options.makeRoom(owner))) return true;
    this.#starting -= 1;
    return false;
  }

  /** False while the era was only guessed from a child that ended without a word. */
  get certain(): boolean {
    return this.#confirmed;
  }

  /** Tells that a child answered, so that the era is no guess any more. */
  confirm(): void {
    this.#confirmed = true;
  }

  /** Tells that a child ended before it was of use. */
  startFailed(child: Child): void {
    if (!this.#confirmed) this.#era = null;
    this.#backoff.failed(performance.now() - child.startedAt);
  }

  /**
   * A child that was greeted and is ready for calls: initialized with these capabilities, or discovered. `handlers` get
   * what comes after the greeting; when the start fails they hear nothing.
   */
  async launchReady(
    handlers: ChildHandlers,
    capabilities: string,
    owner: string | null,
  ): Promise<Launched<{ child: Child; greeting: Greeting }>> {
    const era = await this.era();
    if (era.kind === 'lost') return era;
    const ears = createEars();
    const launched = await this.launch(ears, owner);
    if (launched.kind === 'lost') return launched;
    const child = launched.value;
    const greeted = await this.#greet(child, ears, era.value, capabilities);
    if (greeted.kind === 'lost') {
      this.startFailed(child);
      void child.stop();
      return greeted;
    }
    ears.passTo(handlers);
    return { kind: 'ok', value: { child, greeting: greeted.value } };
  }

  /** Ends every child, and starts none any more. Settles when all are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#spare = null;
    await Promise.all([...this.#children.keys()].map((child) => child.stop()));
    await Promise.all(this.#leaving);
  }

  #count(): number {
    let count = this.#starting;
    for (const counted of this.#children.values()) if (counted) count += 1;
    return count;
  }

  async #greet(child: Child, ears: Ears, era: 'modern' | 'legacy', capabilities: string): Promise<Launched<Greeting>> {
    // A discovered child has no state: what one said, all say.
    if (era === 'modern' && this.#discovered !== null) return { kind: 'ok', value: this.#discovered };
    const heard = await ears.ask(child, this.#initialize(capabilities), [INITIALIZE_ID], this.#options.startTimeoutMs);
    if (heard.kind === 'lost') return heard;
    const result = valueAt(heard.value.bytes, heard.value.result);
    if (!isRecord(result)) return { kind: 'lost', loss: exited('refused initialize') };
    this.confirm();
    child.send(Buffer.concat([toNotification('notifications/initialized', '{}'), Buffer.from('\n')]));
    return { kind: 'ok', value: toGreeting('legacy', result, result['serverInfo']) };
  }

  async #probe(): Promise<Launched<'modern' | 'legacy'>> {
    const ears = createEars();
    const launched = await this.launch(ears, null);
    if (launched.kind === 'lost') return launched;
    const child = launched.value;
    const probe = toRequest(PROBE_ID, 'server/discover', `{"_meta":${toMeta(this.#options.version)}}`);
    let heard = await ears.ask(child, probe, [PROBE_ID], PROBE_MS);
    const silent = heard.kind === 'lost' && ears.ending === null;
    // Silence is a server that ignores what it does not know, or one that is slow to start: the next answer tells which.
    if (silent)
      heard = await ears.ask(child, this.#initialize('{}'), [PROBE_ID, INITIALIZE_ID], this.#options.startTimeoutMs);
    const ending = ears.ending;
    const foreign = heard.kind === 'ok' ? foreignRevisions(heard.value) : null;
    if (foreign !== null) heard = { kind: 'lost', loss: speaksOther(foreign) };
    ears.passTo({ onLine() {}, onEnd() {} });
    // Keep it for whoever comes first; one that was initialized or died of the question is replaced then.
    if (ending === null && !silent && foreign === null && !this.#closed) this.#spare = child;
    else void child.stop();
    if (heard.kind === 'lost' && (foreign !== null || ending?.kind !== 'exited')) {
      this.startFailed(child);
      return heard;
    }
    if (heard.kind === 'ok') this.confirm();
    this.#discovered = heard.kind === 'ok' ? readDiscovery(heard.value) : null;
    return { kind: 'ok', value: this.#discovered === null ? 'legacy' : 'modern' };
  }

  async #tryInitialize(): Promise<boolean> {
    const ears = createEars();
    const launched = await this.launch(ears, null);
    if (launched.kind === 'lost') return false;
    const heard = await ears.ask(launched.value, this.#initialize('{}'), [INITIALIZE_ID], this.#options.startTimeoutMs);
    void launched.value.stop();
    return heard.kind === 'ok' && heard.value.result !== null;
  }

  #initialize(capabilities: string): Buffer {
    return toRequest(
      INITIALIZE_ID,
      'initialize',
      `{"protocolVersion":"${LEGACY_REVISION}","capabilities":${capabilities},"clientInfo":${toClientInfo(this.#options.version)}}`,
    );
  }
}

function toClientInfo(version: string): string {
  return JSON.stringify({ name: 'latchkey', version });
}

function toMeta(version: string): string {
  return `{"io.modelcontextprotocol/protocolVersion":"${MODERN_REVISION}","io.modelcontextprotocol/clientInfo":${toClientInfo(version)},"io.modelcontextprotocol/clientCapabilities":{}}`;
}

/** Null where the system refuses at once, for want of memory or of room for the arguments. */
function createChild(options: ChildOptions, handlers: ChildHandlers): Child | null {
  try {
    return new Child(options, handlers);
  } catch (error) {
    options.log('error', 'The server could not be started', { code: (error as NodeJS.ErrnoException).code });
    return null;
  }
}

function readDiscovery(line: ServerLine): Greeting | null {
  const result = valueAt(line.bytes, line.result);
  if (
    !isRecord(result) ||
    !Array.isArray(result['supportedVersions']) ||
    !result['supportedVersions'].includes(MODERN_REVISION)
  )
    return null;
  const meta = isRecord(result['_meta']) ? result['_meta'] : {};
  return toGreeting('modern', result, meta['io.modelcontextprotocol/serverInfo']);
}

function toGreeting(era: 'modern' | 'legacy', result: Record<string, unknown>, serverInfo: unknown): Greeting {
  return Object.freeze({
    era,
    protocolVersion: typeof result['protocolVersion'] === 'string' ? result['protocolVersion'] : null,
    capabilities: isRecord(result['capabilities']) ? result['capabilities'] : {},
    serverInfo: isRecord(serverInfo) ? serverInfo : null,
    instructions: typeof result['instructions'] === 'string' ? result['instructions'] : null,
  });
}
