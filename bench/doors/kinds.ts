/** How a server of the door benchmark is guarded. */
export type Lock = 'none' | 'latchkey' | 'sdk-v1' | 'sdk-v2';
/** With what callers come: a token that is looked up by its hash (of Latchkey's store, in a Map or a table), or a JWT. */
export type Credential = 'token' | 'row' | 'ES256' | 'RS256';
export type Framework = 'express' | 'fastify' | 'hono' | 'node' | 'fetch' | 'mcp';

/** One server that is measured. */
export interface DoorKind {
  readonly name: string;
  readonly framework: Framework;
  readonly lock: Lock;
  readonly credential: Credential;
  /** Whether Latchkey writes its decisions down. */
  readonly trail: boolean;
  /** Whether what Latchkey does besides is written by hand beside the SDK's guard: limits, and a line for each request. */
  readonly byHand: boolean;
  /** The name of the same server without a lock. */
  readonly without: string | null;
}

const LOOKED: Readonly<Record<'token' | 'row', string>> = { token: 'hash', row: 'row' };

function kind(framework: Framework, lock: Lock, credential: Credential = 'token', trail = true): DoorKind {
  const byHand = false;
  if (lock === 'none') return { name: framework, framework, lock, credential, trail, byHand, without: null };
  const looked = credential === 'token' || credential === 'row' ? LOOKED[credential] : credential;
  const shown = lock === 'latchkey' && credential === 'token' ? 'stored' : looked;
  const name = `${framework} ${lock} ${shown}${trail ? '' : ' without trail'}`;
  return { name, framework, lock, credential, trail, byHand, without: framework };
}

function withMore(guarded: DoorKind): DoorKind {
  return { ...guarded, name: `${guarded.name} and more by hand`, byHand: true };
}

export const DOOR_KINDS: readonly DoorKind[] = [
  kind('express', 'none'),
  ...(['token', 'ES256', 'RS256'] as const).flatMap((credential) =>
    (['latchkey', 'sdk-v2', 'sdk-v1'] as const).map((lock) => kind('express', lock, credential)),
  ),
  kind('express', 'latchkey', 'token', false),
  kind('express', 'sdk-v2', 'row'),
  kind('express', 'sdk-v1', 'row'),
  withMore(kind('express', 'sdk-v2')),
  withMore(kind('express', 'sdk-v1')),
  ...(['fastify', 'hono', 'node', 'fetch'] as const).flatMap((framework) => [
    kind(framework, 'none'),
    kind(framework, 'latchkey'),
  ]),
  kind('mcp', 'none'),
  kind('mcp', 'latchkey'),
  kind('mcp', 'latchkey', 'token', false),
  kind('mcp', 'sdk-v2'),
];
