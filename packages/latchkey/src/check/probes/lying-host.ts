import { attempt, judgeAttempts } from '../attempts.ts';
import { STRANGER_HOST, withHeader } from '../draft.ts';
import { fail, warn, type Probe } from '../probe.ts';

export const lyingHost: Probe = {
  id: 'lying-host',
  group: 'requests',
  tries: 'names another host in Host, which ought to be refused (421, 403 or 400)',
  why: 'By DNS rebinding a web page reaches a server on the visitor’s machine under a name of its own; only Host gives it away.',
  source: 'RFC 9110 §7.4; MCP 2026-07-28 Streamable HTTP, Security & Endpoint',
  async run(site) {
    const attempts = await attempt(site, (draft) => withHeader(draft, 'Host', STRANGER_HOST));
    const advice = 'Accept only the names that the server has, and refuse others with 421.';
    return judgeAttempts(site, attempts, (saw, by) =>
      // TLS keeps a page from rebinding, and a token is not sent to a name that it was not made for.
      by === 'stranger' && site.url.protocol === 'http:' ? fail(saw, advice) : warn(saw, advice),
    );
  },
};
