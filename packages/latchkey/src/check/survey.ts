import type { Era } from '../core/revision.ts';
import type { Secret } from '../core/secret.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { createDraft, INITIALIZE, NO_TOOL } from './draft.ts';
import {
  isPrivate,
  issuerMetadataUrls,
  listOf,
  loadDocument,
  resourceMetadataUrls,
  toUrl,
  type Document,
  type Send,
} from './metadata.ts';
import { isObject, readMessage } from './read-message.ts';
import { headerOf, headersOf, isRedirect, type Reply } from './reply.ts';
import { reachedTools, standingOf } from './standing.ts';

/** What one kind of caller gets, with a token or without. */
export interface Caller {
  readonly token: Secret | null;
  /** `server/discover` in the newer era, `initialize` in the older. */
  readonly greetings: Readonly<Record<Era, Reply>>;
  /** The eras in which it was answered. */
  readonly eras: readonly Era[];
  /** The id of its session in the older era, where it has one. */
  readonly session: string | null;
}

export interface Issuer {
  readonly issuer: string;
  /** The first place that has a document, else all that were tried. */
  readonly documents: readonly Document[];
}

/** Where a protected resource metadata document was found. */
export interface ResourceDocument extends Document {
  readonly place: 'challenge' | 'path' | 'root';
}

/** What is learnt of a server before it is tried. */
export interface Survey {
  /** The answer to the very first request, or why there was none. */
  readonly first: Reply;
  readonly speaksMcp: boolean;
  readonly stranger: Caller;
  /** Null where there is no token to try, or no safe way to send it. */
  readonly holder: Caller | null;
  /** The eras that it speaks; both where it tells nobody without a token. */
  readonly eras: readonly Era[];
  readonly erasKnown: boolean;
  /** The Bearer challenge of a 401; null where there was none. */
  readonly challenge: Challenge | null;
  /** Whether it asked for a credential. */
  readonly challenged: boolean;
  /** Whether a stranger's call goes as far as the tools. */
  readonly open: boolean;
  readonly strangerList: readonly Reply[];
  readonly holderList: readonly Reply[];
  /** A request without effect that is answered to whom the server lets in. */
  readonly harmless: Readonly<Record<Era, string>>;
  readonly documents: readonly ResourceDocument[];
  readonly issuers: readonly Issuer[];
}

const ERAS: readonly Era[] = ['modern', 'legacy'];
const MAX_ISSUERS = 3;

/** Looks at a server as a client that knows nothing of it would. */
export async function surveySite(url: URL, token: Secret | null, send: Send): Promise<Survey> {
  const first = await send(createDraft(url, { era: 'modern', method: 'server/discover', token: null, session: null }));
  if (first.kind === 'failure' || isRedirect(first)) return nothingLearnt(first);
  const stranger = await greet(url, null, send, first);
  const holder = mayTrust(url, stranger) && token !== null ? await greet(url, token, send, null) : null;
  const known = holder !== null && holder.eras.length > 0 ? holder.eras : stranger.eras;
  const eras = known.length > 0 ? known : ERAS;
  const ask = (by: Caller, method: string, params = {}): Promise<readonly Reply[]> =>
    inTurn(eras, (era) => send(createDraft(url, { era, method, params, token: by.token, session: by.session })));
  const strangerList = await ask(stranger, 'tools/list');
  const strangerCall = await ask(stranger, 'tools/call', { name: NO_TOOL, arguments: {} });
  const holderList = holder === null || holder.eras.length === 0 ? [] : await ask(holder, 'tools/list');
  const refusals = [...Object.values(stranger.greetings), ...strangerList, ...strangerCall];
  const challenge = refusals.flatMap(challengesOf).find(({ scheme }) => scheme.toLowerCase() === 'bearer') ?? null;
  const documents = await findDocuments(url, challenge, send);
  const described = documents.some(({ json }) => json !== null);
  const listed = [...strangerList, ...holderList].some((reply) => standingOf(reply) === 'served');
  return {
    first,
    speaksMcp: known.length > 0 || challenge !== null || described || refusals.some(speaksJsonRpc),
    stranger,
    holder,
    eras,
    erasKnown: known.length > 0,
    challenge,
    challenged: refusals.some((reply) => standingOf(reply) === 'identity'),
    open: strangerCall.some(reachedTools),
    strangerList,
    holderList,
    harmless: listed || known.length === 0 ? LISTS : GREETINGS,
    documents,
    issuers: await findIssuers(url, documents, send),
  };
}

