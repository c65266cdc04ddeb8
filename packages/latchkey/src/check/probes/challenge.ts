import { fail, pass, skip, warn, type Probe } from '../probe.ts';

export const challenge: Probe = {
  id: 'challenge',
  group: 'discovery',
  tries: 'looks for a Bearer challenge with resource_metadata in the 401',
  why: 'It is how a client learns that it must sign in, and where. Without it most clients only show an error.',
  source: 'RFC 9110 §11.6.1; RFC 9728 §5.1; MCP 2026-07-28 Authorization Server Discovery',
  run({ challenged, challenge: given, documents }) {
    if (!challenged) return skip('it asks for no token');
    if (given === null)
      return fail(
        '401 without a Bearer challenge',
        'Send `WWW-Authenticate: Bearer resource_metadata="…"` with each 401.',
      );
    const named = given.parameters.get('resource_metadata');
    if (named !== undefined)
      return URL.canParse(named)
        ? pass(`Bearer, resource_metadata="${named}"`)
        : fail(`resource_metadata="${named}" is no absolute URL`, 'Name the metadata by its whole URL.');
    const found = documents.some(({ json }) => json !== null);
    const advice = 'Add resource_metadata="…" to the challenge.';
    return found
      ? warn('Bearer, without resource_metadata; clients must guess the well-known place', advice)
      : fail('Bearer, without resource_metadata, and nothing at the well-known places', advice);
  },
};
