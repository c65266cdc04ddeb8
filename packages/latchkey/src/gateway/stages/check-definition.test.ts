import { describe, expect, it } from 'vitest';
import { NOW, person, stageGateway, type SentToStage } from '../../../../../test/fixtures/stages.ts';
import { Secret } from '../../core/secret.ts';
import type { Forwardable, Upstream } from '../../core/upstream.ts';
import { createMemoryStore } from '../../store/memory/open.ts';
import type { ProtectedServer } from '../exchange.ts';
import { checkDefinitionStage } from './check-definition.ts';

const CHANGED = { reason: 'policy-definition' };
const MINUTE = 60_000;
const ECHO = { name: 'echo', description: 'says it' };
const OTHER = { name: 'echo', description: 'says something else' };
const LIST: SentToStage = { message: { id: 1, method: 'tools/list' } };

const call = (name: string, minutes = 0): SentToStage => ({
  message: { id: 1, method: 'tools/call', params: { name } },
  with: { startedAt: NOW + minutes * MINUTE },
});

/** A gateway whose server lists `listed.tools`, or gives no list where that is null. */
function create(pin: ProtectedServer['pin'] = 'block') {
  const { pins } = createMemoryStore();
  const listed: { tools: readonly object[] | null } = { tools: [ECHO] };
  const asked: Forwardable[] = [];
  const forward: Upstream['forward'] = (request, answer) => {
    asked.push(request);
    const { tools } = listed;
    answer.start(tools === null ? 500 : 200, ['content-type', 'application/json']);
    answer.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } }));
  };
  const gateway = stageGateway({ server: { pin }, upstream: { forward }, options: { pins } });
  const stage = checkDefinitionStage(gateway.state);
  return {
    gateway,
    listed,
    asked,
    run: (sent: SentToStage) => stage.run(gateway.exchange(sent)),
    async accept() {
      for (const each of await pins.list('files')) await pins.accept(each, NOW);
    },
  };
}

describe('checkDefinitionStage', () => {
  it('lets a tool be called for as long as its definition is the first that was seen', async () => {
    const { run, listed } = create();
    expect(await run(call('echo'))).toBeNull();
    listed.tools = [{ ...ECHO, _meta: { says: 'nothing to a model' } }];
    expect(await run(call('echo', 1))).toBeNull();
    listed.tools = [OTHER];
    expect(await run(call('echo', 2))).toEqual(CHANGED);
    listed.tools = [ECHO];
    expect(await run(call('echo', 3))).toBeNull();
  });

  it('lets none be called whose definition nobody saw', async () => {
    const { run, listed } = create();
    expect(await run(call('hidden'))).toEqual(CHANGED);
    listed.tools = null;
    expect(await run(call('hidden', 1))).toEqual(CHANGED);
    // What was seen of others holds on.
    expect(await run(call('echo', 1))).toBeNull();
  });

  it('asks the server at most once a minute, as the caller, and waits for the answer', async () => {
    const { run, asked, listed } = create();
    const principal = person('alice', { issuer: 'https://issuer.example' });
    const subject = new Secret('abc');
    const both = [call('echo'), call('echo')].map((sent) =>
      run({ ...sent, with: { ...sent.with, principal, subject } }),
    );
    expect(both.every((result) => result instanceof Promise)).toBe(true);
    expect([await Promise.all(both), asked]).toMatchObject([
      [null, null],
      [{ message: { method: 'tools/list' }, principal }],
    ]);
    expect(asked[0]?.subject?.reveal()).toBe('abc');
    listed.tools = [OTHER];
    // Nothing is waited for then.
    expect([run(call('echo')), asked.length]).toEqual([null, 1]);
    expect([await run(call('echo', 1)), asked.length]).toEqual([CHANGED, 2]);
  });

  it('lets a changed tool be called once that was accepted', async () => {
    const { run, listed, accept } = create();
    await run(call('echo'));
    listed.tools = [OTHER];
    expect(await run(call('echo', 1))).toEqual(CHANGED);
    await accept();
    expect(await run(call('echo', 1))).toBeNull();
  });

  it('shows a changed tool once that was accepted, which is looked for with each list', async () => {
    const { run, listed, accept, gateway } = create();
    const pins = gateway.state.pinsOf(gateway.server);
    await run(call('echo'));
    expect(run(LIST)).toBeNull();
    listed.tools = [OTHER];
    await run(call('echo', 1));
    await accept();
    expect(pins?.see(OTHER, NOW)).toBe(false);
    expect(await run(LIST)).toBeNull();
    expect(pins?.see(OTHER, NOW)).toBe(true);
  });

  it('only looks, and lets nobody wait, where a change is to be told and not to be stopped', async () => {
    const { run, asked, listed, gateway } = create('alert');
    expect([run(call('echo')), run(call('hidden'))]).toEqual([null, null]);
    // The list is on its way.
    await new Promise(setImmediate);
    listed.tools = [OTHER];
    expect([run(call('echo', 1)), asked.length]).toEqual([null, 2]);
    await expect.poll(() => gateway.logged).toMatchObject([['warn', expect.any(String), { tool: 'echo' }]]);
    expect(run(call('echo', 1))).toBeNull();
  });

  it('has nothing to say where tools are not pinned', () => {
    const { run, asked } = create('off');
    expect([run(call('hidden')), run(LIST), asked]).toEqual([null, null, []]);
  });

  it('has nothing to say of anything but tools, nor of what is nobody’s', () => {
    const { run, asked } = create();
    for (const sent of [{}, { message: { id: 1, method: 'prompts/get', params: { name: 'hidden' } } }])
      expect(run(sent)).toBeNull();
    for (const missing of [{ server: null }, { principal: null }])
      for (const sent of [call('hidden'), LIST]) expect(run({ ...sent, with: missing })).toBeNull();
    expect(asked).toEqual([]);
  });
});
