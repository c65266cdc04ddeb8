import type { Parameter } from '../../../core/declared-tool.ts';
import { isFixed, isNumeric, mayBeOption } from '../fixed-values.ts';
import { EVALUATING, fromBuiltin, NAMING, READING, TESTS } from './builtins.ts';
import { findArgument, type Flow } from './flow.ts';
import type { Given } from './given.ts';
import type { Argument, Finding, InnerScript } from './finding.ts';
import { findProgramText } from './program-text.ts';
import type { Program } from './program.ts';
import { placeholdersBetween, placeIn } from './reading.ts';
import type { Command, Range, Reading, Refusal, Word } from './reading.ts';
import { warnOfJson, warnOfOptions } from './warnings.ts';

/** What is wrong with where values get to, and what may be. */
export interface Judgement {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Refusal[];
}

const NUMERIC_OPERATORS = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge']);
const VARIABLES = new Set([...NAMING, ...READING]);
const DECIDING =
  /^(?:PATH|IFS|ENV|R?PS\d|PROMPT\d?|BASH_ENV|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|BASH_ALIASES|BASH_CMDS|(?:dis_)?functions|\w*aliases|commands|path|fpath|LD_\w+|DYLD_\w+|PYTHON\w+|NODE_(?:OPTIONS|PATH)|PERL5\w+|RUBY\w+|GIT_\w+|\w*(?:EDITOR|PAGER|ASKPASS)|VISUAL|BROWSER|SHELL|LESSOPEN|FPATH|ZDOTDIR|\w*MAKEFLAGS|MAKEFILES|(?:TAR|\w*JAVA\w*)_OPTIONS|CLASSPATH|RSYNC_RSH|(?:VIM|EX)INIT|PSQLRC|OPENSSL_CONF|GCONV_PATH|(?:NPM|npm)_(?:CONFIG|config)_\w+)$/;
/** Programs that set variables for others. */
const SETTING = new Set(['env', 'sudo', 'doas']);
/** What is wrong with a script in the text of another. */
export type JudgeInner = (script: Pick<InnerScript, 'text' | 'dialect'>, given: Given) => string | null;

/** Looks at every place that the value of a parameter gets to and that is read as more than text. */
export function judgePositions(reading: Reading, flow: Flow, judgeInner: JudgeInner): Judgement {
  const refusals: Refusal[] = [];
  const warnings: Refusal[] = [];
  const refuse = (range: Range, message: string): void =>
    void refusals.push({ offset: placeIn(reading, range), message });
  const free = (range: Range): readonly Parameter[] => flow.valuesIn(range).filter((each) => !isFixed(each));
  for (const range of reading.readTwice) {
    if (free(range).length > 0)
      refuse(
        range,
        'stands where shells read it twice; write $( ) instead of back-quotes, > or < without &, and no parentheses around it in a pattern',
      );
  }
  for (const range of [...reading.arithmetic, ...flow.evaluated]) {
    if (isEvaluated(flow, range))
      refuse(
        range,
        'is evaluated as arithmetic, in which a text can run programs; declare the parameter as a number or integer',
      );
  }
  for (const { name, range } of flow.sets) {
    if (DECIDING.test(name) && free(range).length > 0)
      refuse(range, `would be ${name}, which decides which programs run`);
  }
  for (const command of reading.commands) {
    judgeCommand({ reading, flow, free, refuse }, command);
  }
  for (const finding of reading.commands.flatMap((command) => findIn(reading, command, flow, free))) {
    if (finding.kind === 'script') {
      const trouble = judgeInner(finding, toGiven(finding, finding.command, flow));
      if (trouble !== null) refuse(finding.argument as Placed, `begins a script in which ${trouble}`);
      continue;
    }
    const judged = explain(finding, reading, flow);
    (judged.warns ? warnings : refusals).push({ offset: judged.offset, message: judged.message });
  }
  warnings.push(...reading.commands.flatMap((command) => warnOfJson(reading, command, free)));
  warnings.push(...reading.commands.flatMap((command) => warnOfOptions(reading, command, flow)));
  const refused = new Set(refusals.map(({ offset }) => offset));
  return { refusals, warnings: warnings.filter(({ offset }) => !refused.has(offset)) };
}

interface Judge {
  readonly reading: Reading;
  readonly flow: Flow;
  readonly free: (range: Range) => readonly Parameter[];
  readonly refuse: (range: Range, message: string) => void;
}

/** Names of variables stand in arithmetic without a `$`. */
function isEvaluated(flow: Flow, range: Range): boolean {
  return flow.evaluatedIn(range).some((each) => !isNumeric(each));
}

function judgeCommand(judge: Judge, { words: written }: Command): void {
  const words = fromBuiltin(written);
  const name = words[0]?.literal ?? '';
  if (SETTING.has(name)) judgeEnvironment(judge, words);
  if (name === 'alias' && words.length > 1)
    judge.refuse(words[0] as Word, 'names a command that may read values as more than text; define a function');
  if (name === 'set') judgeSet(judge, words.slice(1));
  if (TESTS.has(name)) judgeTest(judge, words);
  if (EVALUATING.has(name)) judgeNumbers(judge, words.slice(1));
  if (VARIABLES.has(name)) judgeNames(judge, words.slice(1));
  if (name === 'wait' && words[1]?.prefix.startsWith('-p') === true) judgeNames(judge, words.slice(1, 3));
  if (name === 'printf' || name === 'print') judgeFormat(judge, words);
}

