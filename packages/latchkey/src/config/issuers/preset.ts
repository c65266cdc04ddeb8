/** What differs at one product: data only. Whatever the configuration says itself wins. */
export interface IssuerPreset {
  /** Where the issuer is the same for everybody. */
  readonly issuer?: string;
  readonly algorithms?: readonly string[];
  readonly types?: readonly ('at+jwt' | 'JWT' | 'none')[];
  readonly foreignAudiences?: boolean;
  readonly require?: Readonly<Record<string, string>>;
  readonly scopeClaims?: readonly string[];
  readonly tokenPrefixes?: readonly string[];
  readonly jwksUrl?: string;
  readonly introspectionUrl?: string;
  readonly userinfoUrl?: string;
  /** How the answer of a product's own token check becomes claims, where it is not RFC 7662. */
  readonly lookup?: 'rfc7662' | 'github' | 'google';
  /** Metadata where there is no discovery. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What its authorization and token endpoints do not take from a client (RFC 8707's `resource`, say). */
  readonly dropParameters?: readonly string[];
}
