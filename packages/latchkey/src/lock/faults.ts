/** What is wrong with options, gathered so that all of it is said at once. */
export interface Faults {
  add(path: string, what: string): void;
  /** Throws a TypeError that names them all, if there are any. */
  throwAll(of: string): void;
}

export function createFaults(): Faults {
  const found: string[] = [];
  return {
    add: (path, what) => void found.push(path === '' ? what : `${path}: ${what}`),
    throwAll(of) {
      if (found.length > 0) throw new TypeError(`${of}: ${found.join('; ')}`);
    },
  };
}
