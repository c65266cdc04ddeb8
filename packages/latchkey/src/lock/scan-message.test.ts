import { describe, expect, it } from 'vitest';
import { toIncoming } from '../../../../test/fixtures/incoming.ts';
import { makeLock } from '../../../../test/library/hand-made-lock.ts';
import { bytesOf } from '../core/bytes.ts';
import type { Asking } from './asking.ts';
import { createAsking } from './lock.ts';
import { scanMessage, scanWithoutMessage, type Spoken } from './scan-message.ts';

type Headers = Readonly<Record<string, string>>;

const MODERN = '2026-07-28';
const LEGACY = '2025-11-25';
const BOTH: Spoken = { revisions: [MODERN, LEGACY], legacy: true };
const MODERN_ONLY: Spoken = { revisions: [MODERN], legacy: false };
const LEGACY_ONLY: Spoken = { revisions: [LEGACY, '2025-06-18'], legacy: true };
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
};

const { parts } = makeLock({ tokens: {} }).lock;
const toAsking = (headers: Headers): Asking => createAsking(parts, toIncoming({ headers: Object.entries(headers) }));
const by = (revision: string, more: Headers = {}): Headers => ({ 'mcp-protocol-version': revision, ...more });

function scan(headers: Headers, message: object, spoken = BOTH) {
  const asking = toAsking(headers);
  const refusal = scanMessage(asking, bytesOf(JSON.stringify({ jsonrpc: '2.0', ...message })), spoken);
  return { refusal, era: asking.era, message: asking.message };
}

function scanBodiless(headers: Headers) {
  const asking = toAsking(headers);
  asking.era = 'modern';
  return { refusal: scanWithoutMessage(asking, LEGACY_ONLY), era: asking.era };
}

const mismatch = (detail: string): object => ({ reason: 'header-mismatch', detail });
const request = (method: string, params: object = {}): object => ({ id: 1, method, params });

/** A request of 2026-07-28 whose `Mcp-Method` is right. */
const modern = (method: string, params: object = {}, headers: Headers = {}) =>
  scan(by(MODERN, { 'mcp-method': method, ...headers }), request(method, { _meta: META, ...params })).refusal;
/** What is said of a revision that is not spoken. */
const toldOf = (revision: string, spoken = BOTH) => scan(by(revision), request('ping'), spoken).refusal;

