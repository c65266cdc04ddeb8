import { afterAll, beforeAll, expect, test } from 'vitest';
import { json, type RawAnswer } from '../fixtures/raw-http.ts';
import { responseOf } from './answers.ts';
import { legacyVoice, modernVoice, startBusySites, type BusySite, type Voice } from './busy-sites.ts';
import { legacyCall, META, modernCall, send, type Call } from './harness.ts';

let sites: readonly BusySite[];
beforeAll(async () => void (sites = await startBusySites()), 120_000);
afterAll(() => Promise.all(sites.map((site) => site.close())));

const askingMeta = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };

/** A retry of a call that was asked back, with what the client says now. */
function retry(token: string, state: unknown, { tool = 'ask', text = 'who?' } = {}): Call {
  const params = {
    name: tool,
    arguments: { text },
    requestState: state,
    inputResponses: { q1: accept('me'), who: accept('me') },
    _meta: askingMeta,
  };
  return { tool, token, body: JSON.stringify({ jsonrpc: '2.0', id: 'again', method: 'tools/call', params }) };
}

const accept = (name: string): object => ({ action: 'accept', content: { name } });

async function ask(site: BusySite, token: string, text = 'who?'): Promise<string> {
  const answer = await send(site, modernVoice(token, { elicitation: {} }).call('ask', { text }));
  const { result } = responseOf(answer);
  expect(result).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) });
  return result?.['requestState'] as string;
}

function changedForms(state: string): Readonly<Record<string, unknown>> {
  const flip = (at: number): string => `${state.slice(0, at)}${state[at] === 'A' ? 'B' : 'A'}${state.slice(at + 1)}`;
  return {
    'first byte': flip(0),
    'middle byte': flip(state.length >> 1),
    'last byte': flip(state.length - 1),
    truncated: state.slice(0, -1),
    'cut at the front': state.slice(1),
    longer: `${state}A`,
    padded: `${state}=`,
    'with a space': ` ${state}`,
    'in another case': state.toUpperCase(),
    empty: '',
    'in a list': [state],
    'in an object': { state },
    null: null,
  };
}

const refusals: readonly unknown[] = [-32602];
const isRefused = (answer: RawAnswer): boolean => {
  const { result, error } = responseOf(answer);
  return result === undefined && refusals.includes(error?.code);
};

test('STR-14 requestState integrity: changed, cut, or of another call', async () => {
  for (const site of sites) {
    const { aliceWrite } = site.tokens;
    const state = await ask(site, aliceWrite);
    const other = await ask(site, aliceWrite, 'another?');
    for (const [change, form] of Object.entries(changedForms(state))) {
      const refused = isRefused(await send(site, retry(aliceWrite, form)));
      expect({ kind: site.kind, change, refused }).toEqual({ kind: site.kind, change, refused: true });
    }
    const swapped = [
      retry(aliceWrite, other),
      retry(aliceWrite, state, { text: 'another?' }),
      retry(aliceWrite, state, { tool: 'two' }),
    ];
    for (const call of swapped) expect(isRefused(await send(site, call))).toBe(true);
    // All that was wrong with those was the state: as it was given, it is taken.
    const right = await send(site, retry(aliceWrite, state));
    expect(responseOf(right).result).toMatchObject({ content: [{ text: 'who? heard {"name":"me"}' }] });
  }
});

test('STR-14 requestState integrity: one that the gateway made is of use once, and to its owner', async () => {
  const site = sites[1] as BusySite;
  const { aliceWrite, aliceRead, bob } = site.tokens;
  const state = await ask(site, aliceWrite);
  for (const token of [bob, aliceRead]) {
    expect(isRefused(await send(site, retry(token, state)))).toBe(true);
    // Also where the thief has an open call of the same kind.
    await ask(site, token);
    expect(isRefused(await send(site, retry(token, state)))).toBe(true);
  }
  expect(responseOf(await send(site, retry(aliceWrite, state))).result).toBeDefined();
  expect(isRefused(await send(site, retry(aliceWrite, state)))).toBe(true);
});

const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'];

function list(voice: Voice, cursor: unknown, method = 'tools/list'): Call {
  const params = cursor === undefined ? {} : { cursor };
  const call = voice.session === null ? modernCall(method, params) : legacyCall(method, params, voice.session);
  return { ...call, token: voice.token };
}

const cursorsSeen = (site: BusySite): readonly string[] => site.notes().filter((note) => note.includes('"cursor"'));

