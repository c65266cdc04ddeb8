import type { Message } from '../core/message.ts';
import type { Forwardable } from '../core/upstream.ts';

/** A judged request, whose `message` is there. */
export interface Posted extends Forwardable {
  readonly message: Message;
}

export function isPosted(request: Forwardable): request is Posted {
  return request.message !== null;
}
