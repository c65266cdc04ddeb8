const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;
const QUERY = /^[\x21\x22\x24-\x7e]*$/;

/**
 * The path of an origin-form target (RFC 9112 §3.2.1), which has no fragment; what the query says is nobody's business here.
 * Null where the target has another form, and empty where its path has characters that no path has.
 */
export function pathOf(target: string): string | null {
  if (!target.startsWith('/')) return null;
  const query = target.indexOf('?');
  if (query === -1) return ORIGIN_FORM.test(target) ? target : '';
  if (!QUERY.test(target.slice(query))) return null;
  const path = target.slice(0, query);
  return ORIGIN_FORM.test(path) ? path : '';
}
