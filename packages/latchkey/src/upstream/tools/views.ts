/** A text decoded, and where in the text each of its characters comes from. Characters are bytes (latin1). */
export interface DecodedView {
  readonly text: string;
  /** The place in the text of the character at an index, the end included. */
  toPlace(index: number): number;
}

/** How a text is decoded: what `pattern` finds becomes what `decode` says, the rest stays. */
interface Encoding {
  readonly pattern: RegExp;
  decode(found: RegExpExecArray): string;
}

const fromHex = (digits: string): string => String.fromCharCode(Number.parseInt(digits, 16));
const toBytes = (text: string): string => Buffer.from(text).toString('latin1');

const percent: Encoding = { pattern: /%([0-9a-f]{2})/gi, decode: ([, digits = '']) => fromHex(digits) };
const form: Encoding = {
  pattern: /%([0-9a-f]{2})|\+/gi,
  decode: ([, digits]) => (digits === undefined ? ' ' : fromHex(digits)),
};
const LETTERS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const json: Encoding = {
  pattern: /\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|(["\\/bfnrt]))/gi,
  decode: ([, high, low, unit, letter]) => {
    if (letter !== undefined) return LETTERS[letter] ?? letter;
    return toBytes(unit === undefined ? `${fromHex(high ?? '')}${fromHex(low ?? '')}` : fromHex(unit));
  },
};
// The two alphabets of base64 as one, lines joined.
const base64: Encoding = {
  pattern: /[-_\n]/g,
  decode: ([letter]) => (letter === '-' ? '+' : letter === '_' ? '/' : ''),
};
const smallLetters: Encoding = { pattern: /[A-Z]+/g, decode: ([letters]) => letters.toLowerCase() };

export interface Views {
  /** The text as it is, and without percent-encoding and JSON's escapes, those of JSON in JSON too. */
  readonly plain: readonly DecodedView[];
  /** The same, for what stands in base64. */
  readonly base64: readonly DecodedView[];
  /** For hexadecimal digits. */
  readonly hex: DecodedView;
}

/** What a text may say to who decodes it. */
export function toViews(text: string): Views {
  const raw: DecodedView = { text: toBytes(text), toPlace: (index) => index };
  const decoded = [[percent], [form], [json], [json, json]]
    .map((encodings) => encodings.reduce(decode, raw))
    .filter((view) => view !== raw);
  const plain = [raw, ...new Set(decoded)];
  return { plain, base64: plain.map((view) => decode(view, base64)), hex: decode(raw, smallLetters) };
}

/** The view itself where there is nothing to decode. */
function decode(view: DecodedView, { pattern, decode: toDecoded }: Encoding): DecodedView {
  const pieces: string[] = [];
  const places = new Uint32Array(view.text.length + 1);
  let at = 0;
  let length = 0;
  const keep = (end: number): void => {
    pieces.push(view.text.slice(at, end));
    for (let index = at; index < end; index += 1) places[length++] = index;
  };
  for (const found of view.text.matchAll(pattern)) {
    keep(found.index);
    const piece = toDecoded(found);
    pieces.push(piece);
    for (let index = 0; index < piece.length; index += 1) places[length++] = found.index;
    at = found.index + found[0].length;
  }
  if (at === 0) return view;
  keep(view.text.length);
  places[length] = view.text.length;
  return { text: pieces.join(''), toPlace: (index) => view.toPlace(places[index] as number) };
}
