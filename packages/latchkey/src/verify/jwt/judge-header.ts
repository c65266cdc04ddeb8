/** What an issuer's access tokens look like before anything is proved. */
export interface TokenForm {
  /** The issuer's name in the configuration, for what the operator is told. */
  readonly name: string;
  readonly algorithms: readonly string[];
  /** `typ` in lower case without `application/`; '' stands for none. */
  readonly types: readonly string[];
}

/**
 * Keys that a token brings along (RFC 8725 §3.10, §2.6), extensions that must be understood, and what belongs to another
 * kind of JOSE object.
 */
const REFUSED = ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'b64', 'zip', 'enc', 'epk', 'p2c', 'p2s', 'iv', 'tag', 'nonce'];

/** Why a token of that header is refused whatever its signature; null when nothing is against it. */
export function judgeHeader(header: Readonly<Record<string, unknown>>, form: TokenForm): string | null {
  const { alg, kid, typ } = header;
  const setting = `auth.issuers.${form.name}`;
  const refused = REFUSED.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) return `${refused} in its header is not taken`;
  if (typeof alg !== 'string' || !form.algorithms.includes(alg)) return `alg is not in ${setting}.algorithms`;
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return 'kid is no text';
  const type = toType(typ);
  if (type === null) return 'typ is no text';
  if (!form.types.includes(type)) return `typ is not in ${setting}.types (${form.types.map(toWord).join(', ')})`;
  return null;
}

/** RFC 7515 §4.1.9: case does not matter, and `application/` may be left out where no other slash follows. */
export function toType(typ: unknown): string | null {
  if (typ === undefined) return '';
  if (typeof typ !== 'string' || typ === '') return null;
  const type = typ.toLowerCase();
  const bare = type.startsWith('application/') ? type.slice('application/'.length) : type;
  return bare.includes('/') ? type : bare;
}

function toWord(type: string): string {
  return type === '' ? 'none' : type;
}