/** `set -A name` of zsh and ksh evaluates the name, and a value may be such an option. */
function judgeSet(judge: Judge, words: readonly Word[]): void {
  const dashes = words.findIndex(({ literal }) => literal === '--' || literal === '-');
  const before = words.slice(0, dashes === -1 ? words.length : dashes);
  const at = before.findIndex(({ literal }) => /^[-+]\w*A$/.test(literal ?? ''));
  judgeNames(judge, at === -1 ? before.filter(({ prefix }) => prefix === '') : before.slice(0, at + 2));
}

function judgeEnvironment({ free, refuse }: Judge, words: readonly Word[]): void {
  for (const word of words) {
    const [, name = ''] = /^([A-Za-z_]\w*)=/.exec(word.prefix) ?? [];
    if (DECIDING.test(name) && free(word).length > 0)
      refuse(word, `would be ${name}, which decides which programs run`);
  }
}

function judgeNumbers({ flow, refuse }: Judge, words: readonly (Word | undefined)[]): void {
  for (const word of words) {
    if (word !== undefined && isEvaluated(flow, word))
      refuse(
        word,
        'is evaluated as arithmetic, in which a text can run programs; declare the parameter as a number or integer',
      );
  }
}

function judgeTest(judge: Judge, words: readonly Word[]): void {
  // In the other shells a text is no number to `[`.
  const evaluates = words[0]?.literal === '[[' || judge.reading.dialect === 'ksh' || judge.reading.dialect === 'zsh';
  words.forEach(({ literal }, at) => {
    if (evaluates && NUMERIC_OPERATORS.has(literal ?? '')) judgeNumbers(judge, [words[at - 1], words[at + 1]]);
    if (evaluates && literal === '-t') judgeNumbers(judge, [words[at + 1]]);
    if (literal === '-v' || literal === '-R') judgeNames(judge, words.slice(at + 1, at + 2));
  });
  if (words[0]?.literal === '[[') return;
  judgeSplitting(judge, words);
  // `[ "$x" "$y" ]`: the first may be -v.
  words.forEach((word, at) => {
    if (word.literal === null && words[at - 1]?.literal === null && judge.free(words[at - 1] as Word).length > 0)
      judgeNames(judge, [word]);
  });
}

/** What is split may come to an option and a name: `-v a[…]`. */
function judgeSplitting({ reading, free, refuse }: Judge, words: readonly Word[]): void {
  const { uses, substitutions, dialect } = reading;
  const split = [...(dialect === 'zsh' ? [] : uses), ...substitutions].filter((each) => each.split);
  for (const word of words) {
    const isSplit = split.some(({ start, end }) => start >= word.start && end <= word.end);
    if (isSplit && free(word).length > 0)
      refuse(word, 'is split into words, which may be options that run programs; write double quotes around it');
  }
}

