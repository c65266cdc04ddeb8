import { randomBytes } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

export interface Issuing {
  /** `opaque`: only the issuer knows what it says. */
  readonly format?: 'jwt' | 'opaque';
  /** Tokens of one family are revoked together. */
  readonly family?: string;
}

/** What an issuer knows of the tokens it gave out. */
export interface IssuedTokens {
  issue(claims: Claims, issuing: Issuing): Promise<string>;
  revoke(token: string): void;
  revokeFamily(family: string): void;
  /** What RFC 7662 §2.2 says of the token now: of one that is unknown, over, not yet valid or revoked only that it is not active. */
  introspect(token: string): Claims;
}

interface Issued {
  readonly claims: Claims;
  readonly family: string | undefined;
  revoked: boolean;
}

const INACTIVE = { active: false };

export function createIssuedTokens(sign: (claims: Claims) => Promise<string>): IssuedTokens {
  const issued = new Map<string, Issued>();
  return {
    async issue(claims, { format, family }) {
      const token = format === 'opaque' ? randomText() : await sign(claims);
      issued.set(token, { claims, family, revoked: false });
      return token;
    },
    revoke(token) {
      const found = issued.get(token);
      if (found !== undefined) found.revoked = true;
    },
    revokeFamily(family) {
      for (const each of issued.values()) if (each.family === family) each.revoked = true;
    },
    introspect(token) {
      const found = issued.get(token);
      if (found === undefined || found.revoked || !isNow(found.claims)) return INACTIVE;
      return { active: true, token_type: 'Bearer', ...found.claims };
    },
  };
}

/** 256 bits that say nothing. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

function isNow({ exp, nbf }: Claims): boolean {
  const now = Date.now() / 1000;
  return !(typeof exp === 'number' && exp <= now) && !(typeof nbf === 'number' && nbf > now);
}
