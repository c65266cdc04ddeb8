import { LIST_METHODS } from '../core/filter-list.ts';
import type { Message } from '../core/message.ts';

const MOST = 100;

/**
 * The ids of one session's requests for lists that were not answered yet. Servers send an answer to whoever used its id
 * last, the official SDKs too: that of a list then comes as the answer to another request, and is to be filtered there.
 * Ids are exact JSON. Past a hundred, any answer may be to one of them.
 */
export interface UnansweredLists {
  ask(id: string): void;
  /** A list came where that id's was due. */
  answered(id: string): void;
  /** Whether what answers a request of that id can be a list. */
  mayAnswer(id: string): boolean;
}

export function createUnansweredLists(): UnansweredLists {
  const asked: string[] = [];
  let tooMany = false;
  return {
    ask(id) {
      if (asked.length < MOST) asked.push(toKey(id));
      else tooMany = true;
    },
    answered(id) {
      const at = asked.indexOf(toKey(id));
      if (at !== -1) asked.splice(at, 1);
    },
    mayAnswer: (id) => tooMany || (asked.length > 0 && asked.includes(toKey(id))),
  };
}

/** Notes a request for a list, and says whether a list may come as the answer to this message. */
export function expectsList({ method, id }: Message, lists: UnansweredLists | null): boolean {
  if (lists === null || id === null) return false;
  if (LIST_METHODS.has(method)) lists.ask(id);
  return lists.mayAnswer(id);
}

// 7, 7.0 and "7" are one id to some servers.
function toKey(id: string): string {
  const value: unknown = JSON.parse(id);
  return String(Number.isNaN(Number(value)) ? value : Number(value));
}
