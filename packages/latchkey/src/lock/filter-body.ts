import { copyBytes, joinBytes, lengthInBytes, textOf } from '../core/bytes.ts';
import { filterList, type View } from '../core/filter-list.ts';
import { headerOf } from '../core/header-of.ts';
import { refuse } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';

interface FilteredBody {
  readonly inner: Answer;
  readonly view: View;
  readonly maxBytes: number;
  /** Sent when the body is whole, since only then its length is known. */
  readonly status: number;
  readonly headers: readonly string[];
  /** Refuses in the middle. */
  readonly takeBack: Answer['fail'];
}

/** Holds a body until it is whole, and answers with what of it the caller may see. */
export function createFilterBody({
  inner,
  view,
  maxBytes,
  status,
  headers,
  takeBack,
}: FilteredBody): Pick<Answer, 'write' | 'end'> {
  let held: Uint8Array[] = [];
  let size = 0;

  const hold = (chunk: Uint8Array | string): boolean => {
    const bytes = copyBytes(chunk);
    size += bytes.length;
    held.push(bytes);
    if (size <= maxBytes) return true;
    held = [];
    takeBack(refuse('upstream-too-large'));
    return false;
  };

  const answer = (body: Uint8Array | string): void => {
    const length = typeof body === 'string' ? lengthInBytes(body) : body.length;
    inner.start(status, [...headers, 'content-length', String(length)]);
    inner.end(body);
  };

  return {
    write: hold,
    end(chunk) {
      if (chunk !== undefined && !hold(chunk)) return;
      const body = joinBytes(held);
      const filtered = filterText(textOf(body), view);
      if (filtered !== null) answer(filtered);
      else if (isErrorPage(status, headers)) answer(body);
      else inner.fail(refuse('upstream-invalid', { detail: 'a list that is not JSON' }));
    },
  };
}

/** Null for what is not JSON. */
function filterText(text: string, view: View): string | null {
  try {
    return text === '' ? text : (filterList(text, view) ?? text);
  } catch {
    return null;
  }
}

/** A text of a server or its framework ("Method Not Allowed"), which is no list and no message to any reader. */
function isErrorPage(status: number, headers: readonly string[]): boolean {
  return status >= 400 && !/json/i.test(headerOf(headers, 'content-type') ?? '');
}
