import { attempt, judgeAttempts } from '../attempts.ts';
import { warn, type Probe } from '../probe.ts';
import type { Reply } from '../reply.ts';

// Of a hostile body, too, this reads each character a few times at most.
const STACK =
  /\n[ \t]{1,20}at .{1,300}:\d{1,7}:\d{1,7}|Traceback \(most recent call last\)|\.(?:java|go|rb|php):\d{1,7}/;
const MAX_LOOKED_AT = 20_000;

export const brokenJson: Probe = {
  id: 'broken-json',
  group: 'requests',
  tries: 'sends a body that ends in the middle: 400, and nothing of the inside of the server',
  why: 'A stack trace tells a stranger what runs there, where, and in which version.',
  source: 'JSON-RPC 2.0 §5.1; CWE-209',
  async run(site) {
    const attempts = await attempt(site, (draft) => ({ ...draft, body: (draft.body ?? '').slice(0, -9) }));
    if (attempts.some(({ reply }) => showsStack(reply)))
      return warn(
        'the answer holds a stack trace',
        'Run it in production mode (NODE_ENV=production), and keep details in the log.',
      );
    return judgeAttempts(site, attempts, (saw) => warn(saw, 'Refuse with 400 (-32700) what is no JSON.'));
  },
};

function showsStack(reply: Reply): boolean {
  return (
    reply.kind === 'answer' &&
    STACK.test(
      reply.body
        .slice(0, MAX_LOOKED_AT)
        .replaceAll(String.raw`\n`, '\n')
        .replaceAll('<br>', '\n'),
    )
  );
}
