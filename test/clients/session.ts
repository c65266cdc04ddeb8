/** What the tests need of a connected client, in whichever words that client says it. */
export interface Session {
  readonly era: 'legacy' | 'modern';
  listTools(): Promise<string[]>;
  /** Gives the text of the result; fails with the client's own error, untouched. */
  callTool(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<string>;
  /** Ends the server's session too, where there is one. */
  close(): Promise<void>;
}

interface CallOptions {
  readonly onProgress?: (progress: number) => void;
  readonly signal?: AbortSignal;
}

export interface ConnectOptions {
  readonly token?: string;
  /** How the token gets into the request: as a fixed header, or asked of a provider each time. */
  readonly by?: 'header' | 'provider';
  /** Told the JSON of every message sent, before it is sent. */
  readonly onSend?: (body: string) => void;
  /** Answers the server's questions to the user and to the model; without it the client declares no capability. */
  readonly answers?: Answers;
}

export interface Answers {
  user(message: string): Record<string, string>;
  model(prompt: string): string;
}

export interface OfficialClient {
  readonly name: string;
  /** What it does with a server that has both eras. */
  readonly prefers: 'legacy' | 'modern';
  /** True where it forgets a progress that comes together with the result: it takes in the result first. */
  readonly forgetful?: true;
  /** True where it speaks nothing older than 2026-07-28. */
  readonly pinned: boolean;
  connect(url: string, options: ConnectOptions): Promise<Session>;
}

/** Where the HTTP+SSE transport of the server at `url` begins. */
export function sseUrlOf(url: string): URL {
  return new URL('sse', url);
}

/** Gives the text of a tool's result. */
export function textOf(result: object): string {
  const { content } = result as { content: readonly { text?: string }[] };
  return content.map(({ text }) => text ?? '').join('\n');
}

/** A fetch that tells what it is about to send. */
export function fetchWith({ onSend }: ConnectOptions): typeof fetch {
  return (input, init) => {
    if (typeof init?.body === 'string') onSend?.(init.body);
    return fetch(input, init);
  };
}

export function headersWith({ token, by = 'header' }: ConnectOptions): RequestInit {
  return { headers: token !== undefined && by === 'header' ? { Authorization: `Bearer ${token}` } : {} };
}
