import { parseExact } from '../../core/exact-json.ts';

type Path = readonly (string | number)[];

/** What stands at a path of a JSON text: a string as it is, anything else as JSON with its numbers as they were written. */
export type Extracted = { readonly text: string } | { readonly problem: string };

const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;

export function extract(json: string, path: Path): Extracted {
  let value: unknown;
  try {
    value = parseExact(json.replace(/^\uFEFF/, ''));
  } catch {
    return { problem: `the answer is not JSON, so there is no ${toName(path)} in it` };
  }
  for (const [depth, step] of path.entries()) {
    const next = toMember(value, step);
    if (next === undefined) return { problem: `the answer has no ${toName(path.slice(0, depth + 1))}` };
    value = next;
  }
  return { text: typeof value === 'string' ? value : JSON.stringify(value, null, 2) };
}

function toMember(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || isRawJson(value)) return undefined;
  if (Array.isArray(value)) return /^\d+$/.test(String(step)) ? (value[Number(step)] as unknown) : undefined;
  return Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
}

function toName(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
