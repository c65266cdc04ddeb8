const HTTP_URL =
  /^(https?):\/\/([a-z0-9._~!$&'()*+,;=:[\]-]+)((?:\/(?:[a-z0-9._~!$&'()*+,;=:@/-]|%[0-9a-f]{2})*)?)(?:[?#].*)?$/i;
const DEFAULT_PORTS: Readonly<Record<string, RegExp>> = { http: /:(?:0*80)?$/, https: /:(?:0*443)?$/ };
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Whether `htu` names that URL: after the normalisation of RFC 3986 §6.2.2 and §6.2.3, and without query and fragment
 * (RFC 9449 §4.3). `url` is a canonical one, without either.
 */
export function isSameUrl(htu: string, url: string): boolean {
  // What nearly every client sends.
  return htu === url || (normalise(htu) ?? 'none') === normalise(url);
}

/** Null for what is no plain http or https URL: user information, other characters, a broken escape. */
function normalise(text: string): string | null {
  const found = HTTP_URL.exec(text);
  if (found === null) return null;
  const [, scheme = '', authority = '', path = ''] = found;
  const lower = scheme.toLowerCase();
  const host = authority.toLowerCase().replace(DEFAULT_PORTS[lower] as RegExp, '');
  return `${lower}://${host}${removeDots(path.replaceAll(/%[0-9a-f]{2}/gi, toPlain))}`;
}

/** An escape that need not be one as its character, any other in capitals. */
function toPlain(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}

/** RFC 3986 §5.2.4; the empty path is `/`. */
function removeDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  segments.forEach((segment, index) => {
    const dots = segment === '.' || segment === '..';
    if (segment === '..') kept.pop();
    if (!dots) kept.push(segment);
    else if (index === segments.length - 1) kept.push('');
  });
  return `/${kept.join('/')}`;
}
