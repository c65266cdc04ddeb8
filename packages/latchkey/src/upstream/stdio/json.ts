import { textOf } from '../../core/bytes.ts';
import type { Range } from '../../core/message.ts';

/** The exact text of a range. */
export function textAt(bytes: Uint8Array, range: Range): string {
  return textOf(bytes, range.start, range.end);
}

/** The value of a range, or undefined when it is not JSON. Off the hot path only. */
export function valueAt(bytes: Uint8Array, range: Range | null): unknown {
  if (range === null) return undefined;
  try {
    return JSON.parse(textAt(bytes, range)) as unknown;
  } catch {
    return undefined;
  }
}

/** The count that a range spells, or -1. */
export function countAt(bytes: Uint8Array, range: Range | null): number {
  if (range === null || range.end - range.start > MAX_COUNT_LENGTH) return -1;
  let value = 0;
  for (let at = range.start; at < range.end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return oddCount(textAt(bytes, range));
    value = value * 10 + digit;
  }
  return value;
}

const MAX_COUNT_LENGTH = 15;

/** Some servers read every number as a fraction, and write 7 as `7.0`. */
function oddCount(text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : -1;
}

const MINUS = 0x2d;

/** Whether it is `-?[0-9]{1,15}`, which every parser reads as the same number. Faster than the pattern. */
function isPlainInteger(text: string): boolean {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (text.length === start || text.length > start + 15) return false;
  for (let at = start; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

/** Equal for all spellings of an id or token that a JSON parser reads as the same value. */
export function toIdKey(text: string): string {
  if (isPlainInteger(text) || (text.startsWith('"') && !text.includes('\\'))) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function toRequest(id: string | number, method: string, params: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`);
}

export function toNotification(method: string, params: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`);
}

/** `id` and `result` are JSON text. */
export function toResult(id: string, result: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
}

/** `id` is JSON text, `message` plain text. */
export function toError(id: string, code: number, message: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":{"code":${code},"message":${JSON.stringify(message)}}}`);
}

export function toCancelled(id: string | number, why: string): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":${JSON.stringify(why)}}}\n`,
  );
}
