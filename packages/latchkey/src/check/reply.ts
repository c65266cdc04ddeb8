/** One HTTP request to the letter; nothing is added to its headers but the length of the body. */
export interface Draft {
  /** Whom to connect to. */
  readonly url: URL;
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | null;
}

/** An answer, of which at most 1 MiB was read. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  /** As sent: repeated headers are repeated. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Why its end was not read, where it was not. */
  readonly cut: 'size' | 'time' | 'enough' | null;
  readonly tls: { readonly protocol: string; readonly validTo: string } | null;
  readonly durationMs: number;
}

export type FailureCause =
  | 'name'
  | 'refused'
  | 'network'
  | 'timeout'
  | 'closed'
  | 'certificate'
  | 'no-tls'
  | 'no-http'
  | 'other';

/** There was no answer. `message` says what happened, `hint` what to do about it. */
export interface Failure {
  readonly kind: 'failure';
  readonly cause: FailureCause;
  readonly message: string;
  readonly hint: string;
}

export type Reply = Answer | Failure;

export function isRedirect(reply: Reply): boolean {
  return reply.kind === 'answer' && reply.status >= 300 && reply.status < 400;
}

/** The first value of a header, whatever its case. */
export function headerOf({ headers }: Answer, name: string): string | null {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}

/** All values of a header, in order. */
export function headersOf({ headers }: Answer, name: string): readonly string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}
