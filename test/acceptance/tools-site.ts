import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createCredentials, type Credentials } from '../fixtures/credentials.ts';
import { openEvents, type EventStream } from '../fixtures/event-stream.ts';
import { startLatchkey, type Latchkey } from '../fixtures/latchkey.ts';
import { isRunning } from '../fixtures/processes.ts';
import { headerValue, type RawAnswer } from '../fixtures/raw-http.ts';
import { responseOf } from './answers.ts';
import { initializeCall, legacyCall, modernCall, requestBytes, send, type Call } from './harness.ts';

/** A gateway on a file of declared tools whose scripts write down what they do. */
export interface ToolsSite {
  readonly gateway: Latchkey;
  readonly tokens: Credentials['tokens'];
  /** The tools file. */
  readonly file: string;
  /** Puts another set of tools into the file. */
  write(tools: readonly object[], more?: object): Promise<void>;
  /** What the scripts wrote so far, line by line. */
  notes(): readonly string[];
  close(): Promise<void>;
}

const text = (name: string, more: object = {}) => ({ name, type: 'string', required: true, ...more });

/** Tools that tests need. `hang` and what it starts end by SIGKILL alone. */
export const TOOLS = {
  echo: {
    name: 'echo',
    description: 'Says it again',
    parameters: [
      text('text'),
      { name: 'times', type: 'integer', default: 1, validation: { minimum: 1, maximum: 3 } },
      { name: 'mood', type: 'string', enum: ['calm', 'loud'] },
    ],
    script: { shell: 'echo "ran {{text}}" >> "$NOTES"\nprintf "%s %s" "{{text}}" "{{times}}"' },
  },
  fail: {
    name: 'fail',
    description: 'Fails',
    script: { shell: 'echo "to the output"; echo "to the errors" >&2; exit 3' },
  },
  hang: {
    name: 'hang',
    description: 'Does not end',
    parameters: [text('label')],
    script: {
      shell: [
        "trap '' TERM INT HUP",
        'echo "started {{label}} $$" >> "$NOTES"',
        '(sleep 300; echo late >> "$NOTES") &',
        'echo "started {{label}} $!" >> "$NOTES"',
        'sleep 300',
      ].join('\n'),
    },
  },
} as const;

/** Starts the gateway with `--tools FILE`; `config` is its latchkey.yaml. */
export async function startToolsSite(
  tools: readonly object[] = Object.values(TOOLS),
  config: Readonly<Record<string, unknown>> = {},
  more: object = {},
): Promise<ToolsSite> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-tools-'));
  const [file, journal] = [join(folder, 'gantz.yaml'), join(folder, 'notes')];
  const write = (declared: readonly object[], others: object = {}): Promise<void> =>
    writeFile(file, toFile(declared, journal, others));
  await write(tools, more);
  const gateway = await startLatchkey({ config, args: ['--tools', file] });
  const { tokens } = await createCredentials(gateway.store);
  return {
    gateway,
    tokens: { ...tokens, admin: gateway.token },
    file,
    write,
    notes: () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').filter(Boolean) : []),
    async close() {
      await gateway.close();
      await rm(folder, { recursive: true });
    },
  };
}

function toFile(tools: readonly object[], journal: string, more: object): string {
  const noting = tools.map((tool) => ({ ...tool, environment: { NOTES: journal } }));
  return JSON.stringify(
    { name: 'site', description: 'Tools of the tests', version: '1.2.0', tools: noting, ...more },
    null,
    1,
  );
}

/** How a caller of one era speaks. */
export interface ToolsVoice {
  readonly era: 'modern' | 'legacy';
  call(tool: string, args?: object, id?: unknown): Call;
  list(): Call;
}

/** A caller of each era; the legacy one has a session. */
export async function startVoices(site: ToolsSite, token = site.tokens.admin): Promise<readonly ToolsVoice[]> {
  return [modernTools(token), await legacyTools(site, token)];
}

export function modernTools(token: string): ToolsVoice {
  return {
    era: 'modern',
    call: (tool, args = {}, id = 1) => ({ tool, args, id, token }),
    list: () => ({ ...modernCall('tools/list'), token }),
  };
}

export interface LegacyTools extends ToolsVoice {
  readonly session: string;
  /** Any message of the session. */
  say(method: string, params?: object, id?: unknown): Call;
}

export async function legacyTools(site: ToolsSite, token = site.tokens.admin, revision?: string): Promise<LegacyTools> {
  const answer = await send(site, { ...initializeCall(revision), token });
  expect(answer.status).toBe(200);
  const session = headerValue(answer, 'mcp-session-id') ?? '';
  const say = (method: string, params: object = {}, id?: unknown): Call => {
    const message = { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params };
    return { ...legacyCall(method, params, session), token, body: JSON.stringify(message) };
  };
  return {
    era: 'legacy',
    session,
    say,
    call: (tool, args = {}, id = 1) => say('tools/call', { name: tool, arguments: args }, id),
    list: () => say('tools/list', {}, 1),
  };
}

/** The text of a tool's result, and whether it is an error. */
export function resultOf(answer: RawAnswer): { readonly text: string; readonly isError: boolean } {
  const { content, isError } = (responseOf(answer).result ?? {}) as { content: { text: string }[]; isError: boolean };
  return { text: content.map((one) => one.text).join('\n'), isError };
}

export function namesOf(answer: RawAnswer): readonly string[] {
  const { tools } = (responseOf(answer).result ?? {}) as { tools: readonly { name: string }[] };
  return tools.map(({ name }) => name);
}

/** Sends a call and reads its answer while it comes. */
export function openCall(site: ToolsSite, call: Call): Promise<EventStream> {
  return openEvents(site.gateway.url, requestBytes(site, call));
}

/** Waits until both processes of a `hang` run, and gives their ids. */
export async function untilHanging(site: ToolsSite, label: string): Promise<readonly number[]> {
  const pids = (): readonly number[] =>
    site
      .notes()
      .filter((note) => note.startsWith(`started ${label} `))
      .map((note) => Number(note.split(' ').at(-1)));
  await expect.poll(pids, { interval: 20 }).toHaveLength(2);
  return pids();
}

/** Within a second of now nothing of them is left. */
export async function expectGoneSoon(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isRunning), { timeout: 1000, interval: 10 }).toEqual([]);
}
