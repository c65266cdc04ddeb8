import type { IssuerPreset } from '../../packages/latchkey/src/config/issuers/preset.ts';
import { PRESETS } from '../../packages/latchkey/src/config/issuers/presets.ts';

const ISSUERS = `# Issuers

Latchkey takes access tokens of issuers that you have already: it publishes where clients sign in (RFC 9728), checks the tokens that they bring back, and makes scopes of their claims.

\`\`\`yaml
publicUrl: https://mcp.example.com
auth:
  issuers:
    work:
      preset: okta
      issuer: https://ORG.okta.com/oauth2/default
\`\`\`

\`work\` is a name of your own: principals and the trail have it (\`issuer:work:SUBJECT\`). What a preset knows need not be written, and whatever you write wins over it. All keys are in [config.md](config.md), under \`auth.issuers.NAME\`.

The products themselves were not at hand. Each page names what was read, and when; tokens as documented there are tried in \`test/acceptance/jwt-presets.test.ts\`. Where something does not fit, \`latchkey trail\` says what: \`typ is not in auth.issuers.work.types (at+jwt)\`.

| product | \`preset\` | must be set | header \`typ\` | scopes from | what differs |
|---|---|---|---|---|---|
`;

const ISSUERS_END = `
## What a token must be

- Signed by a key of the issuer with an algorithm of \`algorithms\`, or looked up there (\`introspection\`, \`userinfo\`).
- \`iss\` the issuer to the letter; \`exp\`, \`nbf\` and \`iat\` right within 30 seconds.
- \`aud\` the URL of the server that is asked, as clients know it (\`https://mcp.example.com/mcp\`), or what \`audience\` names. Other members are refused unless \`foreignAudiences\`: who is also named could use the token here.
- Without \`aud\`: refused, unless \`audienceClaim\` names a claim that stands for it.
- From a client of \`clients\`, where that is set.
- With the claims of \`require\`.

## Scopes

Rules ask for scopes ([policy.md](policy.md)); \`scopes\` says which a token gives: the words of \`claims\` as they stand, what \`map\` makes of groups and roles, and \`always\`.

\`\`\`yaml
      scopes:
        map:
          groups: { engineering: [file:read, file:write] }
\`\`\`

The scope \`*\` never comes from a token; \`always: ["*"]\` gives everything to whoever can get a token there. In \`map\` a claim that is an object stands for its keys.

## Signing in through the gateway

Some issuers refuse what MCP clients send. For those (\`authorizationProxy: auto\`) clients sign in through \`/oauth/NAME\` of the gateway, which changes the request and passes the answer back; it keeps no token ([decision 028](../decisions/028-authorization-proxy.md)). Redirect URIs are registered at the issuer as before: the issuer answers the client itself. A proxy in front of the gateway must let \`/oauth/\` and \`/.well-known/\` through.

## User-info: the weak way

\`userinfo\` asks an issuer who the user of a token is. The answer says that the token is good for the issuer, not that it was made for this gateway: any application that the user ever signed in to could take its token here. So \`clients\` must be set, and a token counts only where the answer says which client it was given to. Take \`introspection\` wherever the issuer has it.
`;

const quote = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

function issuerRow([name, preset]: readonly [string, IssuerPreset]): string {
  const { title, issuer, needs = [], types = ['at+jwt'], scopeClaims = ['scope', 'scp'], lookup, remark } = preset;
  const set = [
    ...(issuer === undefined ? ['issuer'] : []),
    ...needs.map((need) => (need === 'lookup' ? 'introspection' : need)),
  ];
  const kind = lookup === undefined ? quote(types) : 'opaque';
  return `| [${title}](issuers/${name}.md) | \`${name}\` | ${quote(set)} | ${kind} | ${quote(scopeClaims) || '`scopes`'} | ${remark} |`;
}

/** docs/issuers.md: what is said of all issuers, and a row for each preset. */
export function issuersPage(): string {
  return `${ISSUERS}${Object.entries(PRESETS).map(issuerRow).join('\n')}\n${ISSUERS_END}`;
}
