/** Each name once, with all of its values. */
export function byName(headers: readonly string[]): ReadonlyMap<string, string | string[]> {
  const found = new Map<string, string | string[]>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const before = found.get(name);
    found.set(name, before === undefined ? value : [before, value].flat());
  }
  return found;
}
