export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** Ratio of the best values: what only ever adds to a cost is least in them. */
export function minimumRatio(values: number[], reference: number[]): number {
  return values.length === 0 || reference.length === 0 ? NaN : Math.min(...values) / Math.min(...reference);
}

/** Median of the ratios round by round: what disturbed a whole round cancels out. */
export function medianRatio(values: number[], reference: number[]): number {
  const pairs = Math.min(values.length, reference.length);
  return median(values.slice(0, pairs).map((value, index) => value / (reference[index] ?? NaN)));
}
