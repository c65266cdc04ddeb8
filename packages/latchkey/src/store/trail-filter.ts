import type { TrailQuery } from '../core/store.ts';

interface TrailLine {
  readonly time?: string;
  readonly requestId?: string | null;
  readonly decision?: string;
  readonly phase?: string;
}

/**
 * Tells which lines are wanted; to be asked of each, the newest first. A request whose end is there is not read a second
 * time for its beginning, whatever is wanted of it.
 */
export function createTrailFilter({ since, decision }: TrailQuery): (json: string) => boolean {
  const ended = new Set<string>();
  return (json) => {
    const line = parse(json);
    if (line === null) return false;
    const { requestId } = line;
    if (line.phase === 'ended' && requestId) ended.add(requestId);
    return (
      !(line.phase === 'begun' && requestId && ended.has(requestId)) &&
      (since === undefined || Date.parse(line.time ?? '') >= since) &&
      (decision === undefined || line.decision === decision)
    );
  };
}

/** A line that a crash cut short is no record, and no reason to show none. */
function parse(json: string): TrailLine | null {
  try {
    return JSON.parse(json) as TrailLine;
  } catch {
    return null;
  }
}
