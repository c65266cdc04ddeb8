/** The program's own log: what happened, in words for its operator, with what it concerns. No secret is put in it. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  text: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
