/** Characters of a text in a line of the trail. */
export const LONGEST_TEXT = 512;

/** Controls (DEL and C1) and the two line separators of JavaScript; the others `JSON.stringify` escapes itself. */
const LEFT_BY_STRINGIFY = /[\u007f-\u009f\u2028\u2029]/g;

/** A text as long as a line of the trail takes it; a longer one ends in `…`. */
export function boundText(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…`.toWellFormed() : text;
}

/** JSON without a byte of a control character. */
export function escapeControls(json: string): string {
  return json.replace(LEFT_BY_STRINGIFY, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
