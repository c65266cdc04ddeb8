import { createDraft, INITIALIZE, NO_TOOL } from './draft.ts';
import type { Draft, Reply } from './reply.ts';
import type { Site } from './site.ts';
import { reachedTools, standingOf } from './standing.ts';

export interface Knock {
  readonly reply: Reply;
  /** Whether the door opened. */
  readonly entered: boolean;
}

/**
 * Sends, after `change`, what only callers with a token may: a call of a tool that does not exist, or in the older era
 * the request that opens a session, since without a session any other is refused.
 */
export async function knock(site: Site, change: (draft: Draft) => Draft): Promise<Knock> {
  const { url, stranger, eras } = site;
  const [era = 'modern'] = eras;
  const asked = { era, token: null, session: stranger.session };
  if (era === 'legacy' && !stranger.eras.includes('legacy')) {
    const reply = await site.send(change(createDraft(url, { ...asked, method: 'initialize', params: INITIALIZE })));
    return { reply, entered: standingOf(reply) === 'served' };
  }
  const params = { name: NO_TOOL, arguments: {} };
  const reply = await site.send(change(createDraft(url, { ...asked, method: 'tools/call', params })));
  return { reply, entered: reachedTools(reply) };
}
