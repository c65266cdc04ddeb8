import { isLocal } from '../metadata.ts';
import { fail, info, pass, skip, warn, type Outcome, type Probe } from '../probe.ts';
import type { Answer } from '../reply.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

export const encrypted: Probe = {
  id: 'encrypted',
  group: 'connection',
  tries: 'looks whether the way to the server is encrypted, and how long its certificate lasts',
  why: 'Whoever sees a bearer token on the way can use it.',
  source: 'RFC 6750 §5.3; OAuth 2.1 §1.5',
  run({ url, first }) {
    if (url.protocol === 'https:')
      return first.kind === 'failure' ? skip('no TLS connection to look at') : judge(first);
    if (isLocal(url)) return info('plain HTTP, on this machine only');
    return fail(
      'plain HTTP to another machine',
      'Serve it over https, and redirect nothing: a token that came in clear text is known. Replace those that did.',
    );
  },
};

function judge({ tls }: Answer): Outcome {
  const days = Math.floor((Date.parse(tls?.validTo ?? '') - Date.now()) / DAY_MS);
  if (Number.isNaN(days)) return pass(tls?.protocol ?? 'TLS');
  const saw = `${tls?.protocol ?? 'TLS'}; the certificate lasts ${days} more ${days === 1 ? 'day' : 'days'}`;
  return days < SOON_DAYS ? warn(saw, 'Renew the certificate, and have that done by a program.') : pass(saw);
}
