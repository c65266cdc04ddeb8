import { toShellWord } from '../../core/shell-word.ts';
import { createDraft, REVISIONS, withMethod } from '../draft.ts';
import { fail, pass, skip, warn, type Outcome, type Probe } from '../probe.ts';
import { headerOf, isRedirect, type Answer } from '../reply.ts';
import type { Site } from '../site.ts';
import { describeReply } from '../standing.ts';
import { nameOf } from '../survey.ts';

export const mcpServer: Probe = {
  id: 'mcp-server',
  group: 'connection',
  tries: 'greets it in both eras of MCP: server/discover (2026-07-28) and initialize (2025-11-25)',
  why: 'Only an MCP server can be examined as one.',
  source: 'MCP 2026-07-28 Versioning',
  async run(site) {
    const { first, eras, erasKnown, speaksMcp, challenge } = site;
    if (first.kind === 'failure') return skip('the server was not reached');
    if (isRedirect(first)) return redirected(site.url, first);
    if (first.status === 429)
      return warn('429: it asks to wait', 'Try again later, or from an address that it does not limit.');
    if (erasKnown) {
      const name = nameOf(site.holder ?? site.stranger) ?? nameOf(site.stranger);
      return pass(`${name === null ? 'it' : `"${name}"`} speaks ${eras.map((era) => REVISIONS[era]).join(' and ')}`);
    }
    if (challenge !== null)
      return pass(`${describeReply(first)} with a challenge; which revisions it speaks, it tells no stranger`);
    if (speaksMcp)
      return warn(
        `${describeReply(first)}: something of MCP is there, but it lets nobody in`,
        'Check the URL. A proxy in front may refuse what it does not know.',
      );
    return stranger(site, first);
  },
};

function redirected(url: URL, first: Answer): Outcome {
  const location = headerOf(first, 'location');
  const target = location === null ? null : URL.parse(location, url.href);
  return fail(
    `${first.status}, a redirect to ${target?.href ?? 'nowhere'}`,
    target === null
      ? 'Give the URL of the MCP endpoint itself.'
      : `Check that URL instead, if it is yours: latchkey check ${toShellWord(target.href)}. A token is never sent along a redirect.`,
  );
}

/** What else it may be, so that the next try is the right one. */
async function stranger(site: Site, first: Answer): Promise<Outcome> {
  const ask = createDraft(site.url, { era: 'legacy', method: 'ping', token: null, session: null });
  const stream = await site.send(withMethod(ask, 'GET'));
  if (stream.kind === 'answer' && stream.status === 200 && isStream(stream))
    return fail(
      'it speaks the deprecated HTTP+SSE transport only',
      'Serve Streamable HTTP, which replaced it in 2025-03-26; clients stop speaking the old one.',
    );
  if (first.status >= 500)
    return fail(
      `${first.status}: an error of the server’s own`,
      'See its log, or that of the proxy in front: what is behind it may be down.',
    );
  const type = headerOf(first, 'content-type')?.split(';')[0] ?? 'nothing';
  return fail(`${first.status} with ${type}: this is no MCP endpoint`, adviceFor(site.url, first));
}

function adviceFor(url: URL, { status }: Answer): string {
  if (status === 401 || status === 403)
    return 'Something asks for a sign-in that no MCP client can do. Let its answer be 401 with `WWW-Authenticate: Bearer`, or check the URL.';
  if (url.pathname === '/')
    return `Give the whole URL of the endpoint; often its path is /mcp: ${new URL('/mcp', url).href}`;
  return 'Check the path: an MCP endpoint answers a POST of a JSON-RPC message.';
}

function isStream(answer: Answer): boolean {
  return /^text\/event-stream/i.test(headerOf(answer, 'content-type') ?? '');
}
