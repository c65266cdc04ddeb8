import type { Secret } from '../core/secret.ts';
import type { Send } from './metadata.ts';
import type { Survey } from './survey.ts';

/** A server under examination, after a first look at it. */
export interface Site extends Survey {
  readonly url: URL;
  /** What was given, whether or not it is accepted. */
  readonly token: Secret | null;
  readonly timeoutMs: number;
  readonly send: Send;
}
