import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PublishedDocument } from '../core/endpoint.ts';
import { createAnswerer, send, toAsked, type AnswererOptions, type Place } from './forward-answer.ts';

/** What answers a proxy as a service of its own, with documents that anybody may read beside it. */
export interface ForwardService {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Waits until everything that was asked is answered, at most two seconds. */
  drained(): Promise<void>;
}

export interface ServiceOptions extends AnswererOptions {
  /** Whether what came in clear counts as that, whatever the proxy says of its client. */
  readonly encryptedOnly: boolean;
}

export function createForwardService(
  options: ServiceOptions,
  placeOf: (path: string) => Place,
  documents: readonly PublishedDocument[],
): ForwardService {
  const answer = createAnswerer(options);
  const published = new Map(documents.map((document) => [document.path, document]));
  const open = new Set<ServerResponse>();
  return {
    handle(request, response) {
      open.add(response);
      response.once('close', () => open.delete(response));
      const [path = ''] = (request.url ?? '').split('?', 1);
      const asked = path === options.path || (options.proxy === 'envoy' && path.startsWith(`${options.path}/`));
      const inClear = options.encryptedOnly && !('encrypted' in request.socket);
      if (asked)
        void Promise.resolve(answer({ ...toAsked(request), inClear }, placeOf)).then((each) => send(response, each));
      else void publish(published.get(path), request).then(({ status, body }) => sendJson(response, status, body));
    },
    async drained() {
      const until = performance.now() + GRACE_MS;
      while (open.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}

const GRACE_MS = 2000;

interface Published {
  readonly status: number;
  readonly body: string;
}

async function publish(document: PublishedDocument | undefined, { method }: IncomingMessage): Promise<Published> {
  if (document === undefined) return toError(404, 'There is nothing at this path.');
  if (method !== 'GET' && method !== 'HEAD') return toError(405, 'That HTTP method is not allowed here.');
  try {
    return await document.body();
  } catch {
    return toError(503, 'It cannot be had at the moment. Try again.');
  }
}

function toError(status: number, message: string): Published {
  return { status, body: JSON.stringify({ error: { code: status, message } }) };
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store'];
  send(response, { status, headers: status === 405 ? [...headers, 'allow', 'GET, HEAD'] : headers, body });
}
