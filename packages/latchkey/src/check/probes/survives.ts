import { createDraft } from '../draft.ts';
import { fail, pass, skip, type Probe } from '../probe.ts';
import { describeReply } from '../standing.ts';

export const survives: Probe = {
  id: 'survives',
  group: 'requests',
  tries: 'greets the server once more after all that',
  why: 'A request that ends the program ends it for everybody: anyone who can reach it can do that.',
  source: 'CWE-248; CWE-400',
  async run({ url, send, first }) {
    if (first.kind === 'failure') return skip('the server was not reached');
    const again = { era: 'modern', method: 'server/discover', token: null, session: null } as const;
    const reply = await send(createDraft(url, again));
    return reply.kind === 'answer'
      ? pass(`answered in ${reply.durationMs} ms`)
      : fail(
          `it no longer answers: ${describeReply(reply)}`,
          'See its log for what ended it, and catch that error: one caller’s mistake is for that caller only.',
        );
  },
};
