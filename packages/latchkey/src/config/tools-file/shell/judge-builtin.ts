import type { Parameter } from '../../../core/declared-tool.ts';
import { isNumeric } from '../fixed-values.ts';
import { EVALUATING, fromBuiltin, NAMING, READING, TESTS } from './builtins.ts';
import type { Flow } from './flow.ts';
import type { Command, Range, Reading, Word } from './reading.ts';

const NUMERIC_OPERATORS = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge']);
const VARIABLES = new Set([...NAMING, ...READING]);
/** Programs that set variables for others. */
const SETTING = new Set(['env', 'sudo', 'doas']);
/** What a judgement is made with, and where it goes. */
export interface Judge {
  readonly reading: Reading;
  readonly flow: Flow;
  readonly free: (range: Range) => readonly Parameter[];
  readonly refuse: (range: Range, message: string) => void;
  /** Refuses what a variable is set to, where that decides which programs run. */
  readonly decides: (range: Range, name: string) => void;
}

/** Names of variables stand in arithmetic without a `$`. */
export function isEvaluated(flow: Flow, range: Range): boolean {
  return flow.evaluatedIn(range).some((each) => !isNumeric(each));
}

/** What builtins of the shell evaluate, or take for names of variables. */
export function judgeBuiltin(judge: Judge, { words: written }: Command): void {
  const words = fromBuiltin(written);
  const name = words[0]?.literal ?? '';
  if (SETTING.has(name)) judgeEnvironment(judge, words);
  if (name === 'alias' && words.length > 1 && judge.free({ start: 0, end: judge.reading.text.length }).length > 0)
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

function judgeEnvironment({ decides }: Judge, words: readonly Word[]): void {
  for (const word of words) decides(word, /^([A-Za-z_]\w*)=/.exec(word.prefix)?.[1] ?? '');
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
function judgeNames({ reading, flow, free, refuse, decides }: Judge, words: readonly Word[]): void {
  const evaluates = words.some(({ literal }) => /^-\w*[in]/.test(literal ?? ''));
  for (const word of words) {
    const named = free(word).length > 0 && (evaluates || !/^[A-Za-z_]\w*\+?=/.test(word.prefix));
    const indexed = /^["']?\w+\[/.test(reading.text.slice(word.start, word.end)) && isEvaluated(flow, word);
    const [, name = ''] = /^([A-Za-z_]\w*)\+?=/.exec(word.prefix) ?? [];
    if (named || indexed || (evaluates && isEvaluated(flow, word)))
      refuse(word, 'would name a variable, or be evaluated, which can run programs; set a variable of your own to it');
    else decides(word, name);
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
