import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IssuerMetadata } from '../../core/issuer.ts';
import { OutgoingError, type OutgoingAnswer } from '../../core/outgoing.ts';
import type { JwtCrypto } from './jwt-crypto.ts';
import { createKeyFile } from './key-file.ts';
import {
  createKeySet as createKeySetWith,
  findKey,
  parseKeySet as parseKeySetWith,
  type KeySetOptions,
} from './key-set.ts';
import { nodeCrypto } from './node-crypto.ts';
import type { VerificationKey } from './verification-key.ts';
import { webCrypto } from './web-crypto.ts';

const HOUR = 3_600_000;
const ALGORITHMS = ['EdDSA', 'ES256'];
const URL_OF_KEYS = 'https://issuer.example/keys';

const newKey = (more: JsonWebKey = {}): JsonWebKey => ({
  ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
  ...more,
});
const newEcKey = (more: JsonWebKey = {}): JsonWebKey => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  ...more,
});
const [ONE, TWO, THREE] = [newKey({ kid: 'one' }), newKey({ kid: 'two' }), newKey({ kid: 'three' })];
const textOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys });
const kidsOf = (keys: readonly { readonly kid: string | null }[]): unknown[] => keys.map(({ kid }) => kid);

/** What a promise is refused with; it must be an error that people are told as it stands. */
async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OutgoingError);
  return (error as OutgoingError).message;
}

