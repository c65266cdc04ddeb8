import type { Flow } from './flow.ts';
import type { Argument, Finding } from './finding.ts';
import { placeholdersBetween, placeIn, type Command, type Range, type Reading } from './reading.ts';

const CHOSEN_PROGRAM =
  'would decide which program runs; name the program here, or give the caller a list to choose from with enum';
const CHOSEN_FILE =
  'would decide what is run or loaded; name it here, or give the caller a list to choose from with enum';
/** What is said of a file that is run, and that holds values. */
export const WRITTEN_PROGRAM =
  'is run or loaded, and a script of this file writes values into a file of that name; write a file without values, and hand them on as arguments or on standard input';
const WHOLE_COMMAND =
  'would be the whole command; if callers may run anything, say so: script: {command: sh, args: ["-c", "{{…}}"]}';

/** What a finding means for people, where it stands, and whether it only warns. */
export function explain(
  finding: Exclude<Finding, { readonly kind: 'script' }> & { readonly command: Command },
  reading: Reading,
  flow: Flow,
): { readonly offset: number; readonly message: string; readonly warns: boolean } {
  const { command, kind, argument } = finding;
  const range = (argument as (Argument & Range) | null) ?? command;
  const offset = placeIn(reading, range as Range);
  if (kind === 'name' && !finding.argument.free) return { offset, message: WRITTEN_PROGRAM, warns: false };
  if (kind === 'name') {
    const alone = command.words.length === 1 && reading.commands.length === 1;
    const chosen = finding.program === null ? CHOSEN_PROGRAM : CHOSEN_FILE;
    return { offset, message: alone ? WHOLE_COMMAND : chosen, warns: false };
  }
  const { language, instead, query } = finding.program;
  if (kind === 'option') return { offset, message: explainOption(finding), warns: false };
  if (kind === 'runs') return { offset, message: RUNS, warns: true };
  if (argument === null) {
    const message = `reaches the standard input of ${command.words[0]?.literal ?? 'a program'}, which reads ${language} there; ${instead}`;
    const warns = query === true && !isPartOfDocument(reading, flow, command);
    return { offset: placeIn(reading, firstInput(reading, flow, command)), message, warns };
  }
  const whole = query === true && flow.isBegunByCallers(argument as Argument & Range);
  return whole
    ? {
        offset,
        message: `lets callers write any ${language}: give that program no more rights than they may have`,
        warns: true,
      }
    : { offset, message: `would be part of ${language}; ${instead}`, warns: false };
}

/** What is said of program text that runs others. */
export const RUNS = 'begins a program that runs others itself: see that no value is part of what it runs';

/** What is wrong with a value that may begin as options begin, or that goes on behind such a beginning. */
export function explainOption({ program: { optionsRun }, argument }: Extract<Finding, { kind: 'option' }>): string {
  if (!argument.dashed)
    return 'could make an option of it that runs programs; write the option out, or list them with enum';
  const limit = 'limit it with validation.pattern';
  const remedy = optionsRun === 'always' ? limit : `write -- before it, or ${limit}`;
  return `could be read as an option, and options there run programs; ${remedy}`;
}

/** A here-document or a here-string that the file begins itself: `psql <<< "select '{{x}}'"`. */
function isPartOfDocument(reading: Reading, { isBegunByCallers }: Flow, { inputs }: Command): boolean {
  const written = inputs.filter(({ start, end }) => placeholdersBetween(reading, start, end).length > 0);
  return written.some((range) => !isBegunByCallers(range));
}

function firstInput(reading: Reading, { inputs }: Flow, command: Command): Range {
  return (
    inputs(command).find(({ start, end }) => placeholdersBetween(reading, start, end).length > 0) ??
    command.words[0] ?? { start: 0, end: 0 }
  );
}
