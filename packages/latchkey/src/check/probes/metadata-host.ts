import { createGet, STRANGER_HOST, withHeader } from '../draft.ts';
import { fail, pass, skip, type Probe } from '../probe.ts';
import { describeReply } from '../standing.ts';

export const metadataHost: Probe = {
  id: 'metadata-host',
  group: 'discovery',
  tries: 'asks for the metadata with a false Host and X-Forwarded-Host, which must not get into it',
  why: 'A document that is built from what the caller says can be poisoned in a cache: clients then sign in elsewhere.',
  source: 'RFC 9728 §7.7; CWE-644',
  async run({ documents, send }) {
    const found = documents.find(({ json }) => json !== null);
    if (found === undefined) return skip('there is no metadata');
    const honest = createGet(found.url);
    const lies = [
      withHeader(honest, 'Host', STRANGER_HOST),
      withHeader(honest, 'X-Forwarded-Host', STRANGER_HOST),
      withHeader(honest, 'Forwarded', `host=${STRANGER_HOST};proto=https`),
    ];
    const seen: string[] = [];
    for (const lie of lies) {
      const [name] = lie.headers.at(-1) ?? [''];
      const reply = await send(lie);
      if (reply.kind === 'answer' && (reply.body + JSON.stringify(reply.headers)).includes(STRANGER_HOST))
        return fail(
          `${describeReply(reply)}: what ${name} said is in the answer`,
          'Build URLs from one configured public URL, never from the request.',
        );
      seen.push(reply.kind === 'answer' ? String(reply.status) : 'closed');
    }
    return pass(`${[...new Set(seen)].join(', ')}; the false name is nowhere in it`);
  },
};
