/** What is there at once, or will be: by the platform, the same question is answered in the one way or the other. */
export type Soon<Value> = Value | Promise<Value>;

/** Goes on with the value, at once where it is there. */
export function whenKnown<Value, Result>(soon: Soon<Value>, then: (value: Value) => Soon<Result>): Soon<Result> {
  return soon instanceof Promise ? soon.then(then) : then(soon);
}

/** The values in their order, at once where all are there. */
export function allKnown<Value>(soons: readonly Soon<Value>[]): Soon<readonly Value[]> {
  return soons.some((soon) => soon instanceof Promise) ? Promise.all(soons) : (soons as readonly Value[]);
}
