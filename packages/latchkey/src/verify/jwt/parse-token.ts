import { bytesOf, fromBase64Url } from '../../core/bytes.ts';
import { guardNames, parseStrict } from '../../core/parse-strict.ts';

type Members = Readonly<Record<string, unknown>>;

/** A signed JWT taken apart; nothing in it is proved yet. */
export interface ParsedToken {
  readonly header: Members;
  readonly claims: Members;
  /** What the signature is over. */
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
}

const HEADER_NAMES = guardNames('alg kid typ cty crit jku jwk x5u x5c b64 zip enc'.split(' '));
// Not the names of clients and scopes: issuers write both `client_id` and `clientId`.
const CLAIM_NAMES = guardNames(['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'cnf']);

/** Whether the text is of that many parts and the first is base64url of what begins like a JSON object. */
export function isJose(text: string, parts: 3 | 5): boolean {
  if (!text.startsWith('e')) return false;
  let dots = 0;
  for (let at = text.indexOf('.'); at !== -1; at = text.indexOf('.', at + 1)) dots += 1;
  // `ew` to `e_`: the byte of the opening brace.
  return dots === parts - 1 && /^e[w-z0-9_-]/.test(text);
}

/** Takes a JWS in compact form apart (RFC 7515 §7.1); else says what is wrong with it. */
export function parseToken(text: string): ParsedToken | string {
  const first = text.indexOf('.');
  const second = text.indexOf('.', first + 1);
  // Null for padding, foreign characters and spare bits that are not zero: one value has one spelling.
  const header = fromBase64Url(text.slice(0, first));
  const payload = fromBase64Url(text.slice(first + 1, second));
  const signature = fromBase64Url(text.slice(second + 1));
  if (header === null || payload === null || signature === null) return 'it is not base64url as RFC 7515 writes it';
  const members = parseStrict(header, HEADER_NAMES);
  if (!isObject(members)) return 'its header is not one unambiguous JSON object';
  const claims = parseStrict(payload, CLAIM_NAMES);
  if (!isObject(claims)) return 'its payload is not one unambiguous JSON object';
  return { header: members, claims, input: bytesOf(text.slice(0, second)), signature };
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