describe.each<[string, JwtCrypto]>([
  ['node:crypto', nodeCrypto],
  ['WebCrypto', webCrypto],
])('key sets with %s', (_name, crypto) => {
  const parseKeySet = async (text: string, algorithms: readonly string[]) =>
    parseKeySetWith(text, { name: 'it', algorithms, importKey: crypto.importKey });

  /** A key set of an issuer whose key set is at these URLs; what it answers there can be changed. */
  function keySetOf(more: Partial<KeySetOptions> = {}, jwksUri: string | null = null) {
    const answers = new Map<string, OutgoingAnswer>();
    const asked: string[] = [];
    const keySet = createKeySetWith({
      crypto,
      algorithms: ALGORITHMS,
      from: { url: URL_OF_KEYS },
      metadata: async (now) => {
        asked.push(`metadata at ${now}`);
        return { jwksUri } as IssuerMetadata;
      },
      outgoing: async ({ method, url }) => {
        asked.push(`${method} ${url}`);
        return answers.get(url) ?? { status: 404, headers: {}, body: '' };
      },
      refreshMs: HOUR,
      maxAgeMs: 24 * HOUR,
      ...more,
    });
    const answer = (body: string, headers: OutgoingAnswer['headers'] = {}, url = URL_OF_KEYS): void =>
      void answers.set(url, { status: 200, headers, body });
    return { keySet, answer, asked };
  }

  const refusalOfFile = (file: string) => refusalOf(keySetOf({ from: createKeyFile(file) }).keySet.get(0));
  const refusalOfText = (text: string) => refusalOf(parseKeySet(text, ALGORITHMS));

  describe('createKeySet', () => {
    it('asks at the URL of the configuration, and not for metadata', async () => {
      const { keySet, answer, asked } = keySetOf({}, 'https://elsewhere.example/keys');
      answer(textOf(ONE, TWO));
      expect(kidsOf(await keySet.get(0))).toEqual(['one', 'two']);
      expect(asked).toEqual([`GET ${URL_OF_KEYS}`]);
    });

    it('asks where the metadata say when the configuration does not', async () => {
      const url = 'https://elsewhere.example/keys';
      const { keySet, answer, asked } = keySetOf({ from: null }, url);
      answer(textOf(THREE), {}, url);
      expect(kidsOf(await keySet.get(7))).toEqual(['three']);
      expect(asked).toEqual(['metadata at 7', `GET ${url}`]);
    });

    it('says so when the metadata name no key set, and asks nobody', async () => {
      const { keySet, asked } = keySetOf({ from: null }, null);
      expect(await refusalOf(keySet.get(0))).toBe('the metadata of the issuer name no key set (jwks_uri)');
      expect(asked).toEqual(['metadata at 0']);
    });

    it('names the host and the status of an answer that is none', async () => {
      expect(await refusalOf(keySetOf().keySet.get(0))).toBe('issuer.example: no key set (status 404)');
    });

    it('names the host of an answer that holds no key set', async () => {
      const { keySet, answer } = keySetOf();
      answer('<html>');
      expect(await refusalOf(keySet.get(0))).toBe('issuer.example: what it gives is no key set');
    });

    it('keeps the object of a key that is in the next set again, and only of that', async () => {
      const { keySet, answer } = keySetOf();
      answer(textOf(ONE, TWO));
      const [one, two] = await keySet.get(0);
      answer(textOf(THREE, { ...ONE, alg: 'EdDSA', x5t: 'new' }, { ...TWO, kid: 'renamed' }));
      const next = await keySet.get(HOUR);
      expect(kidsOf(next)).toEqual(['three', 'one', 'renamed']);
      expect(next[1]).toBe(one);
      expect(next).not.toContain(two);
    });

    it.each<[string | undefined, number]>([
      [undefined, HOUR],
      ['', HOUR],
      ['no-store', HOUR],
      ['max-age=300', 300_000],
      ['public, Max-Age=300', 300_000],
      ['public,max-age=300,immutable', 300_000],
      ['max-age=300 , private', 300_000],
      ['max-age=61', 61_000],
      ['max-age=0', 60_000],
      ['max-age=86400', HOUR],
      ['max-age=1234567890', HOUR],
      ['s-maxage=300', HOUR],
      ['x-max-age=300', HOUR],
      ['max-age="300"', HOUR],
      ['max-age=300s', HOUR],
    ])('lets a set with Cache-Control %j serve unasked for %d ms', async (cacheControl, ms) => {
      const { keySet, answer } = keySetOf();
      answer(textOf(ONE), { 'cache-control': cacheControl });
      await keySet.get(0);
      expect(keySet.peek(ms)).toBe(null);
      expect(keySet.peek(ms - 1)).toHaveLength(1);
    });

    it('serves what it has while the issuer gives none, and not for longer than the time given', async () => {
      const { keySet, answer } = keySetOf();
      answer(textOf(ONE));
      await keySet.get(0);
      answer('{"keys":{}}');
      expect(kidsOf(await keySet.get(24 * HOUR - 1))).toEqual(['one']);
      expect(await refusalOf(keySet.get(24 * HOUR))).toBe('issuer.example: what it gives is no key set');
    });
  });

  it.each([textOf(), textOf({ ...ONE, use: 'enc' })])('has no key any more when the issuer gives %s', async (text) => {
    const { keySet, answer } = keySetOf();
    answer(textOf(ONE));
    await keySet.get(0);
    answer(text);
    expect(await keySet.get(HOUR)).toEqual([]);
    expect(keySet.peek(HOUR)).toEqual([]);
  });

  describe('a key set in a file', () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'latchkey-keys-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('is read anew after a second, and nobody is asked', async () => {
      const file = join(folder, 'keys.json');
      await writeFile(file, textOf(ONE));
      const { keySet, asked } = keySetOf({ from: createKeyFile(file) }, URL_OF_KEYS);
      expect(kidsOf(await keySet.get(0))).toEqual(['one']);
      await writeFile(file, textOf(TWO));
      expect(kidsOf(await keySet.get(799))).toEqual(['one']);
      expect(kidsOf(await keySet.get(1000))).toEqual(['two']);
      expect(asked).toEqual([]);
    });

    it('is named with what is wrong with it', async () => {
      const missing = join(folder, 'missing.json');
      const odd = join(folder, 'odd.json');
      await writeFile(odd, '{"keys":{}}');
      expect(await refusalOfFile(missing)).toBe(`${missing} cannot be read (ENOENT)`);
      expect(await refusalOfFile(folder)).toBe(`${folder} is no plain file`);
      expect(await refusalOfFile(odd)).toBe(`${odd}: what it gives is no key set`);
    });
  });

  describe('parseKeySet', () => {
    it('gives the keys that can be used here, in their order, and passes over all else', async () => {
      const keys = [TWO, null, 'key', { kty: 'oct', k: 'eA' }, { ...THREE, use: 'enc' }, ONE, { kty: 'new' }];
      expect(kidsOf(await parseKeySet(textOf(...keys), ALGORITHMS))).toEqual(['two', 'one']);
      expect(kidsOf(await parseKeySet(textOf(newEcKey({ kid: 'ec' }), ONE), ['ES256']))).toEqual(['ec']);
    });

    it.each([
      '',
      'null',
      '1',
      '"keys"',
      '[]',
      '{}',
      '{"keys":null}',
      '{"keys":{"0":{}}}',
      '{"keys":[],"keys":[]}',
      '{',
    ])('refuses %j as no key set', async (text) =>
      expect(await refusalOfText(text)).toBe('it: what it gives is no key set'),
    );

    it('takes a hundred keys and not one more, usable or not', async () => {
      const others = Array.from({ length: 99 }, () => ({}));
      expect(await parseKeySet(textOf(...others, ONE), ALGORITHMS)).toHaveLength(1);
      expect(await refusalOfText(textOf(...others, {}, ONE))).toBe('it: its key set has more than 100 keys');
    });
  });

  describe('findKey', () => {
    let keys: readonly VerificationKey[] = [];
    let [one, two, ec, nameless] = keys;
    beforeAll(async () => {
      keys = await parseKeySet(textOf(ONE, TWO, newEcKey({ kid: 'two' }), newKey()), ALGORITHMS);
      [one, two, ec, nameless] = keys;
    });

    it('finds the key of that name for that algorithm', () => {
      expect(findKey(keys, { alg: 'EdDSA', kid: 'one' })).toBe(one);
      expect(findKey(keys, { alg: 'EdDSA', kid: 'two' })).toBe(two);
      expect(findKey(keys, { alg: 'ES256', kid: 'two' })).toBe(ec);
    });

    it('finds the only key for an algorithm when the header names none', () => {
      expect(findKey(keys, { alg: 'ES256' })).toBe(ec);
      expect(findKey([nameless!], { alg: 'EdDSA' })).toBe(nameless);
    });

    it('finds none for another name or algorithm, nor a key without name for a header that has one', () => {
      expect(findKey(keys, { alg: 'EdDSA', kid: 'three' })).toBe(null);
      expect(findKey(keys, { alg: 'ES256', kid: 'one' })).toBe(null);
      expect(findKey(keys, { alg: 'RS256' })).toBe(null);
      expect(findKey(keys, { kid: 'one' })).toBe(null);
      expect(findKey([], { alg: 'EdDSA' })).toBe(null);
    });

    it('takes a key that is listed twice for one', async () => {
      const curve = newEcKey({ kid: 'one' });
      for (const key of [ONE, curve]) {
        const alg = key === curve ? 'ES256' : 'EdDSA';
        const [first, ...more] = await parseKeySet(textOf(key, key, { ...key, x5t: 'x', alg }), ALGORITHMS);
        expect(findKey([first!, ...more], { alg, kid: 'one' })).toBe(first);
        expect(findKey([first!, ...more], { alg })).toBe(first);
      }
      const renamed = await parseKeySet(textOf(ONE, { ...ONE, kid: 'uno' }, { ...ONE, kid: undefined }), ALGORITHMS);
      expect(findKey(renamed, { alg: 'EdDSA' })).toBe(renamed[0]);
      expect(findKey(renamed, { alg: 'EdDSA', kid: 'uno' })).toBe(renamed[1]);
    });

    it('does not choose between two keys', async () => {
      expect(findKey(keys, { alg: 'EdDSA' })).toBe(null);
      const twice = await parseKeySet(textOf(ONE, newKey({ kid: 'one' })), ALGORITHMS);
      expect(findKey(twice, { alg: 'EdDSA', kid: 'one' })).toBe(null);
    });
  });
});
