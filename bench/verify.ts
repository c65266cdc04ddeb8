import type { Peer, RunningPeer } from './peer.ts';
import { type Answer, postMessage } from './post.ts';
import { type Headers, TOOL, expectedText, toCallHalves, toCallHeaders } from './request.ts';

/** Proves that a peer answers the measured call rightly and refuses what it says it checks; throws otherwise. */
export async function verifyPeer(peer: Peer, running: RunningPeer, callers: Headers[]): Promise<void> {
  const good = callers[0] ?? {};
  const call = (caller: Headers, nameInBody = TOOL) => postCall(peer, running, caller, nameInBody);
  for (const caller of [good, callers.at(-1) ?? {}]) expectRight(await call(caller));
  if (peer.checks.token) {
    expectStatus('no credential', await call(without(good, running.wrongCredential)), [401, 403]);
    expectStatus('a wrong credential', await call({ ...good, ...running.wrongCredential }), [401, 403]);
  }
  if (peer.checks.headers) expectStatus('a body that differs from its headers', await call(good, 'other'), [400]);
  if (peer.checks.scope && running.unscopedCredential) {
    // In another caller's session any refusal will do: 404 hides that the session exists.
    const allowed = peer.shape === '2026-07-28' ? [403] : [401, 403, 404];
    expectStatus('a token without the scope', await call({ ...good, ...running.unscopedCredential }), allowed);
  }
}

function postCall(peer: Peer, running: RunningPeer, caller: Headers, nameInBody: string): Promise<Answer> {
  const { head, tail } = toCallHalves(peer.shape, nameInBody);
  return postMessage(running.url, { ...toCallHeaders(peer.shape), ...caller }, `${head}7${tail}`);
}

function without(headers: Headers, removed: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !(name in removed)));
}

function expectRight({ status, message }: Answer): void {
  const text = message?.result?.content?.[0]?.text;
  if (status === 200 && message?.id === 7 && text === expectedText()) return;
  throw new Error(`a good call was answered ${status} ${JSON.stringify(message)?.slice(0, 200)}`);
}

function expectStatus(what: string, { status }: Answer, allowed: number[]): void {
  if (!allowed.includes(status)) throw new Error(`${what} was answered ${status}, not ${allowed.join(' or ')}`);
}
