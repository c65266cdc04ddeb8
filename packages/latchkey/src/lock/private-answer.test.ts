import { describe, expect, it } from 'vitest';
import type { Answer } from '../core/upstream.ts';
import { createPrivateAnswer } from './private-answer.ts';

/** What comes out of it, write by write, and the headers it began with. */
function pass(
  chunks: readonly (string | Buffer)[],
  type = 'application/json',
): { writes: string[]; headers: readonly string[] } {
  const writes: string[] = [];
  let headers: readonly string[] = [];
  const inner: Answer = {
    aborted: false,
    onAbort() {},
    onDrain() {},
    start: (_status, list) => void (headers = list),
    write: (chunk) => (writes.push(Buffer.from(chunk).toString()), true),
    end: (chunk) => void writes.push(Buffer.from(chunk ?? '').toString()),
    fail() {},
    abort() {},
  };
  const answer = createPrivateAnswer(inner);
  answer.start(200, ['content-type', type, 'content-length', '1']);
  for (const chunk of chunks) answer.write(chunk);
  answer.end();
  return { writes, headers };
}

/** One that notes why it was refused, and whether it began. */
function refusing(reasons: string[]): { answer: Answer; started: () => boolean } {
  let began = false;
  const answer = createPrivateAnswer({
    aborted: false,
    onAbort() {},
    onDrain() {},
    start: () => void (began = true),
    write: () => true,
    end() {},
    fail: ({ reason }) => void reasons.push(reason),
    abort() {},
  });
  return { answer, started: () => began };
}

const PUBLIC = '{"id":1,"result":{"contents":[{"text":"é"}],"cacheScope" : "public","ttlMs":1}}';
const PRIVATE = PUBLIC.replace('"public"', '"private"');

describe('createPrivateAnswer', () => {
  it('passes nothing that has a content coding, and tells the server to stop', () => {
    const reasons: string[] = [];
    const { answer, started } = refusing(reasons);
    let stopped = 0;
    answer.onAbort(() => (stopped += 1));
    answer.start(200, ['content-encoding', 'br']);
    expect([reasons, started(), stopped]).toEqual([['upstream-invalid'], false, 1]);
  });

  it('calls nothing public, however the bytes come', () => {
    const bytes = Buffer.from(PUBLIC);
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, part) =>
        bytes.subarray(part * size, (part + 1) * size),
      );
      const { writes, headers } = pass(chunks);
      expect(writes.join('')).toBe(PRIVATE);
      expect(headers).toEqual(['content-type', 'application/json']);
    }
  });

  it('leaves the words of a text alone', () => {
    const text = JSON.stringify({ result: { contents: [{ text: '{"cacheScope":"public"}' }], cacheScope: 'private' } });
    expect(pass([text]).writes.join('')).toBe(text);
  });

  it.each(['\n', '\r\n', '\r'])('does not hold back an event that is whole, line end %j', (line) => {
    const event = `data: {"method":"notifications/progress"}${line}${line}`;
    expect(pass([event, event], 'Text/Event-Stream').writes).toEqual([event, event, '']);
    const { writes } = pass([`${event}data: {"cacheScope":`, `"public"}${line}${line}`], 'text/event-stream');
    expect(writes).toEqual([event, `data: {"cacheScope":"private"}${line}${line}`, '']);
  });

  it('takes the empty lines of a document for no end of an event', () => {
    expect(pass(['{"cacheScope":\n\n', '"public"}']).writes.join('')).toBe('{"cacheScope":\n\n"private"}');
  });
});
