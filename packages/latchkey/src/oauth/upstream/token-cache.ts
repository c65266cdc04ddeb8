import { refuse, type Refusal } from '../../core/reason.ts';
import type { Secret } from '../../core/secret.ts';
import { TokenHolder, type AskForToken } from './token-holder.ts';

const MOST_REQUESTS = 64;

/**
 * Tokens by a key, the least recently made ones forgotten first. At most 64 requests for tokens are under way at a time;
 * who comes while there are as many is told to try again.
 */
export class TokenCache {
  readonly #holders = new Map<string, TokenHolder>();
  readonly #size: number;
  #underWay = 0;

  constructor(size = 10_000) {
    this.#size = size;
  }

  find(key: string, now: number, ask: AskForToken): Secret | Refusal | Promise<Secret | Refusal> {
    return this.#holderOf(key, now).find(now, () => this.#ask(ask));
  }

  replace(
    key: string,
    refused: Secret,
    now: number,
    ask: AskForToken,
  ): Secret | Refusal | Promise<Secret | Refusal> | null {
    return this.#holderOf(key, now).replace(refused, now, () => this.#ask(ask));
  }

  current(key: string, now: number): Secret | null {
    return this.#holders.get(key)?.current(now) ?? null;
  }

  #holderOf(key: string, now: number): TokenHolder {
    const found = this.#holders.get(key);
    if (found !== undefined) return found;
    this.#makeRoom(now);
    const holder = new TokenHolder();
    this.#holders.set(key, holder);
    return holder;
  }

  /** The oldest few are looked at each time, so that what ended does not stay until the room is needed. */
  #makeRoom(now: number): void {
    let looked = 0;
    for (const [key, holder] of this.#holders) {
      if (this.#holders.size >= this.#size || holder.isSpent(now)) this.#holders.delete(key);
      looked += 1;
      if (looked === 4) return;
    }
  }

  async #ask(ask: AskForToken): ReturnType<AskForToken> {
    if (this.#underWay >= MOST_REQUESTS)
      return refuse('issuer-unavailable', { retryAfterSeconds: 2, detail: 'too many requests for tokens at a time' });
    this.#underWay += 1;
    try {
      return await ask();
    } finally {
      this.#underWay -= 1;
    }
  }
}
