import type { Template } from '../../core/declared-tool.ts';

/** A place for a value in a text: `{{name}}`. */
export interface Placeholder {
  readonly start: number;
  /** Behind its last brace. */
  readonly end: number;
  readonly name: string;
}

const PLACEHOLDER = /\{\{([A-Za-z_][\w-]*)\}\}/g;
const SPACED = /\{\{(?:\s+([A-Za-z_][\w-]*)\s*|([A-Za-z_][\w-]*)\s+)\}\}/g;
// `docker ps --format '{{range .Ports}}…{{end}}'` and what else is written in Go's templates.
const TEMPLATE_BLOCK = /\{\{-?\s*(?:range|if|with|block|define)\b/;
const TEMPLATE_WORDS = new Set(['end', 'else', 'break', 'continue']);

/** All places in a text, in order. `{{.Names}}`, `{{json .}}` and the `{{end}}` of a Go template are none. */
export function findPlaceholders(text: string, known: ReadonlySet<string>): readonly Placeholder[] {
  const template = TEMPLATE_BLOCK.test(text);
  return [...text.matchAll(PLACEHOLDER)]
    .map((found) => ({ start: found.index, end: found.index + found[0].length, name: found[1] ?? '' }))
    .filter(({ name }) => known.has(name) || !(template && TEMPLATE_WORDS.has(name)));
}

/** Places that would be one without the spaces in them, which the format leaves as they are. */
export function findSpaced(text: string, known: ReadonlySet<string>): readonly Placeholder[] {
  return [...text.matchAll(SPACED)]
    .map((found) => ({ start: found.index, end: found.index + found[0].length, name: found[1] ?? found[2] ?? '' }))
    .filter(({ name }) => known.has(name));
}

/** A text with its places; `quoted` says of each whether it stands inside a string of the text's own. */
export function toTemplate(
  text: string,
  places: readonly Placeholder[],
  quoted: (place: Placeholder) => boolean = () => false,
): Template {
  const parts: (string | { readonly parameter: string; readonly quoted: boolean })[] = [];
  let at = 0;
  for (const place of places) {
    if (place.start > at) parts.push(text.slice(at, place.start));
    parts.push({ parameter: place.name, quoted: quoted(place) });
    at = place.end;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
