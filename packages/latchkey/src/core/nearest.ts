/** The known word that is nearest to a misspelt one; null when none is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  const bound = Math.max(1, Math.floor(word.length / 3) + 1);
  let best: string | null = null;
  let least = bound + 1;
  for (const each of known) {
    const distance = word.toLowerCase() === each.toLowerCase() ? 0 : countEdits(word.slice(0, 64), each);
    if (distance < least) [best, least] = [each, distance];
  }
  return best;
}

/** Levenshtein's distance. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const change = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
