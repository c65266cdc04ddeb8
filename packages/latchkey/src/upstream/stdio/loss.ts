import { refuse, type Refusal } from '../../core/reason.ts';
import type { ChildEnding } from './child.ts';

/** Why a call gets no answer: for a caller who has heard nothing, and as text for one who reads a stream. */
export interface Loss {
  readonly refusal: Refusal;
  readonly text: string;
}

export function toLoss(ending: ChildEnding): Loss {
  switch (ending.kind) {
    case 'too-large':
      return {
        refusal: refuse('upstream-too-large', { detail: 'a line of the server is longer than the bound' }),
        text: 'The answer of the server is too large.',
      };
    case 'exited':
      return exited(ending.detail);
    case 'not-started':
      return exited(`could not be started: ${ending.cause.code ?? 'unknown'}`);
    case 'stopped':
      return {
        refusal: refuse('shutting-down', { detail: 'the server was stopped' }),
        text: 'The server was stopped.',
      };
  }
}

export function exited(detail: string, waitMs = 0): Loss {
  return {
    refusal: refuse('upstream-exited', { detail, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) }),
    text: 'The server ended unexpectedly.',
  };
}

export function speaksOther(revisions: readonly string[]): Loss {
  const text = `It speaks other revisions of MCP only: ${revisions.join(', ')}.`;
  return { refusal: refuse('upstream-invalid', { detail: text }), text };
}

/** A server took a subscription back (MCP 2026-07-28 cancellation), which is how one ends well. */
export const WITHDRAWN: Loss = {
  refusal: refuse('upstream-exited', { detail: 'ended the subscription', retryAfterSeconds: 1 }),
  text: 'The server ended the subscription.',
};

export const TIMED_OUT: Loss = {
  refusal: refuse('upstream-timeout', { detail: 'no answer in time' }),
  text: 'The server did not answer in time.',
};
export const START_TIMED_OUT: Loss = {
  refusal: refuse('upstream-timeout', { detail: 'the server did not start in time' }),
  text: 'The server did not start in time.',
};
export const NOT_READING: Loss = {
  refusal: refuse('upstream-unreachable', { detail: 'the server does not read its input', retryAfterSeconds: 1 }),
  text: 'The server does not take more requests.',
};
export const SESSION_ENDED: Loss = {
  refusal: refuse('session-unknown', { detail: 'the session ended' }),
  text: 'The session ended.',
};
export const BUSY: Loss = {
  refusal: refuse('limit-calls', { detail: 'as many calls wait for a process as may', retryAfterSeconds: 5 }),
  text: 'Too many calls wait.',
};
export const CROWDED: Loss = {
  refusal: refuse('limit-sessions', { detail: 'as many server processes run as may', retryAfterSeconds: 5 }),
  text: 'Too many server processes.',
};
