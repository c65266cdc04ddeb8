import type { Probe } from './probe.ts';
import { reachable } from './probes/reachable.ts';
import { encrypted } from './probes/encrypted.ts';
import { plainHttp } from './probes/plain-http.ts';
import { mcpServer } from './probes/mcp-server.ts';
import { challenge } from './probes/challenge.ts';
import { challengeError } from './probes/challenge-error.ts';
import { resourceMetadata } from './probes/resource-metadata.ts';
import { resourceMatch } from './probes/resource-match.ts';
import { resourceMembers } from './probes/resource-members.ts';
import { metadataHost } from './probes/metadata-host.ts';
import { authorizationServers } from './probes/authorization-servers.ts';
import { issuerMetadata } from './probes/issuer-metadata.ts';
import { issuerMatch } from './probes/issuer-match.ts';
import { issuerEndpoints } from './probes/issuer-endpoints.ts';
import { pkce } from './probes/pkce.ts';
import { registration } from './probes/registration.ts';
import { issuerMembers } from './probes/issuer-members.ts';
import { issuerInAnswer } from './probes/issuer-in-answer.ts';
import { noToken } from './probes/no-token.ts';
import { badToken } from './probes/bad-token.ts';
import { malformedToken } from './probes/malformed-token.ts';
import { otherScheme } from './probes/other-scheme.ts';
import { unsignedToken } from './probes/unsigned-token.ts';
import { foreignKey } from './probes/foreign-key.ts';
import { confusedKey } from './probes/confused-key.ts';
import { queryToken } from './probes/query-token.ts';
import { methodsGuarded } from './probes/methods-guarded.ts';
import { tokenAccepted } from './probes/token-accepted.ts';
import { twoTokens } from './probes/two-tokens.ts';
import { sessionAlone } from './probes/session-alone.ts';
import { lyingHost } from './probes/lying-host.ts';
import { foreignOrigin } from './probes/foreign-origin.ts';
import { contentType } from './probes/content-type.ts';
import { batch } from './probes/batch.ts';
import { duplicateKeys } from './probes/duplicate-keys.ts';
import { brokenJson } from './probes/broken-json.ts';
import { mcpNameLie } from './probes/mcp-name-lie.ts';
import { mcpNameMissing } from './probes/mcp-name-missing.ts';
import { mcpMethodLie } from './probes/mcp-method-lie.ts';
import { mcpMethodMissing } from './probes/mcp-method-missing.ts';
import { versionLie } from './probes/version-lie.ts';
import { survives } from './probes/survives.ts';
import { unknownVersion } from './probes/unknown-version.ts';

/** Every probe, in the order in which they are tried and shown. One more is one more file, and a line here. */
export const PROBES: readonly Probe[] = [
  reachable,
  encrypted,
  plainHttp,
  mcpServer,
  challenge,
  challengeError,
  resourceMetadata,
  resourceMatch,
  resourceMembers,
  metadataHost,
  authorizationServers,
  issuerMetadata,
  issuerMatch,
  issuerEndpoints,
  pkce,
  registration,
  issuerMembers,
  issuerInAnswer,
  noToken,
  badToken,
  malformedToken,
  otherScheme,
  unsignedToken,
  foreignKey,
  confusedKey,
  queryToken,
  methodsGuarded,
  tokenAccepted,
  twoTokens,
  sessionAlone,
  lyingHost,
  foreignOrigin,
  contentType,
  batch,
  duplicateKeys,
  mcpNameLie,
  mcpNameMissing,
  mcpMethodLie,
  mcpMethodMissing,
  versionLie,
  unknownVersion,
  brokenJson,
  survives,
];
