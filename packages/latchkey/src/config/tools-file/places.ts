import { isTree } from '../layers.ts';
import { invalid } from '../problem.ts';
import type { Problem } from '../problem.ts';
import type { Path, YamlDocument } from '../yaml-document.ts';

/** Tells where something stands in a tools file. */
export interface Places {
  /** `gantz.yaml:12:14 tools.read_file.script.shell`; `offset` is into the text of the value. */
  where(path: Path, part?: 'key' | 'value', offset?: number): string;
  problem(path: Path, message: string, offset?: number): Problem;
  readonly hint: string;
}

export const TOOLS_HINT = 'see docs/tools-file.md, and `latchkey tools check FILE` after mending it';

export function createPlaces(document: YamlDocument): Places {
  const where: Places['where'] = (path, part = 'value', offset) => {
    const place = document.locate(path, part, offset);
    return path.length === 0 ? place : `${place} ${describe(document.value, path)}`;
  };
  return {
    where,
    problem: (path, message, offset) => invalid(where(path, 'value', offset), message, TOOLS_HINT),
    hint: TOOLS_HINT,
  };
}

/** Tools and parameters are called by their names, not by their numbers. */
function describe(root: unknown, path: Path): string {
  let value = root;
  return path
    .map((step) => {
      value =
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[String(step)] : undefined;
      const name = typeof step === 'number' && isTree(value) ? value['name'] : undefined;
      return typeof name === 'string' && /^[\w.-]{1,128}$/.test(name) ? name : String(step);
    })
    .join('.');
}
