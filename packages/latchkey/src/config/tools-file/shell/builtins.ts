import type { Command, Word } from './reading.ts';

/** Builtins whose operands are names of variables, perhaps with a value. */
export const NAMING = new Set([
  'export',
  'local',
  'declare',
  'typeset',
  'readonly',
  'integer',
  'float',
  'nameref',
  'private',
  'compound',
  'enum',
  'unset',
]);
/** Builtins that fill variables with what they read. */
export const READING = new Set(
  'read mapfile readarray getopts vared getln sysread sysopen zselect zstat zformat zparseopts strftime'.split(' '),
);
export const TESTS = new Set(['test', '[', '[[']);
/** Builtins whose operands are arithmetic. */
export const EVALUATING = new Set([
  'let',
  'return',
  'exit',
  'shift',
  'break',
  'continue',
  'ulimit',
  'bye',
  'logout',
  'repeat',
  'limit',
]);
export const BEFORE = new Set(['builtin', 'command', 'noglob', 'nocorrect', 'time', 'coproc', '-', 'exec']);

/** The words from a builtin's name on: what comes before it may expand to nothing, or only say that it is one. */
export function fromBuiltin(words: readonly Word[]): readonly Word[] {
  const first = words.findIndex(({ literal }) => literal !== null && !BEFORE.has(literal));
  return first === -1 ? [] : words.slice(first);
}

/** `exec <file` and `exec >file` redirect what all commands after it read and print. */
export function isExec({ words }: Command): boolean {
  const other = words.findIndex(({ literal }) => !BEFORE.has(literal ?? ''));
  return words.slice(0, other === -1 ? words.length : other).some(({ literal }) => literal === 'exec');
}
