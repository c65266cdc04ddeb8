import { bytesOf, fromBase64, textOf, toBase64 } from './bytes.ts';

const SENTINEL = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;
// Field values: visible ASCII, with single spaces and tabs only inside (RFC 9110 §5.5).
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

/** The value that stands for a text: itself where it can, else in base64. */
export function encodeHeaderValue(text: string): string {
  return PLAIN.test(text) && !text.startsWith('=?base64?') ? text : `=?base64?${toBase64(bytesOf(text))}?=`;
}

/**
 * The text that an `Mcp-Name` or `Mcp-Param-*` value stands for (MCP 2026-07-28, Streamable HTTP §Value Encoding), or
 * null when the value is not well formed: other than visible ASCII, or base64 that a second encoder would write
 * otherwise.
 */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) return value === '' || PLAIN.test(value) ? value : null;
  const match = SENTINEL.exec(value);
  if (match === null) return null;
  const bytes = fromBase64(match[1] as string);
  if (bytes === null) return null;
  const text = textOf(bytes);
  // Bytes that are not UTF-8 are other bytes when they are written again.
  return toBase64(bytesOf(text)) === match[1] ? text : null;
}
