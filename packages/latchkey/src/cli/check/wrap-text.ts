/** Lines between words: the first of at most `first` characters, the others of `rest`; a longer word stands alone. */
export function wrapText(text: string, first: number, rest = first): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > (lines.length === 0 ? first : rest)) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
