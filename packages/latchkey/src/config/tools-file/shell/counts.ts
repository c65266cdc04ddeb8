import type { Range, Reading } from './reading.ts';

/** Whether a place in a range is in a substitution of it that comes to a number, whatever that counts. */
export type Counts = (range: Range) => (offset: number) => boolean;

export function createCounts(reading: Reading): Counts {
  const counted = reading.substitutions.filter((each) => printsNumber(reading, each));
  return ({ start, end }) => {
    const inside = counted.filter((each) => each.start >= start && each.end <= end);
    return (offset) => inside.some((each) => offset >= each.start && offset < each.end);
  };
}

/** Whether what a substitution comes to is a number, whatever it counts: `$(wc -l < "{{path}}")`. */
function printsNumber({ commands }: Reading, { start, end }: Range): boolean {
  const last = commands
    .filter((each) => each.start >= start && each.start < end)
    .toSorted((one, other) => other.start - one.start)[0];
  // Behind `;` or `&&` it is not all that is printed, nor is it in a compound command.
  if (last === undefined || last.depth > 0 || (last.fedFrom ?? last.start) !== start + 2) return false;
  const [name, ...rest] = last.words;
  if (name?.literal === 'wc') return rest.every(({ literal }) => literal?.startsWith('-') === true);
  return name?.literal === 'nproc' || (name?.literal === 'date' && rest.length === 1 && rest[0]?.literal === '+%s');
}
