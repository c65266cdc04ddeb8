/** How a server of the door benchmark is guarded. */
export type Lock = 'none' | 'latchkey' | 'sdk-v1' | 'sdk-v2';
/** With what callers come: a token that is looked up by its hash (of Latchkey's store, or in a Map), or a JWT. */
export type Credential = 'token' | 'ES256' | 'RS256';
export type Framework = 'express' | 'fastify' | 'hono' | 'node' | 'fetch' | 'mcp';

/** One server that is measured. */
export interface DoorKind {
  readonly name: string;
  readonly framework: Framework;
  readonly lock: Lock;
  readonly credential: Credential;
  /** The name of the same server without a lock. */
  readonly without: string | null;
}

function kind(framework: Framework, lock: Lock, credential: Credential = 'token'): DoorKind {
  if (lock === 'none') return { name: framework, framework, lock, credential, without: null };
  const looked = lock === 'latchkey' ? 'stored' : 'hash';
  const name = `${framework} ${lock} ${credential === 'token' ? looked : credential}`;
  return { name, framework, lock, credential, without: framework };
}

export const DOOR_KINDS: readonly DoorKind[] = [
  kind('express', 'none'),
  ...(['token', 'ES256', 'RS256'] as const).flatMap((credential) =>
    (['latchkey', 'sdk-v2', 'sdk-v1'] as const).map((lock) => kind('express', lock, credential)),
  ),
  ...(['fastify', 'hono', 'node', 'fetch'] as const).flatMap((framework) => [
    kind(framework, 'none'),
    kind(framework, 'latchkey'),
  ]),
  kind('mcp', 'none'),
  kind('mcp', 'latchkey'),
  kind('mcp', 'sdk-v2'),
];
