import { latin1Of, textOf } from './bytes.ts';

/** The first byte that is not white space, or -1. */
export function firstByte(document: Uint8Array): number {
  for (let at = 0; at < document.length; at += 1) {
    const byte = document[at] as number;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
  }
  return -1;
}

/** The text between two positions of a sound document, escapes resolved. */
export function decodeText(document: Uint8Array, start: number, stop: number): string {
  for (let i = start; i < stop; i += 1) {
    const byte = document[i] as number;
    if (byte === 0x5c) return unescapeText(textOf(document, start, stop));
    if (byte >= 0x80) return decodeWide(document, start, stop);
  }
  return latin1Of(document, start, stop);
}

function decodeWide(document: Uint8Array, start: number, stop: number): string {
  const text = textOf(document, start, stop);
  return text.includes('\\') ? unescapeText(text) : text;
}

function unescapeText(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}
