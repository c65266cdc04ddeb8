import type { UriFold } from './create-policy.ts';
import { MAX_GLOB_TARGET } from './glob.ts';

// A URI that two programs could read in two ways must not be judged by a pattern: the one that judges would be one of
// them, the one that serves the other (RFC 3986 §6.2 lists the ways). Every expression here is linear.

/** Controls, backslashes, fragments, line separators, and the full-width forms of `.`, `/` and `\`. */
const STRANGE_CHARACTER = /[\u0000-\u001f\u007f-\u009f\\#\u2028\u2029\ufeff\uff0e\uff0f\uff3c\ufffe]/;
/** Broken encodings; encoded controls, separators and dots, also encoded more than once; encodings of what needs none. */
const STRANGE_ENCODING =
  /%(?![0-9a-f]{2})|%(?:25)*(?:[01][0-9a-f]|7f|2[def]|5[cf]|7e|3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]|c[01]|ef%bc%(?:8e|8f|bc))/i;
const DOT_SEGMENT = /(?:^|[/?;:=&,])\.{1,2}(?:[/?;:=&,]|$)/;
const UPPER_CASE = /[A-Z]/;
/** Schemes whose hosts every program rewrites (the URL standard calls them special, but for `file`). */
const NETWORK = /^(?:https?|wss?|ftp)$/;

/**
 * Whether two programs could take this URI for two different resources: dot segments, encoded or doubled separators,
 * backslashes, control characters, needless encodings, an upper-case scheme, a host or port that is written otherwise,
 * an empty query, path parameters. Such a URI, and one that is longer than any pattern is tried on, is judged by exact
 * rules only.
 */
export function isAmbiguousUri(uri: string): boolean {
  return (
    uri.length > MAX_GLOB_TARGET ||
    STRANGE_CHARACTER.test(uri) ||
    STRANGE_ENCODING.test(uri) ||
    DOT_SEGMENT.test(uri) ||
    uri !== uri.trim() ||
    hasAmbiguousParts(uri)
  );
}

const PLAIN = /^[\w\-.~:/?=&,;+@!$'()]*$/;
const NO_OTHERS: readonly string[] = Object.freeze([]);

/** Other spellings of an unambiguous URI: its characters decoded, and encoded as RFC 3986 §2.1 wants; none for most. */
export function spellUri(uri: string): readonly string[] {
  if (PLAIN.test(uri)) return NO_OTHERS;
  try {
    const decoded = decodeURIComponent(uri);
    return [decoded, encodeURI(decoded)];
  } catch {
    // What does not decode has no other spelling.
    return NO_OTHERS;
  }
}

function hasAmbiguousParts(uri: string): boolean {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, Math.max(colon, 0));
  const query = uri.indexOf('?');
  const hier = query === -1 ? uri : uri.slice(0, query);
  const named = hier.startsWith('://', colon) && colon > 0;
  const path = named ? hier.slice(colon + 3) : hier;
  if (UPPER_CASE.test(scheme) || path.includes('//') || path.includes(';') || query === uri.length - 1) return true;
  if (scheme === 'file') return query !== -1 || !named || UPPER_CASE.test(authorityOf(path));
  if (!NETWORK.test(scheme)) return false;
  const authority = authorityOf(path);
  return !named || hostOf(scheme, authority) !== authority;
}

function authorityOf(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash);
}

/** Host and port as the URL standard writes them, without a root dot; null when it has none. */
function hostOf(scheme: string, authority: string): string | null {
  try {
    return new URL(`${scheme}://${authority}/`).host.replace(/\.+(?=:|$)/, '');
  } catch {
    return null;
  }
}

const SMALL = /^[!-$&-@[-~]*$/;
const MAX_DECODINGS = 3;

/** What a URI, or a piece of a pattern, is to who decodes it and minds neither letter case nor Unicode's several forms. */
export function foldUri(text: string): string {
  if (SMALL.test(text)) return text;
  // Normalising takes the square of the marks in a row; no script has more than 30 (UAX #15, Stream-Safe Text Format).
  const decoded = decode(text).replaceAll(/(\p{M}{30})\p{M}+/gu, '$1');
  const bare = decoded.normalize('NFKC').replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  // Lower case alone leaves apart what upper case joins: ß and ẞ, ı and i.
  return bare.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
}

function decode(text: string): string {
  let decoded = text;
  for (let i = 0; i < MAX_DECODINGS && decoded.includes('%'); i += 1) {
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      return decoded;
    }
  }
  return decoded;
}

const PARTS = /^(?:(https?|wss?|ftp):\/*([^/?]*)|([a-z][a-z\d+.-]*):\/\/([^/?]*)|([a-z][a-z\d+.-]*:))?([^?]*)(.*)$/s;

/**
 * A folded URI as who serves it might take it who passes over what means nothing to it: user, default port and root dot
 * of the host, path parameters, slashes, dots and spaces at the end of the path. With a slash there, it is the same.
 */
export function bareUri(folded: string): string {
  const parts = PARTS.exec(folded) as RegExpExecArray;
  const [, network, host = '', scheme, authority = '', opaque = '', path = '', query = ''] = parts;
  const tidy = path.replaceAll(/;[^/]*/g, '').replaceAll(/\/{2,}/g, '/');
  const end = dropEnd(tidy);
  const rest = `${end}${query === '?' ? '' : query}`;
  // The URL standard gives these a slash when they have no path.
  if (network !== undefined) return `${network}://${hostOf(network, host) ?? host}${end === '' ? '/' : ''}${rest}`;
  return scheme === undefined ? `${opaque}${rest}` : `${scheme}://${bareAuthority(scheme, authority)}${rest}`;
}

/** No file server asks who else has the file. What port is the default one, only the scheme's programs know. */
function bareAuthority(scheme: string, authority: string): string {
  if (scheme === 'file') return '';
  const port = authority.lastIndexOf(':');
  const host = /^\d*$/.test(authority.slice(port + 1)) && port !== -1 ? authority.slice(0, port) : authority;
  return dropEnd(host.slice(host.lastIndexOf('@') + 1));
}

/** Without the slashes, dots and spaces at its end, and what Windows calls a file's own stream. */
function dropEnd(text: string): string {
  const whole = text.endsWith('::$data') ? text.slice(0, -7) : text;
  let end = whole.length;
  while (end > 0 && '/. '.includes(whole[end - 1] as string)) end -= 1;
  return whole.slice(0, end);
}

/** The same URI with a slash at the end of its path. */
export function closeUri(bare: string): string {
  const query = bare.indexOf('?');
  const path = query === -1 ? bare : bare.slice(0, query);
  return path.endsWith('/') ? bare : `${path}/${bare.slice(path.length)}`;
}

/** How rules for URIs are prepared a second time (`createPolicy`). */
export const FOLD_URI: UriFold = {
  exact: (uri) => bareUri(foldUri(uri)),
  piece: foldUri,
  isAmbiguous: isAmbiguousUri,
};
