import { createGet } from './draft.ts';
import { isObject, parseJson } from './read-message.ts';
import { describeReply } from './standing.ts';
import { isRedirect, type Draft, type Reply } from './reply.ts';

export type Send = (draft: Draft) => Promise<Reply>;
export type Json = Readonly<Record<string, unknown>>;

/** A document that was asked for, and why it is of no use where it is none. */
export interface Document {
  readonly url: URL;
  readonly reply: Reply | null;
  readonly json: Json | null;
  readonly problem: string | null;
}

/** Whether what is sent there stays on this machine. */
export function isLocal({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

/** Whether what is sent there cannot be read on the way: TLS, or this machine. */
export function isPrivate(url: URL): boolean {
  return url.protocol === 'https:' || isLocal(url);
}

/** RFC 9728 §3.1 and MCP's authorization server discovery: at the path, then at the root; one URL where they are the same. */
export function resourceMetadataUrls(resource: URL): readonly URL[] {
  const root = at(resource, '/.well-known/oauth-protected-resource');
  if (resource.pathname === '/') return [withSearch(root, resource.search)];
  return [withSearch(at(resource, `${root.pathname}${resource.pathname}`), resource.search), root];
}

/** The order that MCP's authorization server metadata discovery gives; none where the issuer cannot be asked at all. */
export function issuerMetadataUrls(issuer: URL): readonly URL[] {
  if (issuer.protocol !== 'https:' && issuer.protocol !== 'http:') return [];
  const path = issuer.pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map((suffix) =>
    at(issuer, `/.well-known/${suffix}${path}`),
  );
  return path === '' ? inserted : [...inserted, at(issuer, `${path}/.well-known/openid-configuration`)];
}

/** Another path of the same origin. A path that begins with two slashes is still a path. */
function at({ origin }: URL, path: string): URL {
  const url = new URL(origin);
  url.pathname = path;
  return url;
}

function withSearch(url: URL, search: string): URL {
  url.search = search;
  return url;
}

/** Gets a JSON document. What the server names is followed only over https, or where the server itself is. */
export async function loadDocument(send: Send, url: URL, asked: URL): Promise<Document> {
  const none = (problem: string, reply: Reply | null = null): Document => ({ url, reply, json: null, problem });
  if (!mayAsk(url, asked)) return none('not asked for: it is not https');
  const reply = await send(createGet(url));
  if (reply.kind === 'failure') return none(reply.message, reply);
  if (isRedirect(reply)) return none(`${reply.status}, a redirect, which clients do not follow`, reply);
  if (reply.status !== 200) return none(describeReply(reply), reply);
  const json = parseJson(reply.body);
  return isObject(json) ? { url, reply, json, problem: null } : none('200, but no JSON object', reply);
}

function mayAsk(url: URL, asked: URL): boolean {
  if (url.protocol === 'https:' || url.origin === asked.origin) return true;
  return url.protocol === 'http:' && isLocal(url) && isLocal(asked);
}

/** The strings of a member that is a list; empty where it is none. */
export function listOf(json: Json, member: string): readonly string[] {
  const value = json[member];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** Members that are lists without elements, which RFC 8414 §3.2 and RFC 9728 §3.2 want left out. */
export function emptyLists(json: Json): readonly string[] {
  return Object.entries(json).flatMap(([name, value]) => (Array.isArray(value) && value.length === 0 ? [name] : []));
}

/** The URL of a text; null where it is none. */
export function toUrl(text: unknown): URL | null {
  return typeof text === 'string' ? URL.parse(text) : null;
}
