import type { Json } from './metadata.ts';
import { skip, type Outcome } from './probe.ts';
import type { Site } from './site.ts';

const GRAVITY = ['fail', 'warn', 'info', 'pass', 'skip'] as const;

/** Judges the metadata of each authorization server; the gravest outcome holds. */
export function judgeIssuers(site: Site, judge: (json: Json, issuer: string) => Outcome): Outcome {
  const outcomes = site.issuers.flatMap(({ issuer, documents }) =>
    documents.flatMap(({ json }) => (json === null ? [] : [judge(json, issuer)])),
  );
  outcomes.sort((a, b) => GRAVITY.indexOf(a.verdict) - GRAVITY.indexOf(b.verdict));
  return outcomes[0] ?? skip('there is no metadata of an authorization server');
}
