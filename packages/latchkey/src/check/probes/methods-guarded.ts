import { attempt, describeAttempts } from '../attempts.ts';
import { withMethod } from '../draft.ts';
import { fail, pass, skip, type Probe } from '../probe.ts';
import { headerOf, type Reply } from '../reply.ts';
import { OPEN } from '../try-credential.ts';

export const methodsGuarded: Probe = {
  id: 'methods-guarded',
  group: 'credentials',
  tries: 'asks for the event stream by GET and ends a session by DELETE, without a token: 401 or 405',
  why: 'A lock on POST alone leaves the stream, and so what the server says to others, to everybody.',
  source: 'MCP 2025-11-25 Transports, Listening for Messages; MCP 2026-07-28 Streamable HTTP, Earlier Revisions',
  async run(site) {
    if (site.open) return skip(OPEN);
    const ask = (method: 'GET' | 'DELETE') =>
      attempt(site, (draft) => withMethod(draft, method), { by: ['stranger'], eras: ['legacy'] });
    const [get, end] = [await ask('GET'), await ask('DELETE')];
    const saw = `GET ${describeAttempts(get)}, DELETE ${describeAttempts(end)}`;
    const opened = get.some(({ reply }) => isStream(reply));
    return opened ? fail(saw, 'Ask for the token at every method, before anything else.') : pass(saw);
  },
};

function isStream(reply: Reply): boolean {
  return (
    reply.kind === 'answer' &&
    reply.status === 200 &&
    (headerOf(reply, 'content-type') ?? '').startsWith('text/event-stream')
  );
}
