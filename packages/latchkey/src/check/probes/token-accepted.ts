import { isPrivate } from '../metadata.ts';
import { fail, pass, skip, skipLimited, type Probe } from '../probe.ts';
import { readMessage } from '../read-message.ts';
import type { Reply } from '../reply.ts';
import { describeReply, standingOf } from '../standing.ts';

export const tokenAccepted: Probe = {
  id: 'token-accepted',
  group: 'credentials',
  tries: 'lists the tools with the token that was given',
  why: 'Only behind the door can be seen what is refused there.',
  source: 'MCP 2026-07-28 Access Token Usage',
  run({ token, url, holder, holderList, open }) {
    if (token === null) return skip('no token was given (--token-file)');
    if (!isPrivate(url)) return skip('a token is not sent over plain HTTP to another machine');
    if (open) return skip('it asks nobody for a token');
    if (holder === null || holder.eras.length === 0) {
      const replies = Object.values(holder?.greetings ?? {});
      if (holder === null) return skip('the token was not sent: nothing of MCP was seen');
      const saw = [...new Set(replies.map(describeReply))].join(', ');
      if (replies.some((reply) => standingOf(reply) === 'limited')) return skipLimited(saw);
      return fail(saw, 'Give a token that is valid for this server and has not ended.');
    }
    const counts = holderList.flatMap(countTools);
    const [tools] = counts;
    return pass(tools === undefined ? 'accepted' : `accepted; it sees ${tools} ${tools === 1 ? 'tool' : 'tools'}`);
  },
};

function countTools(reply: Reply): readonly number[] {
  if (reply.kind === 'failure') return [];
  const tools = readMessage(reply)?.result?.['tools'];
  return Array.isArray(tools) ? [tools.length] : [];
}
