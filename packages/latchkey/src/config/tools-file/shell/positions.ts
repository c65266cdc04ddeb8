import type { Parameter } from '../../../core/declared-tool.ts';
import { isFixed, mayBeOption } from '../fixed-values.ts';
import { decidesPrograms } from './deciding.ts';
import { explain } from './explain.ts';
import { findArgument, type Flow } from './flow.ts';
import type { Given } from './given.ts';
import type { Argument, Finding, InnerScript } from './finding.ts';
import { findProgramText } from './program-text.ts';
import { isEvaluated, judgeBuiltin, type Judge } from './judge-builtin.ts';
import { placeIn } from './reading.ts';
import type { Command, Range, Reading, Refusal } from './reading.ts';
import { warnOfJson, warnOfOptions } from './warnings.ts';

/** What is wrong with where values get to, and what may be. */
export interface Judgement {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly Refusal[];
}

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
  const decides = (range: Range, name: string): void => {
    if (!decidesPrograms(name)) return;
    if (free(range).length > 0) refuse(range, `would be ${name}, which decides which programs run`);
    else if (!flow.writtenTo(range).every(isFixed))
      refuse(range, 'names a file that values are written into, and decides which programs run');
  };
  for (const { name, range } of flow.sets) decides(range, name);
  for (const command of reading.commands) judgeBuiltin({ reading, flow, free, refuse, decides }, command);
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

/** `"$JAVA_HOME/bin/java"` is java, wherever that is. */
function nameIn({ text }: Reading, { start, end }: Range): string | null {
  return /\/([\w.-]+)"?$/.exec(text.slice(start, end))?.[1] ?? null;
}

type Placed = Argument & Range;

function findIn(
  reading: Reading,
  command: Command,
  flow: Flow,
  free: Judge['free'],
): readonly (Finding & { readonly command: Command })[] {
  const first = command.words[0]?.literal ?? '';
  const finds = first.endsWith('find') && holds(flow.listedIn(wholeOf(command)));
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
        dashed: word.literal === null && word.prefix === '' && flow.valuesIn(word).some(mayBeOption),
        written: holds(flow.writtenTo(word)) || passed?.written === true || (finds && word.prefix.includes('{}')),
      },
    ];
  });
  if (args[0]?.literal === 'for' || args[0]?.literal === 'select') return [];
  const input = { free: holds(flow.readBy(command)), lists: holds(flow.inputs(command).flatMap(flow.listedIn)) };
  return findProgramText(args, input).map((finding) => ({ ...finding, command }));
}

function holds(values: readonly Parameter[]): boolean {
  return !values.every(isFixed);
}

function wholeOf({ start, words }: Command): Range {
  return { start, end: words.at(-1)?.end ?? start };
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
  const files = { written: program.remote === true ? [] : flow.written, directory: flow.directory };
  if (given === null)
    return { held, args: flow.called, more: flow.called.flat(), input: read, words: flow.words, ...files };
  const args = given.map((each) => {
    const values = isPlaced(each) ? flow.valuesIn(each) : [];
    return each.free && values.every(isFixed) ? [...values, ...read] : values;
  });
  return { held, args, more: given.every(isPlaced) ? [] : read, input: read, words: given.slice(1), ...files };
}

function isPlaced(argument: Argument): argument is Placed {
  return 'start' in argument;
}