/** `read "$x"` and the like evaluate what stands in brackets after a name. */
function judgeNames({ reading, flow, free, refuse }: Judge, words: readonly Word[]): void {
  const evaluates = words.some(({ literal }) => /^-\w*[in]/.test(literal ?? ''));
  for (const word of words) {
    const named = free(word).length > 0 && (evaluates || !/^[A-Za-z_]\w*\+?=/.test(word.prefix));
    const indexed = /^["']?\w+\[/.test(reading.text.slice(word.start, word.end)) && isEvaluated(flow, word);
    const [, decides = ''] = /^([A-Za-z_]\w*)\+?=/.exec(word.prefix) ?? [];
    if (named || indexed || (evaluates && isEvaluated(flow, word)))
      refuse(word, 'would name a variable, or be evaluated, which can run programs; set a variable of your own to it');
    else if (DECIDING.test(decides) && free(word).length > 0)
      refuse(word, `would be ${decides}, which decides which programs run`);
  }
}

/** `%d` in ksh and zsh takes an expression. */
function judgeFormat(judge: Judge, words: readonly Word[]): void {
  const [, first, second] =
    words[0]?.literal === 'print' && /^-\w*f$/.test(words[1]?.literal ?? '') ? words.slice(1) : words;
  judgeSplitting(judge, first === undefined ? [] : [first]);
  const isLoose = first?.literal === null && first.prefix === '' && judge.free(first).length > 0;
  if ((/^-\w*v$/.test(first?.literal ?? '') || isLoose) && second !== undefined) judgeNames(judge, [second]);
  if (first?.literal === null && /^-\w*v/.test(first.prefix)) judgeNames(judge, [first]);
  const { dialect } = judge.reading;
  if (dialect !== 'ksh' && dialect !== 'zsh' && dialect !== 'sh') return;
  const format = first?.literal === '--' ? second : first;
  const isChosen = format?.literal === null && judge.free(format).length > 0;
  if (isChosen || /%[^%sbqQ]*[diouxXeEfFgGaAcn*]/.test(format?.literal?.replaceAll('%%', '') ?? ''))
    judgeNumbers(judge, words.slice(2));
}

/** `"$JAVA_HOME/bin/java"` is java, wherever that is. */
function nameIn({ text }: Reading, { start, end }: Range): string | null {
  return /\/([\w.-]+)"?$/.exec(text.slice(start, end))?.[1] ?? null;
}

const CHOSEN_PROGRAM =
  'would decide which program runs; name the program here, or give the caller a list to choose from with enum';
const WRITTEN_PROGRAM =
  'is run or loaded, and the script writes values into a file of that name; write a file without values, and hand them on as arguments or on standard input';
const WHOLE_COMMAND =
  'would be the whole command; if callers may run anything, say so: script: {command: sh, args: ["-c", "{{…}}"]}';

type Placed = Argument & Range;

function findIn(
  reading: Reading,
  command: Command,
  flow: Flow,
  free: Judge['free'],
): readonly (Finding & { readonly command: Command })[] {
  const args = command.words.flatMap((word, at): readonly Placed[] => {
    const { start, end } = word;
    const isAll = flow.words.length > 0 && /^"?\$\{?@\}?"?$/.test(reading.text.slice(start, end));
    if (isAll) return flow.words.map((each) => ({ ...each, start, end }));
    const passed = findArgument(reading.text, word, flow.words);
    const literal = word.literal ?? (at === 0 ? nameIn(reading, word) : null);
    return [
      {
        ...word,
        literal,
        free: free(word).length > 0,
        dashed: word.prefix === '' && flow.valuesIn(word).some(mayBeOption),
        written: flow.writtenTo(word).some((each) => !isFixed(each)) || passed?.written === true,
      },
    ];
  });
  if (args[0]?.literal === 'for' || args[0]?.literal === 'select') return [];
  const inputFree = flow.readBy(command).some((each) => !isFixed(each));
  return findProgramText(args, inputFree).map((finding) => ({ ...finding, command }));
}

/** What a script is given by the command that runs it: its variables, arguments and standard input. */
function toGiven({ given, program }: InnerScript, command: Command, flow: Flow): Given {
  const read = flow.readBy(command);
  const held = program.remote === true ? new Map<string, Iterable<Parameter>>() : new Map(flow.held);
  // `env NAME=value sh -c …`
  for (const word of command.words) {
    const name = /^([A-Za-z_]\w*)=/.exec(word.prefix)?.[1];
    if (name !== undefined && program.remote !== true)
      held.set(name, [...(held.get(name) ?? []), ...flow.valuesIn(word)]);
  }
  const written = program.remote === true ? [] : flow.written;
  if (given === null)
    return { held, args: flow.called, more: flow.called.flat(), input: read, words: flow.words, written };
  const args = given.map((each) => {
    const values = isPlaced(each) ? flow.valuesIn(each) : [];
    return each.free && values.every(isFixed) ? [...values, ...read] : values;
  });
  return { held, args, more: given.every(isPlaced) ? [] : read, input: read, words: given.slice(1), written };
}

function isPlaced(argument: Argument): argument is Placed {
  return 'start' in argument;
}

function explain(
  finding: Exclude<Finding, InnerScript> & { readonly command: Command },
  reading: Reading,
  flow: Flow,
): { readonly offset: number; readonly message: string; readonly warns: boolean } {
  const { command, kind, argument } = finding;
  const range = (argument as Placed | null) ?? command;
  const offset = placeIn(reading, range as Range);
  if (kind === 'name' && !finding.argument.free) return { offset, message: WRITTEN_PROGRAM, warns: false };
  if (kind === 'name') {
    const alone = command.words.length === 1 && reading.commands.length === 1;
    return { offset, message: alone ? WHOLE_COMMAND : CHOSEN_PROGRAM, warns: false };
  }
  const { language, instead, query } = finding.program;
  if (kind === 'option') return { offset, message: explainOption(finding.program), warns: false };
  if (kind === 'runs') return { offset, message: RUNS, warns: true };
  if (argument === null) {
    const message = `reaches the standard input of ${command.words[0]?.literal ?? 'a program'}, which reads ${language} there; ${instead}`;
    return { offset: placeIn(reading, firstInput(reading, flow, command)), message, warns: query === true };
  }
  const whole = query === true && flow.isBegunByCallers(argument as Placed);
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

/** What is wrong with a value that may begin as options begin. */
export function explainOption({ optionsRun }: Program): string {
  const limit = 'limit it with validation.pattern';
  const remedy = optionsRun === 'always' ? limit : `write -- before it, or ${limit}`;
  return `could be read as an option, and options there run programs; ${remedy}`;
}

function firstInput(reading: Reading, { inputs }: Flow, command: Command): Range {
  return (
    inputs(command).find(({ start, end }) => placeholdersBetween(reading, start, end).length > 0) ??
    command.words[0] ?? { start: 0, end: 0 }
  );
}
