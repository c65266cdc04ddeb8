import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerValue, json } from '../fixtures/raw-http.ts';
import { responseOf } from './answers.ts';
import { modernCall, send, type Call } from './harness.ts';
import {
  legacyTools,
  modernTools,
  namesOf,
  resultOf,
  startToolsSite,
  startVoices,
  TOOLS,
  type ToolsSite,
  type ToolsVoice,
} from './tools-site.ts';

let site: ToolsSite;
let voices: readonly ToolsVoice[];
beforeAll(async () => {
  site = await startToolsSite();
  voices = await startVoices(site);
});
afterAll(() => site.close());

/** Nothing ran meanwhile. */
async function expectNothingRan(act: () => Promise<void>): Promise<void> {
  const before = site.notes().length;
  await act();
  expect(site.notes().slice(before)).toEqual([]);
}

test('callers of both eras list the same tools, with the schema of their arguments', async () => {
  const lists = [];
  for (const voice of voices) {
    const answer = await send(site, voice.list());
    expect(namesOf(answer)).toEqual(['echo', 'fail', 'hang']);
    lists.push(responseOf(answer).result?.['tools']);
  }
  expect(lists[0]).toEqual(lists[1]);
  expect(lists[0]).toMatchObject([
    {
      name: 'echo',
      description: 'Says it again',
      inputSchema: {
        type: 'object',
        properties: {
          text: { type: 'string' },
          times: { type: 'integer', default: 1, minimum: 1, maximum: 3 },
          mood: { type: 'string', enum: ['calm', 'loud'] },
        },
        required: ['text'],
        additionalProperties: false,
      },
    },
    { name: 'fail' },
    { name: 'hang' },
  ]);
});

test('callers of both eras run them, with defaults filled in', async () => {
  for (const voice of voices) {
    const answer = await send(site, voice.call('echo', { text: `żółw $HOME "${voice.era}"` }));
    expect(answer.status).toBe(200);
    expect(headerValue(answer, 'content-type')).toBe('application/json');
    expect(headerValue(answer, 'content-length')).toBe(String(Buffer.byteLength(answer.body)));
    expect(resultOf(answer)).toEqual({ text: `żółw $HOME "${voice.era}" 1`, isError: false });
  }
});

test('a script that fails is an error that a model can read', async () => {
  for (const voice of voices) {
    const answer = await send(site, voice.call('fail'));
    expect(answer.status).toBe(200);
    expect(resultOf(answer)).toMatchObject({
      isError: true,
      text: expect.stringMatching(/3[^]*to the (?:output|errors)/),
    });
  }
});

test('bad arguments run nothing, and a model can read what is wrong with them', async () => {
  const bad: Readonly<Record<string, object>> = {
    text: {},
    times: { text: 'a', times: '2' },
    mood: { text: 'a', mood: 'quiet' },
    more: { text: 'a', more: 1 },
    TEXT: { text: 'a', TEXT: 'b' },
  };
  await expectNothingRan(async () => {
    for (const voice of voices)
      for (const [what, args] of Object.entries(bad)) {
        const answer = await send(site, voice.call('echo', args));
        expect([what, answer.status, resultOf(answer)]).toEqual([
          what,
          200,
          { isError: true, text: expect.stringContaining(what) },
        ]);
      }
  });
});

test('a number that is not the same to every program runs nothing', async () => {
  await expectNothingRan(async () => {
    for (const voice of voices)
      for (const number of ['9007199254740993', '1e400', '-12345678901234567890']) {
        const call = voice.call('echo', { text: 'a', times: 77 });
        const body = (call.body as string | undefined) ?? modernBody({ text: 'a', times: 77 });
        const answer = await send(site, { ...call, body: body.replace('77', number) });
        expect([number, resultOf(answer).isError]).toEqual([number, true]);
      }
  });
});

function modernBody(args: object): string {
  return modernCall('tools/call', { name: 'echo', arguments: args }).body as string;
}

test('arguments that are no object never come near a tool', async () => {
  await expectNothingRan(async () => {
    for (const args of [[], 'text', 1, null, true]) {
      const call: Call = { token: site.tokens.admin, body: modernBody(args as object) };
      const answer = await send(site, call);
      expect([args, answer.status, json(answer).error?.code]).toEqual([args, 400, -32602]);
    }
  });
});

test('an unknown tool is -32602, to the letter what is said of a hidden one', async () => {
  const hiding = await startToolsSite([TOOLS.echo], { tools: { echo: { hidden: true }, '*': {} } });
  try {
    for (const voice of await startVoices(hiding)) {
      const [unknown, hidden] = [await send(hiding, voice.call('nothing')), await send(hiding, voice.call('echo'))];
      expect([unknown.status, json(unknown).error?.code]).toEqual([200, -32602]);
      expect(unknown.body).toBe(hidden.body);
      const names = ({ headers }: typeof unknown) => headers.map(([name]) => name.toLowerCase()).toSorted();
      expect(names(unknown)).toEqual(names(hidden));
    }
    expect(hiding.notes()).toEqual([]);
  } finally {
    await hiding.close();
  }
});

