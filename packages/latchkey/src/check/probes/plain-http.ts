import { createDraft } from '../draft.ts';
import { fail, pass, skip, warn, type Probe } from '../probe.ts';
import { headerOf, isRedirect } from '../reply.ts';
import { describeReply } from '../standing.ts';
import { MADE_UP } from '../tokens.ts';

export const plainHttp: Probe = {
  id: 'plain-http',
  group: 'connection',
  tries: 'sends a made-up token over plain HTTP where the URL is https, which ought to be refused',
  why: 'A client with a slip in its URL gives its token to everybody on the way, and nobody notices while it works.',
  source: 'RFC 6750 §5.3; OAuth 2.1 §1.5',
  async run({ url, first, send }) {
    if (url.protocol !== 'https:') return skip('the URL is not https');
    if (first.kind === 'failure') return skip('the server was not reached');
    const plain = new URL(url);
    plain.protocol = 'http:';
    const reply = await send(
      createDraft(plain, { era: 'modern', method: 'tools/list', token: MADE_UP, session: null }),
    );
    if (reply.kind === 'failure') return pass(`no plain HTTP at port ${plain.port === '' ? '80' : plain.port}`);
    const saw = describeReply(reply);
    if (isRedirect(reply))
      return warn(
        `${saw}, to ${headerOf(reply, 'location') ?? 'nowhere'}`,
        'Refuse plain HTTP at the MCP path (400 or 403) instead of redirecting: by then the token was sent in clear text.',
      );
    if (reply.status === 401 || reply.status < 300)
      return fail(saw, 'Do not serve the MCP path over plain HTTP: close the port, or refuse with 400 or 403.');
    return pass(saw);
  },
};