describe('scanMessage', () => {
  it('keeps the message that it read, and nothing of one that it could not', () => {
    expect(scan(by(LEGACY), request('ping'))).toMatchObject({ refusal: null, message: { method: 'ping', id: '1' } });
    expect(scan(by(LEGACY), { id: 1 })).toMatchObject({ refusal: { reason: 'message-invalid' }, message: null });
  });

  it('takes who declares nothing, or a revision from before, for legacy, and everybody else for modern', () => {
    expect(scan({}, request('ping'))).toMatchObject({ refusal: null, era: 'legacy' });
    expect(scan(by(LEGACY), request('ping'))).toMatchObject({ refusal: null, era: 'legacy' });
    expect(scan(by(MODERN), { method: 'notifications/cancelled' })).toMatchObject({ refusal: null, era: 'modern' });
    expect(scan(by('2099-01-01'), request('ping'))).toMatchObject({ era: 'modern' });
  });

  it.each([{}, by(LEGACY), by('2099-01-01')])('refuses a body of another revision than %j', (headers) => {
    expect(scan(headers, request('ping', { _meta: META })).refusal).toEqual(mismatch('protocol version'));
  });

  it('needs Mcp-Method of a request of 2026-07-28 only, but holds it against the body wherever it is', () => {
    expect(scan(by(MODERN), request('ping', { _meta: META })).refusal).toEqual(mismatch('Mcp-Method is missing'));
    expect(scan(by(MODERN), { method: 'notifications/cancelled' }).refusal).toBeNull();
    for (const headers of [by(MODERN), by(LEGACY), by('2099-01-01'), {}])
      expect(scan({ ...headers, 'mcp-method': 'notifications/x' }, { method: 'notifications/X' }).refusal).toEqual(
        mismatch('Mcp-Method'),
      );
  });

  it.each([
    ['tools/call', { name: 'echo', uri: 'decoy', taskId: 'decoy' }, 'echo'],
    ['prompts/get', { name: 'greet', uri: 'decoy' }, 'greet'],
    ['resources/read', { uri: 'file:///a', name: 'decoy' }, 'file:///a'],
  ])('needs Mcp-Name for %s, and the right member of the body in it', (method, params, name) => {
    expect(modern(method, params, { 'mcp-name': name })).toBeNull();
    expect(modern(method, params, { 'mcp-name': 'decoy' })).toEqual(mismatch('Mcp-Name'));
    expect(modern(method, params)).toEqual(mismatch('Mcp-Name is missing'));
    expect(scan(by(LEGACY), request(method, params)).refusal).toBeNull();
  });

  it.each([
    [{ name: 'a', uri: 'b', taskId: 'c' }, 'a'],
    [{ uri: 'b', taskId: 'c' }, 'b'],
    [{ taskId: 'c' }, 'c'],
  ])('takes in Mcp-Name of any other method what %j is called by first, or no header', (params, name) => {
    expect(modern('tasks/get', params, { 'mcp-name': name })).toBeNull();
    expect(modern('tasks/get', params)).toBeNull();
    expect(modern('tasks/get', params, { 'mcp-name': 'other' })).toMatchObject({ reason: 'header-mismatch' });
  });

  it.each(['caf\u00e9', 'echo'])('refuses the Mcp-Name %j where the body names nothing', (name) => {
    expect(modern('tools/list', {}, { 'mcp-name': name })).toMatchObject({ reason: 'header-mismatch' });
  });

  it.each(Object.keys(META))('misses %s in a request of 2026-07-28, and in that alone', (key) => {
    const meta = Object.fromEntries(Object.entries(META).filter(([other]) => other !== key));
    const headers = by(MODERN, { 'mcp-method': 'ping' });
    expect(scan(headers, request('ping', { _meta: meta })).refusal).toEqual({ reason: 'meta-missing' });
    expect(scan(by(LEGACY), request('ping')).refusal).toBeNull();
  });

  it('takes no response from a client without sessions', () => {
    expect(scan(by(MODERN), { id: 1, result: {} }).refusal).toMatchObject({
      reason: 'message-invalid',
      detail: expect.stringContaining('response'),
    });
    expect(scan(by(LEGACY), { id: 1, result: {} }).refusal).toBeNull();
  });

  it('needs a URI to subscribe to', () => {
    for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
      expect(scan(by(LEGACY), request(method)).refusal).toEqual({ reason: 'params-invalid' });
      expect(scan(by(LEGACY), request(method, { uri: 'file:///a' })).refusal).toBeNull();
    }
  });

  it('tells a legacy client at a modern server to take another revision when it opens a session, else that it said none', () => {
    expect(scan({}, request('initialize'), MODERN_ONLY).refusal).toEqual({
      reason: 'version-unsupported',
      supported: [MODERN],
      requested: 'initialize',
    });
    expect(scan({}, request('ping'), MODERN_ONLY).refusal).toEqual(mismatch('protocol version'));
  });

  it('offers the modern revisions, and others only where there is none', () => {
    expect(toldOf('2099-01-01')).toEqual({
      reason: 'version-unsupported',
      supported: [MODERN],
      requested: '2099-01-01',
    });
    expect(toldOf(LEGACY, MODERN_ONLY)).toMatchObject({ supported: [MODERN], requested: LEGACY });
    expect(toldOf('2099-01-01', LEGACY_ONLY)).toMatchObject({ supported: [LEGACY, '2025-06-18'] });
  });

  it.each([
    ['!', '!'],
    ['~'.repeat(32), '~'.repeat(32)],
    ['~'.repeat(33), ''],
    ['', ''],
    ['\u007f2026-07-28', ''],
    ['2026-07-28\u0001', ''],
    ['2026-07-28, 2025-11-25', ''],
    ['caf\u00e9', ''],
  ])('echoes only what could be a revision: %j', (revision, requested) => {
    expect(toldOf(revision)).toMatchObject({ reason: 'version-unsupported', requested });
  });
});

describe('scanWithoutMessage', () => {
  it('takes the revisions that are spoken, or none, and is legacy whatever was there before', () => {
    expect(scanBodiless({})).toEqual({ refusal: null, era: 'legacy' });
    expect(scanBodiless(by('2025-06-18'))).toEqual({ refusal: null, era: 'legacy' });
    expect(scanBodiless(by(MODERN))).toEqual({
      refusal: { reason: 'version-unsupported', supported: [LEGACY, '2025-06-18'], requested: MODERN },
      era: 'legacy',
    });
  });
});
