import type { Secret } from '../core/secret.ts';
import { createDraft, REVISIONS, withMethod } from './draft.ts';
import { VERDICTS, warn, skip, type Finding, type Outcome, type Probe, type Verdict } from './probe.ts';
import { PROBES } from './probes.ts';
import { sendRequest } from './send-request.ts';
import { toTimeout } from './failure.ts';
import type { Draft } from './reply.ts';
import type { Site } from './site.ts';
import { nameOf, surveySite } from './survey.ts';
import { secretsOf, withoutSecrets } from './without-secrets.ts';

// What servers say of themselves may be long.
const MAX_SAW = 1000;

export interface CheckOptions {
  readonly url: URL;
  /** Sent to `url` only, and only where nobody on the way can read it. */
  readonly token: Secret | null;
  /** For each request. */
  readonly timeoutMs: number;
  /** For all of them; what was not tried by then is skipped. */
  readonly totalMs: number;
  /** Called before each probe. */
  readonly onProgress?: (probe: string, done: number, of: number) => void;
}

/** What came of a check. Nothing in it holds the token. */
export interface Report {
  readonly url: string;
  /** What the server calls itself; null where it does not say. */
  readonly server: string | null;
  /** The revisions it speaks; empty where it tells no stranger. */
  readonly revisions: readonly string[];
  /** What became of the token; null where none was given. It is not sent over plain HTTP to another machine, nor to what is no MCP server. */
  readonly token: 'accepted' | 'refused' | 'unsent' | null;
  /** Nothing failed, and every probe had its turn. */
  readonly ok: boolean;
  readonly complete: boolean;
  readonly summary: Readonly<Record<Verdict, number>>;
  readonly durationMs: number;
  readonly findings: readonly Finding[];
}

/** Examines a server with every probe, one after the other. Never rejects because of what the server does. */
export async function runCheck({ url, token, timeoutMs, totalMs, onProgress }: CheckOptions): Promise<Report> {
  const begun = performance.now();
  const deadline = begun + totalMs;
  const send = (draft: Draft) => {
    const left = deadline - performance.now();
    return left <= 0 ? Promise.resolve(toTimeout(0, false)) : sendRequest(draft, Math.min(timeoutMs, left));
  };
  onProgress?.('survey', 0, PROBES.length);
  const site: Site = { url, token, timeoutMs, send, ...(await surveySite(url, token, send)) };
  const secrets = secretsOf(url, token);
  const findings: Finding[] = [];
  let complete = true;
  for (const [at, probe] of PROBES.entries()) {
    onProgress?.(probe.id, at, PROBES.length);
    const isLate = () => performance.now() >= deadline;
    const outcome = isLate() ? LATE : await runProbe(probe, site);
    if (isLate()) complete = false;
    // What was seen when the time ran out in the middle says nothing.
    findings.push(toFinding(probe, withoutSecrets(complete ? outcome : LATE, secrets)));
  }
  await endSessions(site);
  const summary = Object.fromEntries(
    VERDICTS.map((verdict) => [verdict, findings.filter((finding) => finding.verdict === verdict).length]),
  ) as Record<Verdict, number>;
  const server = nameOf(site.holder ?? site.stranger) ?? nameOf(site.stranger);
  return {
    url: withoutSecrets(url.href, secrets),
    server: withoutSecrets(server, secrets),
    revisions: site.erasKnown ? site.eras.map((era) => REVISIONS[era]) : [],
    token: fateOf(site),
    ok: summary.fail === 0 && complete,
    complete,
    summary,
    durationMs: Math.round(performance.now() - begun),
    findings,
  };
}

const LATE = skip('there was no time left');

async function runProbe(probe: Probe, site: Site): Promise<Outcome> {
  if (probe.group !== 'connection' && !site.speaksMcp) return skip('there is no MCP server to ask');
  if (probe.group === 'discovery' && !site.challenged && site.documents.every(({ json }) => json === null))
    return skip('it asks for no token, so nobody needs to sign in');
  try {
    return await probe.run(site);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return warn(`the probe itself failed: ${what}`, 'Please report this with the output of --json.');
  }
}

function fateOf({ token, holder }: Site): Report['token'] {
  if (token === null) return null;
  if (holder === null) return 'unsent';
  return holder.eras.length > 0 ? 'accepted' : 'refused';
}

function toFinding({ id, group, tries, why, source }: Probe, { verdict, saw, advice }: Outcome): Finding {
  return { id, group, verdict, tries, saw: saw.slice(0, MAX_SAW), why, source, advice };
}

// That much is left also when the time is over.
const FAREWELL_MS = 2000;

/** What the check opened it closes. */
async function endSessions(site: Site): Promise<void> {
  for (const caller of [site.stranger, site.holder]) {
    if (caller?.session == null) continue;
    const { token, session } = caller;
    const draft = createDraft(site.url, { era: 'legacy', method: 'ping', token, session });
    await sendRequest(withMethod(draft, 'DELETE'), Math.min(site.timeoutMs, FAREWELL_MS));
  }
}
