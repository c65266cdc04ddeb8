import { textOf } from '../../core/bytes.ts';
import type { Message } from '../../core/message.ts';

// Fewer digits, without an exponent, are the same number to everybody.
const MAYBE_INEXACT = /\d{16}|\d[eE]/;
const INTEGER = /^-?\d+$/;

/**
 * The arguments of a call: an object, `{}` where there are none. Undefined when a number in them is none that a program can
 * carry exactly: a rule judges integers by all their digits, so what runs must have them too.
 */
export function readArguments({ bytes, args }: Message): object | undefined {
  if (args === null) return {};
  const text = textOf(bytes, args.start, args.end);
  if (!MAYBE_INEXACT.test(text)) return JSON.parse(text) as object;
  let exact = true;
  const value = JSON.parse(text, ((_key: string, each: unknown, { source }: { source?: string }) => {
    if (typeof each === 'number' && !isExact(each, source ?? '')) exact = false;
    return each;
  }) as (key: string, value: unknown) => unknown) as object;
  return exact ? value : undefined;
}

function isExact(value: number, source: string): boolean {
  return Number.isFinite(value) && (!INTEGER.test(source) || BigInt(source) === BigInt(value));
}
