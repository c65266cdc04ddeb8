/** Whether that is an absolute http or https URL without user, password, query or fragment. */
export function isWebUrl(given: string): boolean {
  return isServerUrl(given) && !/[?@]/.test(given);
}

/** Whether that is an absolute http or https URL without user, password or fragment. */
export function isServerUrl(given: string): boolean {
  const url = URL.parse(given);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    !/[#\\\s]/.test(given)
  );
}

/** Whether that is an origin as browsers write it, such as `https://inspector.example`. */
export function isOrigin(given: string): boolean {
  // The parser takes a star for a letter, and a pattern would silently match nothing.
  return URL.parse(given)?.origin === given && given !== 'null' && !given.includes('*');
}
