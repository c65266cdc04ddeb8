import { expectOptions } from '../core/expect-options.ts';
import { createIssuerKey, signCompact, type IssuerKey, type Signing } from './issuer-keys.ts';

export interface KeyRing {
  /** Newest last, which is the one that signs; all are in the JWKS. */
  readonly keys: readonly IssuerKey[];
  /** Signs from now on, beside those that are in the JWKS already. */
  addKey(alg: string): Promise<IssuerKey>;
  /** Takes it out of the JWKS. */
  removeKey(kid: string): void;
  /** A new key of the same algorithm signs from now on and is alone in the JWKS: what was signed before is good nowhere. */
  rotateKeys(): Promise<IssuerKey>;
  /**
   * Any claims and any header, each as text too; the header's defaults are the newest key's alg and kid and typ
   * at+jwt, and `undefined` leaves a member out. What the signature is made with does not follow the header. Rejects with
   * TypeError where there is no key.
   */
  sign(claims: object | string, header?: object | string, options?: { readonly key?: Signing }): Promise<string>;
}

/** One key for each algorithm. */
export function createKeyRing(algorithms: readonly string[]): KeyRing {
  const keys = algorithms.map(createIssuerKey);
  const addKey = async (alg: string): Promise<IssuerKey> => keys[keys.push(createIssuerKey(alg)) - 1] as IssuerKey;
  return {
    keys,
    addKey,
    removeKey(kid) {
      const at = keys.findIndex((key) => key.kid === kid);
      if (at !== -1) keys.splice(at, 1);
    },
    async rotateKeys() {
      const key = await addKey(keys.at(-1)?.alg ?? 'ES256');
      keys.splice(0, keys.length - 1);
      return key;
    },
    async sign(claims, header = {}, options = {}) {
      expectOptions('sign', options, { key: null });
      const { key } = options;
      const current = keys.at(-1);
      const signing = key ?? current;
      if (signing === undefined) throw new TypeError('The issuer has no key');
      const defaults = { alg: signing.alg, kid: current?.kid, typ: 'at+jwt' };
      return signCompact(typeof header === 'string' ? header : { ...defaults, ...header }, claims, signing);
    },
  };
}