test('notifications are never answered, and nothing runs for them', async () => {
  const { say } = await legacyTools(site);
  await expectNothingRan(async () => {
    const taken = [202, ''];
    for (const method of ['notifications/initialized', 'notifications/cancelled', 'notifications/progress']) {
      const { status, body } = await send(site, say(method, { requestId: 99, progressToken: 1, progress: 1 }));
      expect([method, status, body]).toEqual([method, ...taken]);
    }
    for (const method of ['notifications/cancelled', 'notifications/progress']) {
      const message = JSON.stringify({ jsonrpc: '2.0', method, params: { requestId: 99 } });
      const { status, body } = await send(site, { ...modernCall(method), body: message, token: site.tokens.admin });
      expect([method, status, body]).toEqual([method, ...taken]);
    }
  });
});

test('a call without an id is no notification, and runs nothing', async () => {
  const { say } = await legacyTools(site);
  await expectNothingRan(async () => {
    const params = { name: 'echo', arguments: { text: 'a' } };
    const message = JSON.stringify({ jsonrpc: '2.0', method: 'tools/call', params });
    for (const call of [say('tools/call', params), { body: message, token: site.tokens.admin }])
      expect((await send(site, call)).status).toBe(400);
  });
});

test('what neither era has is not found, and ping is of the older one alone', async () => {
  const { say } = await legacyTools(site);
  const unknown = await send(site, say('prompts/list', {}, 1));
  expect([unknown.status, json(unknown).error?.code]).toEqual([200, -32601]);
  expect(json(await send(site, say('ping', {}, 2))).result).toEqual({});
  for (const method of ['ping', 'initialize', 'prompts/list', 'resources/list']) {
    const answer = await send(site, { ...modernCall(method), token: site.tokens.admin });
    expect([method, answer.status, json(answer).error?.code]).toEqual([method, 404, -32601]);
  }
});

test('server/discover says what there is', async () => {
  const answer = await send(site, { ...modernCall('server/discover'), token: site.tokens.admin });
  expect(json(answer).result).toEqual({
    resultType: 'complete',
    supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'],
    capabilities: { tools: { listChanged: true } },
    ttlMs: 0,
    cacheScope: 'private',
    _meta: {
      'io.modelcontextprotocol/serverInfo': { name: 'site', version: '1.2.0', description: 'Tools of the tests' },
    },
  });
});

test('sessions of every older revision work, and none sees into another', async () => {
  for (const revision of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']) {
    const voice = await legacyTools(site, site.tokens.admin, revision);
    expect(resultOf(await send(site, voice.call('echo', { text: revision }))).text).toBe(`${revision} 1`);
  }
  const [alice, bob] = [await legacyTools(site), await legacyTools(site)];
  expect(alice.session).not.toBe(bob.session);
  const ended = await send(site, { ...bob.list(), method: 'DELETE', body: null });
  expect(ended.status).toBe(200);
  expect((await send(site, bob.list())).status).toBe(404);
  expect((await send(site, alice.list())).status).toBe(200);
  const [owner, session] = [await legacyTools(site, site.tokens.admin), 'Mcp-Session-Id'];
  const stolen = { ...owner.list(), token: site.tokens.bob };
  expect((await send(site, stolen)).status).toBe(404);
  const guessed = { ...owner.list(), headers: { ...owner.list().headers, [session]: 'f'.repeat(65) } };
  expect((await send(site, guessed)).status).toBe(404);
});

test('callers with the same ids never get the answers of others', async () => {
  const callers = await Promise.all(
    Array.from({ length: 6 }, (_, at) => (at % 2 === 0 ? modernTools(site.tokens.admin) : legacyTools(site))),
  );
  const texts = await Promise.all(
    callers.map(async (voice, at) => {
      const answers = [];
      for (let id = 0; id < 5; id += 1)
        answers.push(
          send(site, voice.call('echo', { text: `${at}/${id}` }, id)).then((answer) => [
            responseOf(answer).id,
            resultOf(answer).text,
          ]),
        );
      return Promise.all(answers);
    }),
  );
  expect(texts).toEqual(callers.map((_voice, at) => Array.from({ length: 5 }, (_each, id) => [id, `${at}/${id} 1`])));
});

test('without a credential nothing runs and nothing is listed', async () => {
  await expectNothingRan(async () => {
    for (const token of [null, site.tokens.revoked, site.tokens.expired]) {
      const voice = modernTools(token as string);
      expect((await send(site, voice.call('echo', { text: 'a' }))).status).toBe(401);
      expect((await send(site, voice.list())).status).toBe(401);
    }
  });
});
