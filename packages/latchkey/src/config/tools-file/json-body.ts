import type { Template } from '../../core/declared-tool.ts';
import type { Path } from '../yaml-document.ts';
import type { Building } from './building.ts';
import { findKeyTrouble } from './json-keys.ts';
import { findPlaceholders, toTemplate } from './placeholder.ts';
import type { Placeholder } from './placeholder.ts';

/**
 * The template of a JSON body. Places inside a string of the file's own are `quoted`; the others stand for whole values.
 * What would not be JSON with its places filled is a problem.
 */
export function createJsonBody(text: string, path: Path, building: Building): Template {
  const places = findPlaceholders(text, building.known);
  const quoted = findQuoted(text, places);
  const types = new Map(building.parameters.map(({ name, type }) => [name, type]));
  for (const place of places) {
    if (quoted.has(place) || types.get(place.name) !== 'string') continue;
    const message = `{{${place.name}}} is sent as a string in quotes; declare another type if it is a number or an object`;
    building.warn(path, message, place.start);
  }
  const trouble = findTrouble(text, places, quoted);
  if (trouble !== null) building.problem(path, trouble);
  // Only of what is JSON are the keys known.
  else
    for (const { place, message } of findKeyTrouble(text, places, building.parameters))
      building.problem(path, `{{${place.name}}} ${message}`, place.start);
  return toTemplate(text, places, (place) => quoted.has(place));
}

function findQuoted(text: string, places: readonly Placeholder[]): ReadonlySet<Placeholder> {
  const starts = new Map(places.map((place) => [place.start, place]));
  const quoted = new Set<Placeholder>();
  let inside = false;
  for (let at = 0; at < text.length; at += 1) {
    const place = starts.get(at);
    if (place !== undefined) {
      if (inside) quoted.add(place);
      at = place.end - 1;
    } else if (inside && text[at] === '\\' && !starts.has(at + 1)) at += 1;
    else if (text[at] === '"') inside = !inside;
  }
  return quoted;
}

/** Filled with values of both kinds, it must be JSON, and the same but for them. */
function findTrouble(text: string, places: readonly Placeholder[], quoted: ReadonlySet<Placeholder>): string | null {
  if (places.some(({ start }) => text[start - 1] === '\\')) return 'has a parameter right behind a back-slash';
  const fill = (value: string): string =>
    toTemplate(text, places, (place) => quoted.has(place))
      .map((part) => (typeof part === 'string' ? part : part.quoted ? 'x' : value))
      .join('');
  try {
    for (const value of ['null', '"x"', '-1', '[]']) JSON.parse(fill(value));
    return null;
  } catch {
    // The parser's own words would quote what stands around.
    return places.length === 0
      ? 'is not JSON; write the header Content-Type if it is something else'
      : 'is not JSON with values in its places; each must stand inside a string, or for a whole value';
  }
}
