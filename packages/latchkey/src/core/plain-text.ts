/** What steers a terminal, is not seen on it, or ends a line to some readers. */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of others, made harmless for a terminal: controls and invisible format characters are shown as `\uXXXX`. */
export function toPlainText(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => {
    const hex = character.codePointAt(0)!.toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}
