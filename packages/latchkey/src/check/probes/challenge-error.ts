import { pass, skip, warn, type Probe } from '../probe.ts';

export const challengeError: Probe = {
  id: 'challenge-error',
  group: 'discovery',
  tries: 'looks that the challenge to somebody without a token names no error',
  why: 'A client that is told "invalid_token" throws away a token that may be good, or begins to refresh instead of signing in.',
  source: 'RFC 6750 §3.1',
  run({ challenge }) {
    if (challenge === null) return skip('there is no challenge');
    const error = challenge.parameters.get('error');
    if (error === undefined) return pass('no error named');
    return warn(
      `error="${error}" where no token was sent`,
      'Leave `error` out of the challenge when the request had no token.',
    );
  },
};
