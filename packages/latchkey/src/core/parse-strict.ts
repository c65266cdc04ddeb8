import { textOf } from './bytes.ts';
import { createShape, type Shape } from './json-shape.ts';
import { scanJson } from './strict-json.ts';

const NO_SLOTS = new Int32Array(0);
const NO_NAMES = createShape({});

/** Member names that no other key of the object may be taken for by any program. */
export function guardNames(names: readonly string[]): Shape {
  return createShape(Object.fromEntries(names.map((name) => [name, {}])));
}

/** The value of strict JSON: no key twice, none that is a variant of a guarded name; undefined for anything else. */
export function parseStrict(document: Uint8Array, names: Shape = NO_NAMES): unknown {
  return scanJson(document, names, NO_SLOTS) === null ? (JSON.parse(textOf(document)) as unknown) : undefined;
}
