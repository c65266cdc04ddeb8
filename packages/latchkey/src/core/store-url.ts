/** Whether that is no folder but the URL of a database, which this version does not have. */
export function isStoreUrl(store: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(store);
}
