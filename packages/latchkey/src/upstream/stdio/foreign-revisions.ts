import { eraOf } from '../../core/revision.ts';
import { isRecord, textAt, valueAt } from './json.ts';
import type { ServerLine } from './server-line.ts';

const MOST = 10;
const REVISION = /^[\x21-\x7e]{1,32}$/;

/**
 * The revisions of a server that knows none of ours, as its answer to `server/discover` lists them: it must not be taken
 * for one that is older than that question (MCP 2026-07-28 stdio §Backward Compatibility). Else null.
 */
export function foreignRevisions(line: ServerLine): readonly string[] | null {
  const listed = revisionsIn(line);
  if (!Array.isArray(listed)) return null;
  const revisions = listed.filter((one): one is string => typeof one === 'string' && REVISION.test(one));
  return revisions.length === 0 || revisions.some((one) => eraOf(one) !== null) ? null : revisions.slice(0, MOST);
}

function revisionsIn({ bytes, result, error, code }: ServerLine): unknown {
  const discovered = valueAt(bytes, result);
  if (isRecord(discovered)) return discovered['supportedVersions'];
  const refused = code !== null && textAt(bytes, code) === '-32022' ? valueAt(bytes, error) : undefined;
  return isRecord(refused) && isRecord(refused['data']) ? refused['data']['supported'] : undefined;
}
