/** `data.items[0].name` → its steps; undefined when it is no such path. */
export function parseExtractPath(text: string): readonly (string | number)[] | undefined {
  const steps: (string | number)[] = [];
  for (const [index, part] of text
    .replace(/^\$\.?/, '')
    .split('.')
    .entries()) {
    const [, key = '', indexes = ''] = /^([^[\]]*)((?:\[\d{1,9}\])*)$/.exec(part) ?? [];
    // Only the root may be a list.
    if (key === '' && (index > 0 || indexes === '')) return undefined;
    if (key !== '') steps.push(key);
    for (const [, number] of indexes.matchAll(/\[(\d+)\]/g)) steps.push(Number(number));
  }
  return steps;
}
