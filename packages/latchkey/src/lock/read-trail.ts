import type { Trail, TrailEntry } from '../core/trail.ts';
import type { Given } from './read-option.ts';
import type { TellError } from './tell-error.ts';

/** The trail that an option describes; null for none. What a function rejects with goes to `onError` and changes nothing. */
export function readTrail({ faults, path, value }: Given, onError: TellError): Trail | null {
  if (value === undefined || value === false) return null;
  if (typeof value === 'function') return toTrail(value as (entry: TrailEntry) => unknown, onError);
  if (typeof value === 'object' && value !== null && 'record' in value && 'healthy' in value) return value as Trail;
  faults.add(path, 'expected a function, a Trail or false');
  return null;
}

function toTrail(write: (entry: TrailEntry) => unknown, onError: TellError): Trail {
  const writing = new Set<Promise<unknown>>();
  const flush = async (): Promise<void> => void (await Promise.all(writing));
  return {
    healthy: true,
    record(entry) {
      const written = write(entry);
      if (!(written instanceof Promise)) return;
      const settled = written.catch(onError).finally(() => writing.delete(settled));
      writing.add(settled);
    },
    flush,
    close: flush,
  };
}
