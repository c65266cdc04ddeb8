import { readMessage, readMessages } from './read-message.ts';
import type { Answer, FailureCause, Reply } from './reply.ts';

/**
 * What an answer means for who asked: `served` got something, `refused` did not, `identity` is to say who it is,
 * `limited` is to wait, `broken` met a mistake of the server's, `silent` waited in vain, `closed` was hung up on, `gone` found nobody there.
 */
export type Standing = 'served' | 'refused' | 'identity' | 'limited' | 'broken' | 'silent' | 'closed' | 'gone';

export function standingOf(reply: Reply): Standing {
  if (reply.kind === 'failure') return FAILED[reply.cause] ?? 'closed';
  const { status } = reply;
  if (status === 401) return 'identity';
  if (status === 429) return 'limited';
  if (status >= 500) return 'broken';
  if (status >= 300) return 'refused';
  const messages = readMessages(reply);
  if (messages.length === 0) return reply.cut === 'time' ? 'silent' : 'served';
  return messages.some(({ result }) => result !== undefined) ? 'served' : 'refused';
}

const FAILED: Partial<Record<FailureCause, Standing>> = {
  timeout: 'silent',
  refused: 'gone',
  network: 'gone',
  name: 'gone',
};

const UNANSWERED: Partial<Record<Standing, string>> = {
  silent: 'no answer in time',
  gone: 'the server is not there any more',
  closed: 'the connection was closed',
};

/** `400 (-32020)`: the status, and the code of its JSON-RPC error, or that it was served. */
export function describeReply(reply: Reply): string {
  const standing = standingOf(reply);
  if (reply.kind === 'failure') return UNANSWERED[standing] ?? reply.message;
  const error = errorOf(reply);
  if (error !== null && error.code !== reply.status) return `${reply.status} (${error.code})`;
  if (standing !== 'served') return String(reply.status);
  return `${reply.status} (${readMessage(reply) === null ? 'accepted' : 'served'})`;
}

export function errorOf(answer: Answer): { readonly code: number; readonly message: string } | null {
  return readMessage(answer)?.error ?? null;
}

/** Whether a call reached the tools: it was served, or told that there is no such tool. */
export function reachedTools(reply: Reply): boolean {
  if (reply.kind === 'failure' || reply.status === 401 || reply.status === 403) return false;
  const message = readMessage(reply);
  if (message === null) return false;
  return message.result !== undefined || message.error?.code === -32602 || message.error?.code === -32601;
}
