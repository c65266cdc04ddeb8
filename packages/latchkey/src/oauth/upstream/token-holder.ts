import type { Refusal } from '../../core/reason.ts';
import { Secret } from '../../core/secret.ts';

/** A token as the issuer gave it. Times are epoch milliseconds. */
export interface IssuedToken {
  readonly secret: Secret;
  readonly expiresAt: number;
}

/** Asks the issuer for a token; never rejects. */
export type AskForToken = () => Promise<IssuedToken | Refusal>;

/** Between two requests for the same token, whatever became of the first. */
const PAUSE_MS = 2000;
/** A token is not sent in its last moments: it has to arrive, and clocks differ. */
const MARGIN_MS = 5000;
/** It is replaced this long before its end, or when a fifth of its life is left. */
const EARLY_MS = 60_000;

/**
 * One token, from one request to the issuer at a time. It is replaced in good time while it still serves, and the issuer is
 * asked at most once in two seconds.
 */
export class TokenHolder {
  #token: IssuedToken | null = null;
  #refreshAt = 0;
  #asked = 0;
  #asking: Promise<Secret | Refusal> | null = null;
  #refusal: Refusal | null = null;

  /** Whether it has nothing that anybody could still want. */
  isSpent(now: number): boolean {
    return this.#asking === null && this.current(now) === null && !this.#pausing(now);
  }

  /** The token if it still serves. */
  current(now: number): Secret | null {
    return this.#token !== null && now < this.#token.expiresAt - MARGIN_MS ? this.#token.secret : null;
  }

  find(now: number, ask: AskForToken): Secret | Refusal | Promise<Secret | Refusal> {
    const secret = this.current(now);
    if (secret !== null) {
      if (now >= this.#refreshAt && this.#asking === null && !this.#pausing(now)) void this.#ask(now, ask);
      return secret;
    }
    if (this.#asking !== null) return this.#asking;
    if (this.#refusal !== null && this.#pausing(now)) return this.#refusal;
    return this.#ask(now, ask);
  }

  /** Another token than the refused one; null while the issuer was asked too short a time ago. */
  replace(refused: Secret, now: number, ask: AskForToken): Secret | Refusal | Promise<Secret | Refusal> | null {
    if (this.#token?.secret === refused) {
      if (this.#asking === null && this.#pausing(now)) return null;
      this.#token = null;
    }
    return this.find(now, ask);
  }

  // A clock that was set back must not make it wait for longer.
  #pausing(now: number): boolean {
    return Math.abs(now - this.#asked) < PAUSE_MS;
  }

  #ask(now: number, ask: AskForToken): Promise<Secret | Refusal> {
    this.#asked = now;
    this.#asking = ask().then((issued) => this.#settle(issued, now));
    return this.#asking;
  }

  #settle(issued: IssuedToken | Refusal, now: number): Secret | Refusal {
    this.#asking = null;
    if ('reason' in issued) {
      this.#refusal = issued;
      return issued;
    }
    const life = issued.expiresAt - now;
    this.#refusal = null;
    this.#token = issued;
    this.#refreshAt = issued.expiresAt - Math.max(Math.min(EARLY_MS, life / 5), MARGIN_MS);
    return issued.secret;
  }
}
