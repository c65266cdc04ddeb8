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
const HOST_FOLDS_CASE = /^(?:https?|wss?|ftp|file)$/;

/**
 * Whether two programs could take this URI for two different resources: dot segments, encoded or doubled separators,
 * backslashes, control characters, needless encodings, an upper-case scheme. Such a URI, and one that is longer than
 * any pattern is tried on, is judged by exact rules only.
 */
export function isAmbiguousUri(uri: string): boolean {
  return (
    uri.length > MAX_GLOB_TARGET ||
    STRANGE_CHARACTER.test(uri) ||
    STRANGE_ENCODING.test(uri) ||
    DOT_SEGMENT.test(uri) ||
    uri !== uri.trim() ||
    hasAmbiguousStart(uri)
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

function hasAmbiguousStart(uri: string): boolean {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, Math.max(colon, 0));
  const query = uri.indexOf('?');
  const hier = query === -1 ? uri : uri.slice(0, query);
  const path = hier.startsWith('://', colon) && colon > 0 ? hier.slice(colon + 3) : hier;
  if (UPPER_CASE.test(scheme) || path.includes('//')) return true;
  if (scheme === 'file' && query !== -1) return true;
  return HOST_FOLDS_CASE.test(scheme) && UPPER_CASE.test(path.slice(0, path.indexOf('/') + 1 || undefined));
}
