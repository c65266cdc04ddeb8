import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeInTurn } from '../fixtures/raw-http.ts';
import { responseOf } from './answers.ts';
import { legacyVoice, modernVoice, open, startBusySites, type BusySite, type Voice } from './busy-sites.ts';
import { requestBytes } from './harness.ts';

const RATE = '10000000/min';
let sites: readonly BusySite[];
beforeAll(async () => {
  sites = await startBusySites({ limits: { callsPerCredential: RATE, requestsPerAddress: RATE, children: 100 } });
}, 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

const CLIENTS = 20;
const CALLS = 5000;

/** A generator of its own for each client, so that a failure can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

/** All clients count their ids from 1, each on one connection, with delays of 0 to 4 ms. */
async function talkAll(site: BusySite, voices: readonly Voice[], calls: number): Promise<number> {
  const each = calls / voices.length;
  const heard = await Promise.all(
    voices.map(async (voice, client) => {
      const random = createRandom(client);
      const texts = Array.from({ length: each }, (_, call) => `client ${client}, call ${call}`);
      const requests = texts.map((text, call) =>
        requestBytes(site, voice.call('echo', { text, delayMs: Math.floor(random() * 5) }, call + 1)),
      );
      const answers = await exchangeInTurn(site.gateway.url, requests, 50_000);
      for (const [call, answer] of answers.entries()) {
        expect(responseOf(answer)).toMatchObject({ id: call + 1, result: { content: [{ text: texts[call] }] } });
      }
      return answers.length;
    }),
  );
  return heard.reduce((sum, count) => sum + count, 0);
}

const tokensOf = ({ tokens }: BusySite): readonly string[] => [tokens.aliceRead, tokens.bob, tokens.admin];

test('STR-02 answers never cross: 20 clients, 5,000 calls, in and out of sessions', async () => {
  for (const site of sites) {
    const tokens = tokensOf(site);
    const voices = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        client % 4 === 0 ? legacyVoice(site, tokens[client % 3] as string) : modernVoice(tokens[client % 3] as string),
      ),
    );
    expect(await talkAll(site, voices, CALLS)).toBe(CALLS);
  }
}, 180_000);

test('STR-02 answers never cross: streams with equal ids and equal progress tokens', async () => {
  for (const site of sites) {
    const tokens = tokensOf(site);
    const voices = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        client % 2 === 0 ? modernVoice(tokens[client % 3] as string) : legacyVoice(site, tokens[client % 3] as string),
      ),
    );
    for (let round = 0; round < 5; round += 1)
      await Promise.all(
        voices.map(async (voice, client) => {
          const text = `round ${round}, client ${client}`;
          const stream = await open(
            site,
            voice.call('steps', { text, stepMs: client % 4 }, 'id', { progressToken: 'token' }),
          );
          expect(await stream.ended).toBe('whole');
          expect(stream.messages.map(({ params }) => params?.['message'])).toEqual([text, text, text, undefined]);
          expect(stream.messages.map(({ params }) => params?.['progressToken']).slice(0, 3)).toEqual(
            Array.from({ length: 3 }, () => 'token'),
          );
          expect(stream.messages[3]).toMatchObject({ id: 'id', result: { content: [{ text }] } });
          stream.leave();
        }),
      );
  }
});
