import { attempt, holderOf, judgeAttempts, needsToken } from '../attempts.ts';
import { warn, skip, type Probe } from '../probe.ts';
import { MADE_UP } from '../tokens.ts';
import { OPEN } from '../try-credential.ts';

export const twoTokens: Probe = {
  id: 'two-tokens',
  group: 'credentials',
  tries: 'sends two Authorization headers, the token and a made-up one: 400 or 401',
  why: 'A proxy that reads the first and a server that reads the last see two different callers.',
  source: 'RFC 9110 §5.3; RFC 6750 §2',
  async run(site) {
    if (site.open) return skip(OPEN);
    if (holderOf(site) === null) return needsToken(site, 'not tried');
    const attempts = await attempt(
      site,
      (draft) => ({ ...draft, headers: [...draft.headers, ['Authorization', `Bearer ${MADE_UP.reveal()}`]] }),
      { by: ['holder'] },
    );
    return judgeAttempts(site, attempts, (saw) =>
      warn(saw, 'Refuse a request with two Authorization headers with 400.'),
    );
  },
};
