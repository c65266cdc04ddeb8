import type { JsonValue, Template } from '../../core/declared-tool.ts';
import type { Values } from './arguments.ts';

/** A value as text: a string is itself, everything else its JSON; nothing where there is none. */
export function toText(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The template with its places filled by what `encode` makes of each value. */
export function renderTemplate(
  template: Template,
  values: Values,
  encode: (value: JsonValue | undefined, place: { readonly parameter: string; readonly quoted: boolean }) => string,
): string {
  return template.map((part) => (typeof part === 'string' ? part : encode(values.get(part.parameter), part))).join('');
}
