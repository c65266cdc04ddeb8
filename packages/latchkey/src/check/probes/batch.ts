import { attempt, judgeAttempts } from '../attempts.ts';
import { warn, type Probe } from '../probe.ts';

export const batch: Probe = {
  id: 'batch',
  group: 'requests',
  tries: 'sends two messages as one array, which ought to be refused with 400',
  why: 'What judges the first message, or counts one request, lets the others through unseen.',
  source: 'MCP 2025-06-18 changelog (batching removed); MCP 2026-07-28 Streamable HTTP, Sending Messages',
  async run(site) {
    const attempts = await attempt(site, (draft) => ({
      ...draft,
      body: `[${draft.body},${(draft.body ?? '').replace('"id":1', '"id":2')}]`,
    }));
    return judgeAttempts(site, attempts, (saw) =>
      warn(saw, 'Take one message in each request; refuse arrays with 400.'),
    );
  },
};
