import { attempt, judgeAttempts, type Attempt } from '../attempts.ts';
import { STRANGER_HOST, withHeader } from '../draft.ts';
import { fail, warn, type Probe } from '../probe.ts';
import { headerOf } from '../reply.ts';

const ORIGIN = `https://${STRANGER_HOST}`;

export const foreignOrigin: Probe = {
  id: 'foreign-origin',
  group: 'requests',
  tries: 'comes as a web page of another site (Origin), which ought to be refused with 403',
  why: 'Any page that a user has open can then use the server from inside the network that the browser is in.',
  source: 'MCP 2026-07-28 Streamable HTTP, Security & Endpoint',
  async run(site) {
    const attempts = await attempt(site, (draft) => withHeader(draft, 'Origin', ORIGIN));
    if (attempts.some(sharesCredentials))
      return fail(
        'Access-Control-Allow-Origin repeats the stranger, with Access-Control-Allow-Credentials',
        'Allow named origins only, and never with credentials.',
      );
    const advice = 'Refuse with 403 every Origin that was not allowed by name.';
    return judgeAttempts(site, attempts, (saw, by) => (by === 'stranger' ? fail(saw, advice) : warn(saw, advice)));
  },
};

function sharesCredentials({ reply }: Attempt): boolean {
  if (reply.kind === 'failure') return false;
  return (
    headerOf(reply, 'access-control-allow-origin') === ORIGIN &&
    headerOf(reply, 'access-control-allow-credentials') === 'true'
  );
}