test('STR-16 state handles: a cursor is its owner’s', async () => {
  for (const site of sites) {
    const { aliceWrite, bob } = site.tokens;
    for (const [alice, other] of [
      [modernVoice(aliceWrite), modernVoice(bob)],
      [await legacyVoice(site, aliceWrite), await legacyVoice(site, bob)],
    ] as const) {
      const before = cursorsSeen(site).length;
      const first = responseOf(await send(site, list(alice, undefined))).result as { nextCursor: string };
      const mine = first.nextCursor;
      const wrong = {
        own: 'from-4',
        flipped: `X${mine.slice(1)}`,
        cut: mine.slice(0, -1),
        longer: `${mine}0`,
        empty: '',
      };
      for (const cursor of Object.values(wrong)) expect(isRefused(await send(site, list(alice, cursor)))).toBe(true);
      expect(isRefused(await send(site, list(other, mine)))).toBe(true);
      for (const method of LISTS.slice(1)) expect(isRefused(await send(site, list(alice, mine, method)))).toBe(true);
      expect(cursorsSeen(site).length).toBe(before);
      // Its owner gets the next page for it, and the server its own cursor.
      const second = responseOf(await send(site, list(alice, mine))).result as { tools: { name: string }[] };
      expect(second.tools.map(({ name }) => name)).toEqual(['hang', 'flood', 'big', 'ask']);
      expect(cursorsSeen(site).at(-1)).toContain('"cursor":"from-4"');
      expect(cursorsSeen(site).length).toBe(before + 1);
    }
  }
});

test('STR-16 state handles: no task is anybody’s', async () => {
  for (const site of sites) {
    const before = site.notes().length;
    const voice = await legacyVoice(site, site.tokens.bob);
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/list', 'tasks/update']) {
      const modern = await send(site, {
        ...modernCall(method, { taskId: 'task-of-alice' }),
        headers: { 'Mcp-Method': method, 'Mcp-Name': null },
      });
      expect([modern.status, json(modern).error?.code]).toEqual([404, -32601]);
      const legacy = await send(site, {
        ...legacyCall(method, { taskId: 'task-of-alice' }, voice.session),
        token: voice.token,
      });
      expect(json(legacy).error?.code).toBe(-32601);
    }
    expect(site.notes().slice(before).join('\n')).not.toContain('task-of-alice');
  }
});

test('STR-17 gateway cache key: a list is asked for by each, and is for nobody else', async () => {
  for (const site of sites) {
    const [alice, bob] = [modernVoice(site.tokens.aliceWrite), modernVoice(site.tokens.bob)];
    const before = site.notes().filter((note) => note.includes('tools/list')).length;
    for (let round = 0; round < 3; round += 1) {
      const results = [
        responseOf(await send(site, list(alice, undefined))),
        responseOf(await send(site, list(bob, undefined))),
      ];
      const names = results.map(({ result }) =>
        ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name),
      );
      expect(names).toEqual([
        ['one', 'two', 'echo', 'steps'],
        ['one', 'echo', 'steps'],
      ]);
      // The server says public, for it does not know who may see what.
      for (const { result } of results) expect(result?.['cacheScope']).toBe('private');
    }
    expect(site.notes().filter((note) => note.includes('tools/list')).length - before).toBe(6);
  }
});

test('STR-17 gateway cache key: what is read is read each time, and is for nobody else', async () => {
  for (const site of sites) {
    const { aliceWrite, bob } = site.tokens;
    const read = (token: string, uri: string, more: object = {}): Promise<RawAnswer> =>
      send(site, { ...modernCall('resources/read', { uri, ...more }), token });
    const reads = (): number => site.notes().filter((note) => note.startsWith('read ')).length;
    const before = reads();
    const hers = await read(aliceWrite, 'file:///private/plan');
    expect((await read(bob, 'file:///private/plan')).status).toBe(403);
    const again = await read(aliceWrite, 'file:///private/plan');
    for (const { result } of [responseOf(hers), responseOf(again)])
      expect(result).toMatchObject({ contents: [{ text: 'what file:///private/plan holds' }], cacheScope: 'private' });
    expect(reads() - before).toBe(2);
    // A retry with answers depends on them, so it is never answered from memory.
    for (const name of ['first', 'second'])
      await read(bob, 'file:///data/x', { inputResponses: { who: accept(name) } });
    expect(site.notes().slice(-2).join('\n')).toContain('second');
    expect(reads() - before).toBe(4);
    for (const answer of [hers, again])
      expect(answer.headers.filter(([, value]) => /public|s-maxage|max-age=[1-9]/.test(value))).toEqual([]);
  }
});
