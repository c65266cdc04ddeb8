import type { Redactor } from './redact.ts';

/** The first bytes of a stream, and whether there were more. */
export interface FirstBytes {
  readonly bytes: Buffer;
  readonly cut: boolean;
}

export interface Collector {
  push(chunk: Buffer): void;
  /** Of everything that came, kept or not. */
  readonly totalBytes: number;
  take(): FirstBytes;
}

/** Keeps the first `maxBytes` of a stream. */
export function createCollector(maxBytes: number): Collector {
  const chunks: Buffer[] = [];
  let kept = 0;
  let total = 0;
  return {
    get totalBytes() {
      return total;
    },
    push(chunk) {
      total += chunk.length;
      const room = maxBytes - kept;
      if (room <= 0) return;
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      kept += Math.min(room, chunk.length);
    },
    take: () => ({ bytes: Buffer.concat(chunks, kept), cut: total > kept }),
  };
}

const ESCAPES = new RegExp(
  [
    // Strings to the terminal (titles, links, images), to their end.
    '(?:\\u001b[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u0090\\u0098\\u009c-\\u009f]*(?:\\u0007|\\u001b\\\\|\\u009c)',
    // Control sequences: colours, the cursor.
    '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]',
    '\\u001b[ -/]*[0-~]',
    // What is left of control characters.
    '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]',
  ].join('|'),
  'g',
);

/** Text without escape sequences and control characters other than \n and \t; bytes that are no UTF-8 become U+FFFD. */
export function toPrintable({ bytes, cut }: FirstBytes): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: cut }).replaceAll(ESCAPES, '');
}

export interface OutputLimits {
  readonly maxBytes: number;
  readonly redactor: Redactor;
}

/** How many bytes of a stream must be collected so that nothing hidden is shown in part where it is cut. */
export function toCollectedBytes({ maxBytes, redactor }: OutputLimits): number {
  return maxBytes + redactor.lookahead;
}

/**
 * What a result shows of the streams, one after the other: printable, without what is hidden, trimmed, at most
 * `maxBytes` and then the words that it was cut. Where there are two, the second keeps a quarter.
 */
export function toOutput(streams: readonly FirstBytes[], limits: OutputLimits): string {
  const texts = streams.map((stream) => toShown(stream, limits.redactor)).filter((text) => text !== '');
  const reserved = texts.length > 1 ? Math.min(byteLength(texts[1] as string), Math.floor(limits.maxBytes / 4)) : 0;
  const first = cutText(texts[0] ?? '', limits.maxBytes - reserved);
  const second = cutText(texts[1] ?? '', limits.maxBytes - byteLength(first));
  const cut = streams.some((stream) => stream.cut) || first !== (texts[0] ?? '') || second !== (texts[1] ?? '');
  const note = cut ? `[the output was cut: a result holds ${limits.maxBytes} bytes of it]` : '';
  return [first, second, note].filter((part) => part !== '').join('\n');
}

function toShown(stream: FirstBytes, redactor: Redactor): string {
  const text = toPrintable(stream);
  return redactor.redact(text, stream.cut ? Math.max(0, text.length - redactor.lookahead) : text.length).trim();
}

function cutText(text: string, maxBytes: number): string {
  if (byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text);
  return toPrintable({ bytes: bytes.subarray(0, maxBytes), cut: true });
}

const byteLength = (text: string): number => Buffer.byteLength(text);
