import { createDraft, createGet, STRANGER_HOST, withHeader } from '../draft.ts';
import { fail, pass, skip, type Probe } from '../probe.ts';
import type { Draft, Reply } from '../reply.ts';

const LIES = [
  ['Host', STRANGER_HOST],
  ['X-Forwarded-Host', STRANGER_HOST],
  ['Forwarded', `host=${STRANGER_HOST};proto=https`],
] as const;

export const metadataHost: Probe = {
  id: 'metadata-host',
  group: 'discovery',
  tries:
    'asks for the metadata and the challenge with a false Host, X-Forwarded-Host and Forwarded, which must not get into them',
  why: 'What is built from what the caller says can be poisoned in a cache: clients then sign in elsewhere.',
  source: 'RFC 9728 §7.3; CWE-348',
  async run({ url, documents, send }) {
    const found = documents.find(({ json }) => json !== null);
    if (found === undefined) return skip('there is no metadata');
    const honest = [
      createGet(found.url),
      createDraft(url, { era: 'modern', method: 'tools/list', token: null, session: null }),
    ];
    const seen = new Set<string>();
    for (const [name, value] of LIES) {
      for (const draft of honest) {
        const reply = await send(withHeader(draft, name, value));
        if (repeats(reply)) return fail(`the ${whatOf(draft)} repeats what ${name} said`, ADVICE);
        seen.add(reply.kind === 'answer' ? String(reply.status) : 'closed');
      }
    }
    return pass(`${[...seen].join(', ')}; the false name is nowhere`);
  },
};

const ADVICE = 'Build URLs from one configured public URL, never from the request.';

function repeats(reply: Reply): boolean {
  return reply.kind === 'answer' && (reply.body + JSON.stringify(reply.headers)).includes(STRANGER_HOST);
}

function whatOf({ method }: Draft): string {
  return method === 'GET' ? 'metadata' : 'answer';
}
