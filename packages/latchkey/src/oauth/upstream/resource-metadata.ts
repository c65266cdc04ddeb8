import { isLocal, isSafe, OutgoingError, type Outgoing } from '../../core/outgoing.ts';
import { refuse, type Refusal } from '../../core/reason.ts';
import { parseObject, unavailable } from './request-token.ts';

export interface ResourceMetadataOptions {
  /** Requests to the upstream itself. */
  readonly outgoing: Outgoing;
  /** The upstream's MCP endpoint. */
  readonly url: URL;
  /** What its metadata must say that they are about. */
  readonly resource: string;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const METADATA = /\bresource_metadata="([^"\\]*)"/;
/** Says nothing of any caller: only what a server answers to strangers is of interest. */
const PROBE = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const PROBE_HEADERS = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];

/**
 * Which issuers an upstream names, as an MCP client finds them: by the `resource_metadata` of its 401, else at the well-known
 * places (RFC 9728 §3 and §5). Metadata about another resource are refused, and so is every place or issuer that a
 * stranger's server could send this gateway astray with. Never rejects.
 */
export async function findIssuers(options: ResourceMetadataOptions): Promise<readonly string[] | Refusal> {
  try {
    const named = await askForMetadata(options);
    if (typeof named !== 'string' && named !== null) return named;
    const places = named === null ? wellKnownPlaces(options.url) : [named];
    for (const place of places) {
      const { status, body } = await options.outgoing({ method: 'GET', url: place });
      if (status === 200) return readMetadata(body, options);
      if (status >= 500) return unavailable(`the resource metadata of the server answered ${status}`);
    }
    return invalid('the server names no authorization server; set the issuer in upstream.auth');
  } catch (error) {
    if (error instanceof OutgoingError) return unavailable(error.message);
    throw error;
  }
}

/** Where the upstream says that its metadata are; null where it does not. */
async function askForMetadata({ outgoing, url }: ResourceMetadataOptions): Promise<string | Refusal | null> {
  const answer = await outgoing({ method: 'POST', url: url.href, headers: PROBE_HEADERS, body: PROBE });
  const named = answer.status === 401 ? METADATA.exec(answer.headers['www-authenticate'] ?? '')?.[1] : undefined;
  if (named === undefined) return null;
  const place = URL.parse(named);
  return place !== null && place.origin === url.origin && place.username === '' && place.password === ''
    ? place.href
    : invalid('the server says that its resource metadata are somewhere else than on it');
}

function wellKnownPlaces({ origin, pathname, search }: URL): readonly string[] {
  const root = `${origin}${WELL_KNOWN}`;
  return pathname === '/' && search === '' ? [root] : [`${root}${pathname}${search}`, root];
}

function readMetadata(body: string, { url, resource }: ResourceMetadataOptions): readonly string[] | Refusal {
  const members = parseObject(body);
  if (members === null) return invalid('the resource metadata of the server are no JSON object');
  // RFC 9728 §3.3: whoever takes others' metadata asks for tokens that somebody else can use.
  if (members['resource'] !== resource)
    return invalid('the resource metadata of the server are for another resource; see upstream.auth.resource');
  const named = members['authorization_servers'];
  if (!Array.isArray(named) || named.length === 0 || named.length > 20)
    return invalid('the resource metadata of the server name no authorization server');
  const issuers = named.filter((each) => typeof each === 'string' && mayBeAsked(each, url));
  return issuers.length > 0
    ? (issuers as string[])
    : invalid('the server names authorization servers that are not https');
}

/** https; http only where the upstream is on this machine too, or any server could have what listens here asked. */
export function mayBeAsked(named: string, upstream: URL): boolean {
  const url = URL.parse(named);
  if (url === null || url.username !== '' || url.password !== '' || /[?#@\\\s]/.test(named)) return false;
  if (isLocal(url) && !isLocal(upstream)) return false;
  return isSafe(url);
}

function invalid(detail: string): Refusal {
  return refuse('upstream-invalid', { detail });
}
