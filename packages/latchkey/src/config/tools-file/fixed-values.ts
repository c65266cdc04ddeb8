import type { Parameter } from '../../core/declared-tool.ts';

/** Texts that mean the same to every program, quoted or not. */
const HARMLESS = /^[\w.,:@%+/][\w.,:@%+/-]*$/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;
const OPTIONS = ['-', '-x', '--', '--x', '--x=y', '-rf', '-1', '-Xy z'];

/** Whether every value of a parameter is a number. */
export function isNumeric({ type, allowed }: Parameter): boolean {
  return type === 'number' || type === 'integer' || (allowed?.every((each) => NUMBER.test(String(each))) ?? false);
}

/** Whether no value of a parameter can be a piece of syntax: numbers, booleans, and plain words of the file's own list. */
export function isFixed(parameter: Parameter): boolean {
  const { type, allowed } = parameter;
  return isNumeric(parameter) || type === 'boolean' || (allowed?.every((each) => HARMLESS.test(String(each))) ?? false);
}

/** Whether callers may begin a value of a parameter with `-`, as options begin. */
export function mayBeOption(parameter: Parameter): boolean {
  const { type, pattern, allowed } = parameter;
  if (type !== 'string' || allowed !== null) return false;
  return pattern === null || OPTIONS.some((each) => pattern.test(each));
}
