import { attempt, judgeAttempts } from '../attempts.ts';
import { withHeader } from '../draft.ts';
import { fail, warn, type Probe } from '../probe.ts';

export const contentType: Probe = {
  id: 'content-type',
  group: 'requests',
  tries: 'sends a message as text/plain, which ought to be refused with 415',
  why: 'Browsers send text/plain to any site without asking first; application/json they do not.',
  source: 'RFC 9110 §15.5.16; Fetch Standard, CORS-safelisted request-header; MCP 2026-07-28 Streamable HTTP',
  async run(site) {
    const attempts = await attempt(site, (draft) => withHeader(draft, 'Content-Type', 'text/plain'));
    const advice = 'Take application/json only, and refuse all else with 415.';
    return judgeAttempts(site, attempts, (saw, by) => (by === 'stranger' ? fail(saw, advice) : warn(saw, advice)));
  },
};
