import { startIssuer, type IssuerOptions, type TestIssuer } from '../fixtures/issuer.ts';
import type { IssuerKey, Signing } from '../fixtures/issuer-keys.ts';
import { expectEachRefused, expectEachServed } from './answers.ts';
import { send, startSite, type Site } from './harness.ts';

/** A gateway that takes the tokens of one issuer made by hand. */
export interface JwtSite extends Site {
  readonly issuer: TestIssuer;
  /** A right access token for this gateway that may call `echo`, with these claims and this header over it. */
  mint(claims?: object, header?: object, options?: { key?: Signing | IssuerKey }): Promise<string>;
}

export interface JwtSiteOptions {
  /** Over `auth.issuers.test`. */
  readonly settings?: object;
  readonly issuer?: IssuerOptions;
  /** Over the whole configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Further issuers, by name. */
  readonly others?: Readonly<Record<string, object>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** No test but those of limits is about how many mistakes an address may make. */
export const NO_LIMITS = { failedPerAddress: '100000/min', requestsPerAddress: '100000/min' };

export async function startJwtSite(options: JwtSiteOptions = {}): Promise<JwtSite> {
  const { settings = {}, config = {}, others = {}, env = {} } = options;
  const issuer = await startIssuer(options.issuer);
  const site = await startSite(
    { limits: NO_LIMITS, auth: { issuers: { test: { issuer: issuer.url, ...settings }, ...others } }, ...config },
    env,
  );
  return {
    ...site,
    issuer,
    mint: (claims = {}, header = {}, signing = {}) =>
      issuer.accessToken({ aud: site.gateway.url, scope: 'file:read', ...claims }, header, signing),
    async close() {
      await site.close();
      await issuer.close();
    },
  };
}

type Tokens = Readonly<Record<string, string | Promise<string>>>;

/** Each token, by what is wrong with it, gets 401 (or this status), and the upstream nothing. */
export async function expectTokensRefused(site: JwtSite, tokens: Tokens, status: number | readonly number[] = 401) {
  await expectEachRefused(site, await toCalls(tokens), status);
}

export async function expectTokensServed(site: JwtSite, tokens: Tokens): Promise<void> {
  await expectEachServed(site, await toCalls(tokens));
}

export async function statusOf(site: JwtSite, token: string): Promise<number> {
  return (await send(site, { token })).status;
}

async function toCalls(tokens: Tokens): Promise<Record<string, { token: string }>> {
  const calls: Record<string, { token: string }> = {};
  for (const [name, token] of Object.entries(tokens)) calls[name] = { token: await token };
  return calls;
}
