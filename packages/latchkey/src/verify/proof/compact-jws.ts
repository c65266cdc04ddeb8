import { createShape } from '../../core/json-shape.ts';
import { scanJson } from '../../core/strict-json.ts';

/** The three parts of a JWS in compact form (RFC 7515 §3.1), in base64url as they came. */
export interface CompactJws {
  readonly header: string;
  readonly claims: string;
  readonly signature: string;
  /** What was signed. */
  readonly input: string;
}

const COMPACT = /^([\w-]{2,4096})\.([\w-]{2,4096})\.([\w-]{1,1024})$/;

/** Null for anything but three parts of base64url of a bearable length. */
export function splitCompact(jwt: string): CompactJws | null {
  const found = COMPACT.exec(jwt);
  if (found === null) return null;
  const [, header = '', claims = '', signature = ''] = found;
  return { header, claims, signature, input: jwt.slice(0, header.length + 1 + claims.length) };
}

/** Null where another text stands for the same bytes: then a changed text could pass for the one that was signed. */
export function decodeExact(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
}

const ANY_OBJECT = createShape({});
const NO_SLOTS = new Int32Array(0);

/** The JSON object in a part; null when it is no object, or one that two readers could read in two ways. */
export function readObject(part: string): Readonly<Record<string, unknown>> | null {
  const bytes = decodeExact(part);
  if (bytes === null || scanJson(bytes, ANY_OBJECT, NO_SLOTS) !== null) return null;
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}
