import { fail, pass, skip, warn, type Outcome, type Probe } from '../probe.ts';
import type { ResourceDocument } from '../survey.ts';

export const resourceMatch: Probe = {
  id: 'resource-match',
  group: 'discovery',
  tries: 'compares `resource` in the metadata with the URL that was called, letter by letter',
  why: 'Clients refuse metadata of another resource: without that rule any server could have tokens for any other made out to it.',
  source: 'RFC 9728 §3.3',
  run({ url, documents }) {
    const found = documents.filter(({ json }) => json !== null);
    if (found.length === 0) return skip('there is no metadata');
    const judged = found.map((document) => judge(url, document));
    return (
      judged.find(({ verdict }) => verdict === 'fail') ??
      judged.find(({ verdict }) => verdict === 'warn') ??
      pass(url.href)
    );
  },
};

function judge(url: URL, { place, json, url: at }: ResourceDocument): Outcome {
  const resource = json?.['resource'];
  const given = typeof resource === 'string' ? resource : JSON.stringify(resource ?? null);
  const same = isSame(given, url);
  const advice = `Set resource to ${url.href}, or have clients use the URL that it names.`;
  const saw = `"${given}" at ${at.pathname} is not ${url.href}`;
  if (place !== 'root') return same ? pass(given) : fail(saw, advice);
  // At the root stands the metadata of the root, unless a client is led there by the challenge.
  if (same || isSame(given, new URL(url.origin))) return pass(given);
  return warn(saw, `${advice} Or serve nothing at the root.`);
}

/** `https://host` and `https://host/` are one resource to every client that parses URLs. */
function isSame(given: string, url: URL): boolean {
  return given === url.href || (url.pathname === '/' && url.search === '' && given === url.origin);
}
