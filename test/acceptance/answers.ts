import { expect } from 'vitest';
import { headerValue, json, type RawAnswer } from '../fixtures/raw-http.ts';
import { expectUpstreamUntouched, send, type Call, type Site, type Spy } from './harness.ts';

/** The JSON-RPC response of an answer, whether it came as JSON or as the last event of a stream. */
export function responseOf(answer: RawAnswer): ReturnType<typeof json> {
  const type = answer.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  if (!type.startsWith('text/event-stream')) return json(answer);
  const events = answer.body.split('\n').filter((line) => line.startsWith('data:'));
  return JSON.parse(events.at(-1)?.slice(5) ?? 'null') as never;
}

/** What the spy's tool says it ran and with which arguments. */
export function ranBy(answer: RawAnswer): { readonly ran: string; readonly args: Record<string, unknown> } {
  const [content] = (responseOf(answer).result?.['content'] ?? []) as { text: string }[];
  return JSON.parse(content?.text ?? 'null') as never;
}

/** Mistakes of one family, by what is wrong: each gets this status (and code), and none reaches the spy. */
export async function expectEachRefused(
  site: Site<Spy>,
  mistakes: Readonly<Record<string, Call>>,
  status: number | readonly number[],
  code?: number,
): Promise<void> {
  await expectUpstreamUntouched(site, async () => {
    for (const [mistake, call] of Object.entries(mistakes)) {
      const answer = await send(site, call);
      const refused = [status].flat().includes(answer.status) && isRefusal(answer, code);
      expect({ mistake, refused, answer }).toMatchObject({ mistake, refused: true });
    }
  });
}

function isRefusal(answer: RawAnswer, code: number | undefined): boolean {
  const { error, result } = json(answer);
  if (result !== undefined || (code !== undefined && error?.code !== code)) return false;
  return answer.status !== 401 || headerValue(answer, 'www-authenticate')?.startsWith('Bearer ') === true;
}

/** Variants of one right call, by what they vary: each is let through. */
export async function expectEachServed(site: Site<Spy>, variants: Readonly<Record<string, Call>>): Promise<void> {
  for (const [variant, call] of Object.entries(variants)) {
    const answer = await send(site, call);
    const served = answer.status === 200 && responseOf(answer).result !== undefined;
    expect({ variant, served, answer }).toMatchObject({ variant, served: true });
  }
}
