import { headerOf } from '../reply.ts';
import { fail, pass, warn, type Probe } from '../probe.ts';

const PLACES = { challenge: 'where the challenge says', path: 'at the path', root: 'at the root' } as const;

export const resourceMetadata: Probe = {
  id: 'resource-metadata',
  group: 'discovery',
  tries: 'gets the protected resource metadata: where the challenge says, then at both well-known places',
  why: 'A client that finds no metadata cannot find the authorization server either.',
  source: 'RFC 9728 §3; MCP 2026-07-28 Authorization Server Discovery',
  run({ documents }) {
    const found = documents.filter(({ json }) => json !== null);
    const named = documents.find(({ place }) => place === 'challenge');
    if (found.length === 0) {
      const tried = documents.map(({ url, problem }) => `${url.pathname}: ${problem}`).join('; ');
      return fail(tried, 'Serve the document as JSON with status 200, without asking for a token.');
    }
    const saw = `found ${[...new Set(found.map(({ place }) => PLACES[place]))].join(', ')}`;
    if (named?.problem !== undefined && named.problem !== null)
      return fail(
        `${named.url.href}: ${named.problem}`,
        'Let resource_metadata="…" name the place where the document is.',
      );
    const type = found[0]?.reply?.kind === 'answer' ? headerOf(found[0].reply, 'content-type') : null;
    return /^application\/(?:[\w.+-]+\+)?json/i.test(type ?? '')
      ? pass(saw)
      : warn(`${saw}, as ${type ?? 'no type'}`, 'Send it as application/json (RFC 9728 §3.2).');
  },
};
