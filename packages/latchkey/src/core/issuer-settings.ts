/** Asymmetric only: who can verify a token by a shared secret can make one (RFC 8725 §3.1). */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export const TOKEN_TYPES = ['at+jwt', 'JWT', 'none'] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];
export type TokenType = (typeof TOKEN_TYPES)[number];

/** What holds of an issuer where nobody says anything else. */
export const ISSUER_DEFAULTS = {
  algorithms: ['RS256', 'ES256', 'EdDSA', 'Ed25519'],
  types: ['at+jwt'],
  scopeClaims: ['scope', 'scp'],
  keysRefresh: '10m',
  keysMaxAge: '24h',
} as const satisfies {
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly types: readonly TokenType[];
  readonly [name: string]: string | readonly string[];
};

/** `typ` of tokens as headers are held against it: lower case, '' for none. */
export function toHeaderTypes(types: readonly TokenType[]): readonly string[] {
  return types.map((type) => (type === 'none' ? '' : type.toLowerCase()));
}

/**
 * Whether ID tokens of an issuer would pass for access tokens (RFC 8725 §3.12): they are for their client, and where that
 * is an audience too, `typ` or a claim must tell the two apart.
 */
export function takesIdTokens(settings: {
  readonly types: readonly TokenType[];
  readonly audiences: readonly string[];
  readonly clients: readonly (string | undefined)[];
  readonly required: object;
}): boolean {
  const { types, audiences, clients, required } = settings;
  const loose = types.some((type) => type !== 'at+jwt');
  return loose && audiences.some((each) => clients.includes(each)) && Object.keys(required).length === 0;
}
