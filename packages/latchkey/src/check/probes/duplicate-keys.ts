import { attempt, judgeAttempts, type Attempt } from '../attempts.ts';
import { warn, type Probe } from '../probe.ts';
import { readMessage } from '../read-message.ts';

export const duplicateKeys: Probe = {
  id: 'duplicate-keys',
  group: 'requests',
  tries: 'sends a message with two ids, which ought to be refused with 400',
  why: 'Programs disagree on which of two equal keys holds: a gateway judges one tool, and the server runs the other.',
  source: 'RFC 8259 §4; RFC 7493 §2.3',
  async run(site) {
    const attempts = await attempt(site, (draft) => ({
      ...draft,
      body: (draft.body ?? '').replace('"id":1', '"id":"first","id":"last"'),
    }));
    return judgeAttempts(site, attempts, (saw) =>
      warn(
        `${saw}${whichOf(attempts)}`,
        'Refuse a body in which an object has a key twice; most JSON libraries have a strict mode.',
      ),
    );
  },
};

function whichOf(attempts: readonly Attempt[]): string {
  for (const { reply } of attempts) {
    const id = reply.kind === 'answer' ? readMessage(reply)?.id : undefined;
    if (id === 'first' || id === 'last') return `; it reads the ${id} of two equal keys`;
  }
  return '';
}
