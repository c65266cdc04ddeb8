import { fail, pass, skipLimited, warn, type Probe } from '../probe.ts';
import { describeReply, standingOf } from '../standing.ts';

export const noToken: Probe = {
  id: 'no-token',
  group: 'credentials',
  tries: 'lists the tools and calls one that does not exist, without a token: 401',
  why: 'Whoever finds the URL can use every tool.',
  source: 'RFC 6750 §3; MCP 2026-07-28 Authorization, Error Handling',
  run({ open, strangerList, stranger }) {
    const listed = strangerList.some((reply) => standingOf(reply) === 'served');
    if (open)
      return fail(
        'a call without a token goes as far as the tools',
        'Ask each request for a token, unless everybody may use this server. Latchkey does it: latchkey run --upstream URL',
      );
    if (listed)
      return warn(
        'the tools are listed to everybody; a call asks for a token',
        'That is right where some tools need nobody signed in; else ask for a token first.',
      );
    const replies = [...Object.values(stranger.greetings), ...strangerList];
    const saw = [...new Set(replies.map(describeReply))].join(', ');
    if (replies.some((reply) => standingOf(reply) === 'identity')) return pass(saw);
    if (replies.some((reply) => standingOf(reply) === 'limited')) return skipLimited(saw);
    return warn(saw, 'Answer 401 with a challenge: at any other status clients do not begin to sign in.');
  },
};
