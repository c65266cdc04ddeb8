import { bytesOf } from '../../core/bytes.ts';
import { createKept, type Kept } from '../../core/kept.ts';
import type { LoadMetadata } from '../../core/issuer.ts';
import { OutgoingError, type Outgoing } from '../../core/outgoing.ts';
import { parseStrict } from '../../core/parse-strict.ts';
import { allKnown, whenKnown, type Soon } from '../../core/soon.ts';
import type { ImportedKey, JwtCrypto, KeyMembers } from './jwt-crypto.ts';
import { parseKey, type VerificationKey } from './verification-key.ts';

export type KeySet = Kept<readonly VerificationKey[]>;

export interface KeySetOptions {
  /** The algorithms that keys are taken for. */
  readonly algorithms: readonly string[];
  /** Null: where the metadata say. */
  readonly from: { readonly url: string } | KeyText | null;
  readonly metadata: LoadMetadata;
  readonly outgoing: Outgoing;
  /** How long a key serves after the issuer took it back, milliseconds; its Cache-Control can only shorten it. */
  readonly refreshMs: number;
  /** How long keys serve while the issuer cannot be asked, milliseconds. */
  readonly maxAgeMs: number;
  readonly crypto: JwtCrypto;
}

/** A key set that no issuer is asked for. */
export interface KeyText {
  /** For errors. */
  readonly name: string;
  /** How long it need not be read again, milliseconds. */
  readonly freshMs: number;
  /** Rejects with an OutgoingError. */
  read(): Promise<string>;
}

const MOST_KEYS = 100;
const LEAST_FRESH_MS = 60_000;

/** The public keys of an issuer (RFC 7517 §5). A key that is in the next set again stays the same object. */
export function createKeySet(options: KeySetOptions): KeySet {
  const { algorithms, refreshMs, maxAgeMs, crypto } = options;
  let current: readonly VerificationKey[] = [];
  return createKept({
    async load(now) {
      const { text, name, maxAge } = await read(options, now);
      current = keepSame(await parseKeySet(text, { name, algorithms, importKey: crypto.importKey }), current);
      return { value: current, freshMs: Math.min(refreshMs, maxAge) };
    },
    maxAgeMs,
  });
}

interface Source {
  readonly text: string;
  /** For errors. */
  readonly name: string;
  /** Milliseconds for which the source says it need not be asked again. */
  readonly maxAge: number;
}

async function read({ from, metadata, outgoing }: KeySetOptions, now: number): Promise<Source> {
  if (from !== null && 'read' in from) return { text: await from.read(), name: from.name, maxAge: from.freshMs };
  const url = from === null ? (await metadata(now)).jwksUri : from.url;
  if (url === null) throw new OutgoingError('the metadata of the issuer name no key set (jwks_uri)');
  const { host } = new URL(url);
  const { status, headers, body } = await outgoing({ method: 'GET', url });
  if (status !== 200) throw new OutgoingError(`${host}: no key set (status ${status})`);
  return { text: body, name: host, maxAge: toMaxAge(headers['cache-control']) };
}

function toMaxAge(cacheControl = ''): number {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/i.exec(cacheControl)?.[1];
  return seconds === undefined ? Infinity : Math.max(Number(seconds) * 1000, LEAST_FRESH_MS);
}

/** What a key set is read for. */
export interface ReadingKeys<Imported> {
  /** Whose it is, for errors. */
  readonly name: string;
  readonly algorithms: readonly string[];
  readonly importKey: (members: KeyMembers, algorithms: readonly string[]) => Imported;
}

/** What is wrong with a key set without a key of ours. It is one all the same: so an issuer takes back its last key. */
export const NO_KEYS = 'its key set has no key that can be used here';

/**
 * The keys of a key set that can be used here, at once where they are imported at once. Throws or rejects with an
 * OutgoingError when the text is no key set.
 */
export function parseKeySet(text: string, reading: ReadingKeys<ImportedKey | null>): readonly VerificationKey[];
export function parseKeySet(
  text: string,
  reading: ReadingKeys<Soon<ImportedKey | null>>,
): Soon<readonly VerificationKey[]>;
export function parseKeySet(
  text: string,
  { name, algorithms, importKey }: ReadingKeys<Soon<ImportedKey | null>>,
): Soon<readonly VerificationKey[]> {
  const document = parseStrict(bytesOf(text)) as { keys?: unknown } | null | undefined;
  const listed = document?.keys;
  if (!Array.isArray(listed)) throw new OutgoingError(`${name}: what it gives is no key set`);
  if (listed.length > MOST_KEYS) throw new OutgoingError(`${name}: its key set has more than ${MOST_KEYS} keys`);
  return whenKnown(allKnown(listed.map((jwk) => parseKey(jwk, algorithms, importKey))), (parsed) =>
    parsed.filter((key) => key !== null),
  );
}

function keepSame(next: readonly VerificationKey[], before: readonly VerificationKey[]): readonly VerificationKey[] {
  return next.map((key) => before.find(({ text }) => text === key.text) ?? key);
}

/** The one key for this header; null when there is none or more than one (RFC 7515 §6). Listed twice it is still one. */
export function findKey(
  keys: readonly VerificationKey[],
  { alg, kid }: Readonly<Record<string, unknown>>,
): VerificationKey | null {
  let found: VerificationKey | null = null;
  for (const key of keys) {
    if (!key.algorithms.includes(alg as string) || (kid !== undefined && key.kid !== kid)) continue;
    if (found !== null && found.material !== key.material) return null;
    found ??= key;
  }
  return found;
}
