/** What differs at one product: data only. Whatever the configuration says itself wins. */
export interface IssuerPreset {
  /** The product's name as people know it. */
  readonly title: string;
  /** What the table of docs/issuers.md says of it, in a few words. */
  readonly remark: string;
  /** Where the issuer is the same for everybody. */
  readonly issuer?: string;
  /** What an issuer of it looks like, for a hint. */
  readonly example: string;
  /** What the configuration must say, since no default could be right. */
  readonly needs?: readonly ('audience' | 'clients' | 'client' | 'lookup')[];
  readonly algorithms?: readonly string[];
  readonly types?: readonly ('at+jwt' | 'JWT' | 'none')[];
  readonly foreignAudiences?: boolean;
  readonly audienceClaim?: string;
  /** Its tokens name the client they were made for, and no resource: `clients` is what they must be for, too. */
  readonly boundToClients?: boolean;
  readonly require?: Readonly<Record<string, string | readonly string[]>>;
  readonly scopeClaims?: readonly string[];
  readonly tokenPrefixes?: readonly string[];
  readonly jwksUrl?: string;
  readonly introspectionUrl?: string;
  readonly userinfoUrl?: string;
  /** How the answer of a product's own token check becomes claims, where it is not RFC 7662. */
  readonly lookup?: 'rfc7662' | 'github' | 'google';
  /** Metadata where there is no discovery; only for `issuer` itself. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What its authorization and token endpoints do not take from a client (RFC 8707's `resource`, say). */
  readonly dropParameters?: readonly string[];
  /** What they want besides; `{audience}` stands for the first audience. */
  readonly addParameters?: Readonly<Record<string, string>>;
  /** What they want before the name of a scope that is none of OpenID Connect's; `{audience}` as above. */
  readonly scopePrefix?: string;
  /** What it can do and does not say in its metadata. */
  readonly supports?: Readonly<Record<string, unknown>>;
}
