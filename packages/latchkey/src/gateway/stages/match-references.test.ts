import { describe, expect, it } from 'vitest';
import {
  person,
  stageGateway,
  writtenTo,
  type SentToStage,
  type Staged,
  type StagedSettings,
} from '../../../../../test/fixtures/stages.ts';
import type { ListedKind } from '../../core/visibility.ts';
import type { Exchange } from '../exchange.ts';
import { matchReferencesStage } from './match-references.ts';

const CALL = { id: 7, method: 'tools/call', params: { name: 'echo' } };
const CANCELLED = { method: 'notifications/cancelled', params: { requestId: 7 } };
const FOREIGN = { reason: 'params-invalid', detail: expect.stringContaining('cursor') };

async function match(gateway: Staged, sent: SentToStage) {
  const exchange = gateway.exchange(sent);
  const before = exchange.message;
  const result = await matchReferencesStage(gateway.state).run(exchange);
  const text = exchange.message === null ? null : Buffer.from(exchange.message.bytes).toString();
  return { result, exchange, text, same: exchange.message === before };
}

const list = (cursor: string, method = 'tools/list') => ({ id: 1, method, params: { cursor, _meta: { a: 1 } } });

const seal = ({ state }: Staged, cursor: string, kind: ListedKind = 'tools', owner = {}) =>
  state.cursors.seal({ server: 'files', principal: 'alice', kind, ...owner }, cursor);

/** What becomes of a message while these are answered. */
async function outside(sent: SentToStage, open: readonly SentToStage[] = [], settings: StagedSettings = {}) {
  const gateway = stageGateway(settings);
  for (const each of open) gateway.state.open.add(gateway.exchange(each));
  const { result, exchange } = await match(gateway, sent);
  return { result, exchange, written: writtenTo(exchange) };
}

const resultOf = async (...asked: Parameters<typeof outside>) => (await outside(...asked)).result;

describe('matchReferencesStage', () => {
  it('has nothing to say of what has no message, and of a request that points at nothing', async () => {
    const gateway = stageGateway();
    for (const sent of [{}, { message: CALL }, { message: { id: 1, method: 'tools/list', params: {} } }])
      expect(await match(gateway, sent)).toMatchObject({ result: null, same: true });
  });

  describe('of cursors', () => {
    it('puts the server’s own in the place of the caller’s, and changes nothing else', async () => {
      const gateway = stageGateway();
      for (const cursor of ['page-2', '', 'a"b\\c\n', '}],"x":"é', '\u2028']) {
        const { result, exchange, text } = await match(gateway, { message: list(seal(gateway, cursor)) });
        expect(result).toBeNull();
        expect(text).toBe(JSON.stringify({ jsonrpc: '2.0', ...list(cursor) }));
        const { start, end } = exchange.message?.cursor ?? { start: 0, end: 0 };
        expect([exchange.message?.id, text?.slice(start, end)].join()).toContain('1,"');
      }
    });

    it('knows each kind of list, whose cursors are of no use for another', async () => {
      const gateway = stageGateway();
      const kinds = {
        'tools/list': 'tools',
        'prompts/list': 'prompts',
        'resources/list': 'resources',
        'resources/templates/list': 'templates',
      } as const;
      for (const [method, own] of Object.entries(kinds))
        for (const kind of Object.values(kinds)) {
          const { result } = await match(gateway, { message: list(seal(gateway, 'page-2', kind), method) });
          expect(result, `${method} ${kind}`).toEqual(kind === own ? null : FOREIGN);
        }
    });

    it('refuses one that the caller was not given, and hands on none of it', async () => {
      const gateway = stageGateway();
      const others = [{ principal: 'bob' }, { server: 'db' }].map((owner) => seal(gateway, 'page-2', 'tools', owner));
      for (const cursor of ['page-2', '', `${seal(gateway, 'page-2')}0`, ...others])
        expect(await match(gateway, { message: list(cursor) })).toMatchObject({ result: FOREIGN, same: true });
      const stranger = { principal: person('bob') };
      expect(await match(gateway, { message: list(seal(gateway, 'page-2')), with: stranger })).toMatchObject({
        result: FOREIGN,
      });
    });

    it('leaves alone the cursors that no list of its own gave, and those of nobody', async () => {
      const gateway = stageGateway();
      const asItIs = { result: null, same: true };
      expect(await match(gateway, { message: list('page-2', 'tasks/list') })).toMatchObject(asItIs);
      for (const missing of [{ principal: null }, { server: null }])
        expect(await match(gateway, { message: list('page-2'), with: missing })).toMatchObject(asItIs);
    });
  });

  describe('outside of a session', () => {
    const bobs: Partial<Exchange> = { principal: person('bob') };

    it('refuses an answer, which could be to somebody else’s question', async () => {
      const { result, written } = await outside({ message: { id: 7, result: {} } });
      expect([result, written.status]).toEqual([{ reason: 'session-missing' }, 0]);
    });

    it('takes a cancellation of the caller’s own call to the server, and of nobody else’s', async () => {
      const own = { message: CALL };
      expect(await resultOf({ message: CANCELLED }, [own])).toBeNull();
      for (const open of [
        [],
        [{ ...own, with: bobs }],
        [own, { ...own, with: bobs }],
        [{ message: { ...CALL, id: 8 } }],
      ])
        expect(await resultOf({ message: CANCELLED }, open)).toBe('done');
    });

    it('does not ask what other servers answer', async () => {
      const elsewhere = { message: CALL, with: { server: stageGateway().server } };
      expect(await resultOf({ message: CANCELLED }, [elsewhere])).toBe('done');
      expect(
        await resultOf({ message: CANCELLED }, [
          { message: CALL },
          { ...elsewhere, with: { ...elsewhere.with, ...bobs } },
        ]),
      ).toBeNull();
    });

    it('answers itself what goes nowhere, with nothing but what the caller needs', async () => {
      const { result, written } = await outside({
        message: CANCELLED,
        with: { origin: 'https://app.example', proofNonce: 'n1' },
      });
      expect([result, written.status, written.body]).toEqual(['done', 202, '']);
      expect(written.headers).toMatchObject({
        'content-length': '0',
        'access-control-allow-origin': 'https://app.example',
        'dpop-nonce': 'n1',
      });
    });

    it('leaves to a server what is of a session of its own, and to a process whose callers it tells apart', async () => {
      const inSession = { 'mcp-session-id': 'own' };
      expect(await resultOf({ message: CANCELLED, headers: inSession })).toBeNull();
      for (const kind of ['stdio', 'tools'] as const)
        expect(await resultOf({ message: CANCELLED }, [], { upstream: { kind } })).toBeNull();
      expect(await resultOf({ message: CANCELLED, with: { server: null } })).toBeNull();
    });
  });
});
