import type { Json } from './metadata.ts';
import { skip, type Outcome } from './probe.ts';
import type { Site } from './site.ts';

export const NONE_NAMED = 'no authorization server is named';

const GRAVITY = ['fail', 'warn', 'info', 'pass', 'skip'] as const;

/** Judges the metadata of each authorization server; the gravest outcome holds. */
export function judgeIssuers(site: Site, judge: (json: Json, issuer: string) => Outcome): Outcome {
  const outcomes = site.issuers.flatMap(({ issuer, documents }) =>
    documents.flatMap(({ json }) => (json === null ? [] : [judge(json, issuer)])),
  );
  outcomes.sort((a, b) => GRAVITY.indexOf(a.verdict) - GRAVITY.indexOf(b.verdict));
  return outcomes[0] ?? skip(site.issuers.length === 0 ? NONE_NAMED : 'it has no metadata');
}
