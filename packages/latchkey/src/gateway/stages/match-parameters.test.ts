import { describe, expect, it } from 'vitest';
import {
  NOW,
  person,
  stageGateway,
  type SentToStage,
  type StagedSettings,
} from '../../../../../test/fixtures/stages.ts';
import { PLAIN_ID } from '../../core/plain-call.ts';
import { Secret } from '../../core/secret.ts';
import type { Forwardable, Upstream } from '../../core/upstream.ts';
import { matchParametersStage } from './match-parameters.ts';

const MODERN = { era: 'modern' } as const;
const MISMATCH = { reason: 'header-mismatch', detail: 'Mcp-Param' };
const PLAIN = JSON.parse(PLAIN_ID) as unknown;
const PROPERTIES = {
  region: { type: 'string', 'x-mcp-header': 'Region' },
  limit: { type: 'integer', 'x-mcp-header': 'Limit' },
  text: { type: 'string' },
};
const TOOLS = [
  { name: 'query', inputSchema: { type: 'object', properties: PROPERTIES } },
  { name: 'echo', inputSchema: { type: 'object' } },
];

/** A gateway whose server lists `query`, two of whose parameters are mirrored, and `echo`. */
function create(settings: StagedSettings = {}) {
  const asked: Forwardable[] = [];
  const forward: Upstream['forward'] = (request, answer) => {
    asked.push(request);
    answer.start(200, ['content-type', 'application/json']);
    answer.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools: TOOLS } }));
  };
  const gateway = stageGateway({ ...settings, upstream: { forward } });
  const stage = matchParametersStage(gateway.state);
  return {
    gateway,
    asked,
    async match(sent: SentToStage) {
      const exchange = gateway.exchange({ ...sent, with: { ...MODERN, ...sent.with } });
      return { result: await stage.run(exchange), exchange };
    },
  };
}

const call = (args: object | null, headers: Record<string, string> = {}, name = 'query'): SentToStage => ({
  headers,
  message: { id: 1, method: 'tools/call', params: { name, ...(args && { arguments: args }) } },
});

async function resultOf(sent: SentToStage) {
  return (await create().match(sent)).result;
}

const legacy = (sent: SentToStage): SentToStage => ({ ...sent, with: { era: 'legacy' } });

const plain = (args: object): SentToStage => ({
  target: '/mcp/tools/call',
  message: { id: PLAIN, method: 'tools/call', params: { name: 'query', arguments: args } },
  headers: { 'user-agent': 'me' },
});

const passedOf = async (args: object) => (await create().match(plain(args))).exchange.headers.passed;

describe('matchParametersStage', () => {
  it('refuses headers that say something else than the arguments', async () => {
    const eu = { region: 'eu' };
    expect(await resultOf(call(eu, { 'mcp-param-region': 'eu' }))).toBeNull();
    expect(await resultOf(call(null))).toBeNull();
    for (const headers of [{}, { 'mcp-param-region': 'us' }, { 'mcp-param-region': 'eu', 'mcp-param-limit': '1' }])
      expect(await resultOf(call(eu, headers))).toEqual(MISMATCH);
    expect(await resultOf(call(null, { 'mcp-param-region': 'eu' }))).toEqual(MISMATCH);
  });

  it('asks the server once what is mirrored, as the caller, and holds the next call against that at once', async () => {
    const { asked, match, gateway } = create({});
    const principal = person('alice', { issuer: 'https://issuer.example' });
    await match({ ...call({}), with: { principal, subject: new Secret('abc') } });
    expect(asked).toMatchObject([{ message: { method: 'tools/list' }, principal }]);
    expect(asked[0]?.subject?.reveal()).toBe('abc');
    const stage = matchParametersStage(gateway.state);
    const again = gateway.exchange({ ...call({ region: 'eu' }), with: { ...MODERN, startedAt: NOW + 59_999 } });
    expect([stage.run(again), asked.length]).toEqual([MISMATCH, 1]);
    await match({ ...call({}), with: { startedAt: NOW + 60_000 } });
    expect(asked.length).toBe(2);
  });

  it('refuses arguments that programs read in two ways, of a tool that mirrors some', async () => {
    const twoWays = { text: 'a', Text: 'b' };
    expect(await resultOf(call(twoWays))).toEqual(MISMATCH);
    expect(await resultOf(call(twoWays, {}, 'echo'))).toBeNull();
  });

  it('leaves the headers of a tool that mirrors none, or is not known, to whoever they are for', async () => {
    for (const name of ['echo', 'nowhere'])
      expect(await resultOf(call({ region: 'eu' }, { 'mcp-param-region': 'us' }, name))).toBeNull();
  });

  it('asks nothing for what is no call, or nobody’s', async () => {
    const { asked, match } = create();
    const forged = { 'mcp-param-region': 'us' };
    const other = { id: 1, method: 'prompts/get', params: { name: 'query' } };
    for (const sent of [{ message: other, headers: forged }, { headers: forged }])
      expect((await match(sent)).result).toBeNull();
    for (const missing of [{ principal: null }, { server: null }])
      expect((await match({ ...call({}, forged), with: missing })).result).toBeNull();
    expect(asked).toEqual([]);
  });

  describe('of clients before 2026-07-28', () => {
    it('asks for no header, nor the server where none came', async () => {
      const { asked, match } = create();
      for (const args of [{ region: 'eu' }, { text: 'a', Text: 'b' }])
        expect((await match(legacy(call(args, { 'user-agent': 'mcp-param-region' })))).result).toBeNull();
      expect(asked).toEqual([]);
    });

    it('refuses those that came and say something else than the arguments', async () => {
      const args = { region: 'eu', limit: 1 };
      const eu = { 'mcp-param-region': 'eu' };
      expect(await resultOf(legacy(call(args, eu)))).toBeNull();
      const agent = { 'user-agent': 'mcp-param-region' };
      expect(await resultOf(legacy(call(args, { ...agent, 'mcp-param-other': 'us' })))).toBeNull();
      expect(await resultOf(legacy(call(args, { ...agent, 'mcp-param-region': 'us' })))).toEqual(MISMATCH);
      for (const headers of [{ 'mcp-param-region': 'us' }, { ...eu, 'mcp-param-limit': '2' }])
        expect(await resultOf(legacy(call(args, headers)))).toEqual(MISMATCH);
      expect(await resultOf(legacy(call({}, eu)))).toEqual(MISMATCH);
      expect(await resultOf(legacy(call({ region: 'eu', Region: 'us' }, eu)))).toEqual(MISMATCH);
    });
  });

  describe('of plain calls', () => {
    it('writes the headers itself', async () => {
      const agent = ['user-agent', 'me'];
      expect(await resultOf(plain({ region: 'eu', limit: 5 }))).toBeNull();
      expect(await passedOf({ region: 'eu', limit: 5, text: 'a' })).toEqual([
        ...agent,
        'mcp-param-region',
        'eu',
        'mcp-param-limit',
        '5',
      ]);
      expect(await passedOf({ text: 'a' })).toEqual(agent);
    });

    it('writes none for arguments that programs read in two ways, which it refuses', async () => {
      const twoWays = { region: 'eu', Region: 'us' };
      expect(await resultOf(plain(twoWays))).toEqual(MISMATCH);
      expect(await passedOf(twoWays)).toEqual(['user-agent', 'me']);
    });

    it('writes none for anybody else', async () => {
      const { exchange } = await create().match(call({ region: 'eu' }));
      expect(exchange.headers.passed).toEqual([]);
    });
  });
});