/** A token is for something that looks like an MCP server, by a way that nobody reads. */
function mayTrust(url: URL, { eras, greetings }: Caller): boolean {
  const replies = Object.values(greetings);
  const asked = replies.some((reply) => reply.kind === 'answer' && (reply.status === 401 || reply.status === 403));
  return isPrivate(url) && (asked || eras.length > 0 || replies.some(speaksJsonRpc));
}

const LISTS = { modern: 'tools/list', legacy: 'tools/list' };
// A server without tools has these.
const GREETINGS = { modern: 'server/discover', legacy: 'ping' };

function nothingLearnt(first: Reply): Survey {
  return {
    first,
    speaksMcp: false,
    stranger: { token: null, greetings: { modern: first, legacy: first }, eras: [], session: null },
    holder: null,
    eras: ERAS,
    erasKnown: false,
    challenge: null,
    challenged: false,
    open: false,
    strangerList: [],
    holderList: [],
    harmless: LISTS,
    documents: [],
    issuers: [],
  };
}

function speaksJsonRpc(reply: Reply): boolean {
  return reply.kind === 'answer' && readMessage(reply) !== null;
}

/** Opens the conversation in both eras. */
async function greet(url: URL, token: Secret | null, send: Send, discovered: Reply | null): Promise<Caller> {
  const ask = (era: Era, method: string, params = {}, session: string | null = null): Promise<Reply> =>
    send(createDraft(url, { era, method, params, token, session }));
  const modern = discovered ?? (await ask('modern', 'server/discover'));
  const legacy = await ask('legacy', 'initialize', INITIALIZE);
  const eras = ERAS.filter((era) => speaks(era, era === 'modern' ? modern : legacy));
  const session = legacy.kind === 'answer' && eras.includes('legacy') ? headerOf(legacy, 'mcp-session-id') : null;
  if (eras.includes('legacy')) await ask('legacy', 'notifications/initialized', {}, session);
  return { token, greetings: { modern, legacy }, eras, session };
}

function speaks(era: Era, reply: Reply): boolean {
  if (reply.kind === 'failure') return false;
  const result = readMessage(reply)?.result;
  return Array.isArray(result?.['supportedVersions'])
    ? era === 'modern'
    : typeof result?.['protocolVersion'] === 'string';
}

/** Name and version that the server gives itself; null where it does not say. */
export function nameOf({ greetings }: Caller): string | null {
  for (const reply of Object.values(greetings)) {
    if (reply.kind === 'failure') continue;
    const result = readMessage(reply)?.result;
    const meta = result?.['_meta'];
    const named = isObject(meta) ? meta['io.modelcontextprotocol/serverInfo'] : result?.['serverInfo'];
    const given = named ?? result?.['serverInfo'];
    if (isObject(given) && typeof given['name'] === 'string')
      return typeof given['version'] === 'string' ? `${given['name']} ${given['version']}` : given['name'];
  }
  return null;
}

export function challengesOf(reply: Reply): readonly Challenge[] {
  return reply.kind === 'answer' && reply.status === 401 ? parseChallenges(headersOf(reply, 'www-authenticate')) : [];
}

async function findDocuments(url: URL, challenge: Challenge | null, send: Send): Promise<readonly ResourceDocument[]> {
  const told = toUrl(challenge?.parameters.get('resource_metadata'));
  const [path, root] = resourceMetadataUrls(url);
  const places = [
    { place: 'challenge' as const, at: told },
    { place: 'path' as const, at: path ?? null },
    { place: 'root' as const, at: root ?? null },
  ];
  return inTurn(
    places.flatMap(({ place, at }) => (at === null ? [] : [{ place, at }])),
    async ({ place, at }) => ({ place, ...(await loadDocument(send, at, url)) }),
  );
}

async function findIssuers(url: URL, documents: readonly ResourceDocument[], send: Send): Promise<readonly Issuer[]> {
  const resource = documents.find(({ json }) => json !== null)?.json ?? {};
  const issuers = [...new Set(listOf(resource, 'authorization_servers'))].slice(0, MAX_ISSUERS);
  return inTurn(issuers, async (issuer) => {
    const tried: Document[] = [];
    const at = toUrl(issuer);
    for (const place of at === null ? [] : issuerMetadataUrls(at)) {
      const document = await loadDocument(send, place, url);
      if (document.json !== null) return { issuer, documents: [document] };
      tried.push(document);
    }
    return { issuer, documents: tried };
  });
}

/** One after the other: a server under examination is not to be stormed. */
async function inTurn<Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await ask(item));
  return results;
}
