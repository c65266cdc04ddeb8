import { toGatewayLine } from '../../packages/latchkey/src/core/gateway-line.ts';
import type { Reason } from '../../packages/latchkey/src/core/reason.ts';
import { toWire } from '../../packages/latchkey/src/core/wire.ts';

/** What happened, and what who runs the gateway may do about it. */
const REASONS: Readonly<Record<Reason, readonly [what: string, remedy: string]>> = {
  framing: [
    'HTTP that two programs could read in two ways; `detail` says where',
    'another client; from one that you know, look for a proxy between that rewrites requests',
  ],
  'header-repeated': ['a header that decides something came twice', 'send it once'],
  'headers-too-large': ['more than 100 headers, or more bytes of them than may be', 'send fewer; `limits.headerBytes`'],
  'target-form': ['a request target that is no plain path', 'another client'],
  'host-foreign': [
    'a Host header of another name: a web page that was led here by its name (DNS rebinding), or a name that nobody told the gateway',
    '`publicUrl`, or `hosts` of the library',
  ],
  'origin-foreign': ['a web page of another origin', '`origins`, if the page is yours'],
  'path-unknown': ['no server has that path', 'compare the URL with the one that the gateway says when it starts'],
  'http-method': ['that method has no meaning there', 'another client'],
  'clear-text': [
    'a credential, or a request at all, over plain HTTP from another machine; see `exposed`',
    '`tls`, or `behindProxy` ([tls-and-proxies.md](tls-and-proxies.md)); replace the credential',
  ],
  'proxy-unknown': ['somebody else than a trusted proxy asked forward-auth', '`behindProxy.trusted`'],
  'limit-address': ['too many requests from this address', '`limits.requestsPerAddress`'],
  'limit-failures': [
    'too many credentials from this address were not valid',
    'find who guesses; `limits.failedPerAddress`',
  ],
  'limit-principal': ['too many calls of this principal', '`limits.callsPerCredential`'],
  'limit-target': ['too many calls of this tool, prompt or resource by this principal', '`limit` of its rule'],
  'limit-sessions': ['the principal has all the sessions it may have', '`limits.sessions`'],
  'limit-streams': ['the principal has all the streams it may have', '`limits.streams`'],
  'limit-calls': ['as many calls wait for the process as may', 'a faster server; the caller tries again'],
  'credential-missing': ['no credential', 'give the client one ([clients.md](clients.md))'],
  'credential-ambiguous': ['two credentials at once', 'send `Authorization` or `X-API-Key`'],
  'credential-malformed': ['what came cannot be a credential: mistyped or cut off', 'copy it anew'],
  'credential-unknown': ['nobody issued it, as far as is known here', 'make one; look whether it is of another store'],
  'credential-expired': ['it has ended', '`latchkey token rotate`, or a new one'],
  'credential-revoked': ['it was revoked', 'a new one, if its holder may have one'],
  'credential-audience': [
    'it is for other servers',
    '`--server` when it is made; `audience` of its issuer ([issuers.md](issuers.md))',
  ],
  'credential-claims': ['a claim of the token is not as it must be; `detail` names it', '[jwt.md](jwt.md)'],
  'credential-client': ['it was given to a client that is not let in', '`clients` of its issuer'],
  'credential-bound': ['it is bound to a key, and came without the proof, or the other way', '[dpop.md](dpop.md)'],
  'proof-invalid': ['the DPoP proof is not for this request; `detail` says why', '[dpop.md](dpop.md)'],
  'proof-nonce': ['the client was given a nonce and is to try again with it', 'nothing: clients do that by themselves'],
  'content-type': ['a body that is not `application/json` in UTF-8', 'another client'],
  'content-encoding': ['a compressed body', 'send it as it is'],
  'not-acceptable': ['`Accept` allows no answer that there could be', 'another client'],
  'body-too-large': ['a larger body than may be', '`limits.bodyBytes`'],
  'body-timeout': [
    'the headers or the body took too long to arrive',
    '`limits.headersTimeout`, `limits.bodyTimeout` for a slow network; else somebody holds connections open',
  ],
  'json-malformed': ['no JSON, or JSON that programs read in two ways (a name that is there twice)', 'another client'],
  'message-invalid': ['JSON that is not one unambiguous message of MCP; `detail` says where', 'another client'],
  'header-mismatch': [
    '`Mcp-Method`, `Mcp-Name` or a parameter header says something else than the body',
    'another client',
  ],
  'meta-missing': ['a message of 2026-07-28 without what its `_meta` must have', 'another client'],
  'params-invalid': ['parameters that the method does not have', 'another client'],
  'version-unsupported': ['a revision of MCP that is not served', '`protocol`, or another client'],
  'method-unknown': ['MCP has no such method, and no rule allows it', 'a rule under `methods`'],
  'session-missing': ['a message of a session without the session', 'the client is to initialize first'],
  'session-unknown': ['that session is over, was never, or is of somebody else', 'the client is to initialize again'],
  'id-in-use': ['the client used an id again before it was answered', 'another client'],
  'policy-no-rule': ['no rule allows it', 'write one ([policy.md](policy.md)); `latchkey policy explain`'],
  'policy-denied': ['its rule denies it', 'the rule, if it should not'],
  'policy-hidden': ['its rule hides it: the caller is told that there is no such thing', 'the rule, if it should not'],
  'policy-scope': ['the principal lacks a scope; see `neededScopes`', 'a credential with them, if it may have one'],
  'policy-condition': [
    '`when` of its rule is false, or cannot be judged',
    '`latchkey policy explain` with the same arguments',
  ],
  'policy-definition': [
    'the definition of a pinned tool has changed',
    'look at it, then `latchkey tools accept` ([policy.md](policy.md#tools-that-change))',
  ],
  'store-unavailable': ['the store cannot be read, so nobody can be known', 'the log says why: the disk, rights'],
  'issuer-unavailable': ['the issuer does not answer, and nothing that is known still holds', 'its state; the network'],
  'trail-unavailable': ['the trail cannot be written, so nothing may happen', 'the log says why; free the disk'],
  'shutting-down': ['the gateway is stopping', 'nothing'],
  'upstream-unreachable': [
    'there was no connection to the server, or it broke: `detail` has the word of the system for it, such as `ECONNREFUSED`, or what is wrong with its certificate',
    'start it; `upstream.url`; for certificates `upstream.tls.ca`',
  ],
  'upstream-exited': ['the process of the server ended', '`LATCHKEY_LOG=info` shows what it says'],
  'upstream-timeout': ['the server did not answer in time', '`upstream.timeout`, or the server'],
  'upstream-invalid': ['what the server answered is no answer of MCP', 'the server; `detail` says what'],
  'upstream-too-large': [
    'an answer, or a line of the process, is larger than the bound',
    '`limits.responseBytes` or `limits.listBytes`; the server',
  ],
  'caller-gone': [
    'the caller left before its answer was over',
    'nothing, unless it is often: then the server may be slow',
  ],
  internal: ['a mistake of ours: the log has it', 'tell us'],
};

const MARKED = /(<!-- reasons[^\n]*-->\n)[^]*(<!-- \/reasons -->)/;

/** A page with a row for each reason between its marks. */
export function withReasons(page: string): string {
  const rows = Object.entries(REASONS).map(
    ([reason, [what, remedy]]) => `| \`${reason}\` | ${statusOf(reason as Reason)} | ${what} | ${remedy} |`,
  );
  const table = `| reason | status | what happened | what helps |\n|---|---|---|---|\n${rows.join('\n')}`;
  return page.replace(MARKED, (_whole, begin, end) => `${begin}\n${table}\n\n${end}`);
}

function statusOf(reason: Reason): number | string {
  if (reason === 'caller-gone') return 'none';
  const context = { resourceMetadata: null, requestId: '', proofAlgorithms: null, unknownTokenStatus: 401 } as const;
  return toWire({ reason }, { ...context, legacy: false, mcp: toGatewayLine }).status;
}
