import { describe, expect, it } from 'vitest';
import type { View } from '../core/filter-list.ts';
import type { Refusal } from '../core/reason.ts';
import type { Answer } from '../core/upstream.ts';
import { createFilterAnswer } from './filter-answer.ts';

interface Kept {
  status: number;
  headers: readonly string[];
  text: string;
  ended: boolean;
  refusal: Refusal | null;
  /** What waits for the caller to take more. */
  draining: (() => void)[];
}

/** An answer that keeps what it gets. */
function keep(): { kept: Kept; answer: Answer } {
  const kept: Kept = { status: 0, headers: [], text: '', ended: false, refusal: null, draining: [] };
  const answer: Answer = {
    aborted: false,
    onAbort() {},
    onDrain: (handler) => void kept.draining.push(handler),
    start: (status, headers) => void Object.assign(kept, { status, headers }),
    write: (chunk) => ((kept.text += Buffer.from(chunk).toString()), true),
    end(chunk) {
      if (chunk !== undefined) kept.text += Buffer.from(chunk).toString();
      kept.ended = true;
    },
    fail: (refusal) => void (kept.refusal = refusal),
    abort: () => void (kept.ended = true),
  };
  return { kept, answer };
}

const view: View = {
  era: 'legacy',
  id: null,
  visible: (_kind, name) => name === 'echo',
  offers: () => true,
  hears: (uri) => uri === 'mine',
  sealCursor: (_kind, cursor) => cursor,
  onList: () => {},
};
const LIST = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","description":"é"},{"name":"rm"}]}}';
const SHORT = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","description":"é"}]}}';

const goOn = (): void => {};
const error = (id: string): string =>
  `{"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":"The answer of the server is too large."}}`;

describe('createFilterAnswer', () => {
  // Readers end an event at an empty line, and a line at any of the three ends.
  it.each(['\n\n', '\r\r', '\r\n\r\n', '\n\r\n', '\r\n\n', '\r\r\n', '\n\r', '\r\n\r'])(
    'finds a list behind the end %j of an event that is no JSON',
    (end) => {
      for (const size of [1, 2, 3, 4, 5, 1000]) {
        const { kept, answer } = keep();
        const filtered = createFilterAnswer(answer, view, 10_000);
        filtered.start(200, ['content-type', 'text/event-stream']);
        const bytes = Buffer.from(`data: {"x":${end}data: ${LIST}${end}data: }${end}`);
        for (let at = 0; at < bytes.length; at += size) filtered.write(bytes.subarray(at, at + size));
        filtered.end();
        expect(kept.text).not.toContain('rm');
        expect(kept.text).toContain('echo');
      }
    },
  );

  it('filters a JSON body that comes in any pieces', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(200, ['content-type', 'application/json', 'content-length', '999']);
    for (const byte of Buffer.from(LIST)) filtered.write(Buffer.from([byte]));
    expect(kept.status).toBe(0);
    filtered.end();
    expect(kept).toMatchObject({
      status: 200,
      text: SHORT,
      ended: true,
      headers: ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(SHORT))],
    });
  });

  it.each(['\n', '\r\n', '\r'])('filters events as they come, line end %j', (line) => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(200, ['content-type', 'text/event-stream']);
    filtered.write(`: hello${line}${line}data: {"method":"notifications/message"}${line}${line}`);
    expect(kept.text).toContain('notifications/message');
    const half = Math.floor(LIST.length / 2);
    filtered.write(`id: 7${line}data: ${LIST.slice(0, half)}`);
    expect(kept.text).not.toContain('rm');
    filtered.write(`${LIST.slice(half)}${line}${line}`);
    expect(kept.text).toContain(`id: 7\ndata: ${SHORT}\n\n`);
    expect(kept.text).not.toContain('"rm"');
    filtered.end();
    expect(kept.ended).toBe(true);
  });

  it('filters what comes behind an event that is no UTF-8', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(200, ['content-type', 'text/event-stream']);
    const half = Math.floor(LIST.length / 2);
    const text = `data: {"method":"notifications/message","params":"\u00e9\u00e9\u00ff"}\n\ndata: ${LIST.slice(0, half)}`;
    filtered.write(Buffer.from(text, 'latin1'));
    filtered.write(`${LIST.slice(half)}\n\n`);
    expect(kept.text).toMatch(/^data: \{"method":"notifications\/message","params":"\ufffd+"\}\n\n/);
    expect(kept.text).toContain(`data: ${SHORT}\n\n`);
  });

  it.each([1, 2, 3, 1000])('reads a stream that begins with a byte order mark, in pieces of %i', (size) => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(200, ['content-type', 'text/event-stream']);
    const bytes = Buffer.from(`\ufeffdata: ${LIST}\n\n`);
    for (let at = 0; at < bytes.length; at += size) filtered.write(bytes.subarray(at, at + size));
    filtered.end();
    expect(kept.text).toBe(`data: ${SHORT}\n\n`);
  });

  it.each(['\ufeffdata: ', ' data: ', 'Data: ', 'data\ufeff: ', 'datum: '])(
    'shows no line that begins with %j, which readers ignore',
    (field) => {
      const { kept, answer } = keep();
      const filtered = createFilterAnswer(answer, view, 10_000);
      filtered.start(200, ['content-type', 'text/event-stream']);
      filtered.write(`: hello\n\nid: 1\n${field}${LIST}\n\n${field}${LIST}\n\n`);
      filtered.write(`${field}${LIST}\ndata: {"method":"notifications/message"}\n\n`);
      filtered.end();
      expect(kept.text).toBe(': hello\n\nid: 1\n\ndata: {"method":"notifications/message"}\n\n');
    },
  );

  it('shows nothing of a list it cannot read, and refuses one that is too large', () => {
    const broken = keep();
    const first = createFilterAnswer(broken.answer, view, 100);
    first.start(200, ['content-type', 'application/json']);
    first.end('{"result":{"tools":[{"name":"rm"}');
    expect([broken.kept.status, broken.kept.text, broken.kept.refusal?.reason]).toEqual([0, '', 'upstream-invalid']);
    const large = keep();
    const second = createFilterAnswer(large.answer, view, 100);
    second.start(200, ['content-type', 'application/json']);
    second.write('x'.repeat(101));
    expect(large.kept.refusal?.reason).toBe('upstream-too-large');
    const last = keep();
    const third = createFilterAnswer(last.answer, view, 100);
    third.start(200, ['content-type', 'application/json']);
    third.end('x'.repeat(101));
    expect(last.kept).toMatchObject({ status: 0, text: '', ended: false, refusal: { reason: 'upstream-too-large' } });
    const whole = keep();
    const fourth = createFilterAnswer(whole.answer, view, Buffer.byteLength(LIST));
    fourth.start(200, ['content-type', 'application/json']);
    fourth.end(LIST);
    expect(whole.kept).toMatchObject({ text: SHORT, refusal: null });
  });

  it('passes on what its server says of the whole, and what its caller says of its pace', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 100);
    filtered.onDrain(goOn);
    filtered.fail({ reason: 'upstream-unreachable' });
    filtered.abort();
    expect(kept).toMatchObject({ draining: [goOn], refusal: { reason: 'upstream-unreachable' }, ended: true });
  });

  it('says of its own bytes nothing that the server said of others, nor how those came', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    const ofBytes = 'etag content-length content-digest repr-digest content-md5'.split(' ');
    const ofTheWay = 'transfer-encoding trailer connection keep-alive'.split(' ');
    filtered.start(
      200,
      [...ofBytes, ...ofTheWay, 'x-other'].flatMap((name) => [name, 'x']),
    );
    filtered.end(LIST);
    expect(kept.headers).toEqual(['x-other', 'x', 'content-length', String(Buffer.byteLength(SHORT))]);
  });

  it('leaves out an event of more bytes than it holds, as soon as they are more', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 1000);
    filtered.start(200, ['content-type', 'text/event-stream']);
    const [most, more] = [497, 498].map((count) => `data: ${'é'.repeat(count)}`) as [string, string];
    for (const piece of [`: ${'x'.repeat(996)}\n\n`, more, '\n\n', most, '\n\n']) filtered.write(piece);
    // What is no JSON is not shown, and needs no word.
    expect(kept.text).toBe(`: ${'x'.repeat(996)}\n\n: The answer of the server is too large.\n\n`);
  });

  it('lets its server go on where nothing was written yet', () => {
    const filtered = createFilterAnswer(keep().answer, view, 1000);
    filtered.start(200, ['content-type', 'text/event-stream']);
    expect(['data: {}\n\n', '\n', 'data'].map((piece) => filtered.write(piece))).toEqual([true, true, true]);
  });

  it('shows of the last event what may be seen, also where nothing ends it', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 1000);
    filtered.start(200, ['content-type', 'text/event-stream']);
    filtered.end(`id\ndata:${LIST.replace('"é"', '"a b"')}`);
    expect(kept.text).toBe(`id\ndata: ${SHORT.replace('"é"', '"a b"')}\n\n`);
  });

  describe.each([1, 3, 40, 1000, 100_000])('an event that is too large, in pieces of %i', (size) => {
    const read = (text: string, by: View = view): string => {
      const { kept, answer } = keep();
      const filtered = createFilterAnswer(answer, by, 6000);
      filtered.start(200, ['content-type', 'text/event-stream']);
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += size) filtered.write(bytes.subarray(at, at + size));
      filtered.end();
      expect([kept.ended, kept.refusal]).toEqual([true, null]);
      return kept.text;
    };
    const large = `{"tools":[{"name":"${'é'.repeat(7000)}"}]}`;
    const NOTICE = 'data: {"method":"notifications/message"}';

    it.each([
      ['a response that begins with its id', `{"jsonrpc":"2.0","id":"ü-7","result":${large}}`, error('"ü-7"')],
      ['a response that ends with its id', `{"result":${large},"jsonrpc":"2.0","id":7}`, error('7')],
      ['an error', `{"jsonrpc":"2.0","id":-7,"error":{"code":1,"message":"","data":${large}}}`, error('-7')],
    ])('is replaced by an error where it holds %s', (_what, message, told) => {
      for (const end of ['\n', '\r\n'])
        expect(
          read(
            `${NOTICE}${end}${end}event: message${end}id: s/1${end}data: ${message}${end}${end}${NOTICE}${end}${end}`,
          ),
        ).toBe(`${NOTICE}${end}${end}event: message\nid: s/1\ndata: ${told}\n\n${NOTICE}${end}${end}`);
    });

    it.each([
      ['a request', `{"method":"sampling/createMessage","params":${large},"jsonrpc":"2.0","id":7}`],
      ['a request that says its id first', `{"jsonrpc":"2.0","id":7,"method":"x","params":${large}}`],
      ['a notification', `{"method":"notifications/message","params":${large}}`],
      ['a response that says its id in the middle', `{"result":${large},"id":7,"jsonrpc":"2.0"}`],
      ['the end of something else', `{"jsonrpc":"2.0","result":{"more":${large},"id":7}}`],
      ['no JSON', `x${large}`],
    ])('leaves but its own id where it holds %s', (_what, message) => {
      expect(read(`data: ${message}\nid: s/1\n\n${NOTICE}\n\n`)).toBe(
        `id: s/1\n: The answer of the server is too large.\n\n${NOTICE}\n\n`,
      );
    });

    it('is an error to the request that the stream answers, and at the end of the stream too', () => {
      const answering = { ...view, id: '"mine"' };
      for (const end of ['\n\n', ''])
        expect(read(`data: {"jsonrpc":"2.0","result":${large},"id":"mine"}${end}`, answering)).toBe(
          `data: ${error('"mine"')}\n\n`,
        );
    });
  });

  it('reads a body whatever its type is called, and what hides behind an escape', () => {
    for (const headers of [[], ['content-type', 'Application/JSON'], ['content-type', 'application/json;x=1']]) {
      const { kept, answer } = keep();
      const filtered = createFilterAnswer(answer, view, 10_000);
      filtered.start(200, headers);
      filtered.end(LIST);
      expect(kept.text).toBe(SHORT);
    }
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(200, ['content-type', 'Text/Event-Stream; charset=utf-8']);
    filtered.end(`data: ${LIST.replace('result', String.raw`r\u0065sult`)}\n\n`);
    expect(kept.text).toBe(`data: ${SHORT}\n\n`);
  });

  it.each(['application/json', 'text/event-stream'])('shows nothing of a coded answer of type %s', (type) => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    let stopped = false;
    filtered.onAbort(() => (stopped = true));
    filtered.start(200, ['content-type', type, 'content-encoding', 'gzip']);
    expect([kept.status, kept.text, kept.refusal?.reason, stopped]).toEqual([0, '', 'upstream-invalid', true]);
    const plain = keep();
    const second = createFilterAnswer(plain.answer, view, 10_000);
    second.start(200, ['content-type', type, 'content-encoding', 'Identity', 'etag', '"x"']);
    second.end();
    expect([plain.kept.ended, plain.kept.refusal, plain.kept.headers.includes('etag')]).toEqual([true, null, false]);
  });

  it('leaves an answer without a body as it is', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(405, ['content-length', '0']);
    filtered.end();
    expect(kept).toMatchObject({ status: 405, text: '', ended: true, refusal: null });
  });

  it('leaves an error page as it is, but not what is to be JSON', () => {
    for (const [status, type, shown] of [
      [405, 'text/plain; charset=utf-8', true],
      [400, 'text/plain', true],
      [405, '', true],
      [405, 'application/json', false],
      [200, 'text/plain', false],
    ] as const) {
      const { kept, answer } = keep();
      const filtered = createFilterAnswer(answer, view, 10_000);
      filtered.start(status, type === '' ? [] : ['content-type', type]);
      filtered.end('Method Not Allowed');
      expect([kept.status, kept.text, kept.ended, kept.refusal?.reason]).toEqual(
        shown ? [status, 'Method Not Allowed', true, undefined] : [0, '', false, 'upstream-invalid'],
      );
    }
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(400, ['content-type', 'text/plain']);
    filtered.end(LIST);
    expect(kept.text).toBe(SHORT);
  });

  it('keeps the id of an event that is hidden, and passes what holds no message', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 10_000);
    filtered.start(200, ['content-type', 'Text/Event-Stream; charset=utf-8']);
    filtered.write('id: 1\ndata: \n\n: comment\n\n');
    for (const uri of ['other', 'mine'])
      filtered.write(
        `id: ${uri}\ndata: {"method":"notifications/resources/updated","params":{"uri":"${uri}"}}\n\ndata: {\n\n`,
      );
    expect(kept.text).toBe(
      'id: 1\ndata: \n\n: comment\n\nid: other\n\nid: mine\ndata: {"method":"notifications/resources/updated","params":{"uri":"mine"}}\n\n',
    );
  });

  it('filters what does not say its type, and leaves an empty body empty', () => {
    const untyped = keep();
    const first = createFilterAnswer(untyped.answer, view, 10_000);
    first.start(200, ['content-type', 'Application/JSON']);
    first.end(LIST);
    expect(untyped.kept.text).toBe(SHORT);
    const empty = keep();
    const second = createFilterAnswer(empty.answer, view, 10_000);
    second.start(405, []);
    second.end();
    expect(empty.kept).toMatchObject({ status: 405, text: '', ended: true });
  });

  it('takes time linear in an event that comes in small pieces', () => {
    const { kept, answer } = keep();
    const filtered = createFilterAnswer(answer, view, 64 * 1024 * 1024);
    filtered.start(200, ['content-type', 'text/event-stream']);
    filtered.write('data: "');
    const begun = process.cpuUsage();
    for (let piece = 0; piece < 4096; piece += 1) filtered.write('x'.repeat(512));
    // Microseconds of CPU, which other programs of this machine do not lengthen.
    expect(process.cpuUsage(begun).user).toBeLessThan(2_000_000);
    filtered.write('"\n');
    expect(kept.text).toBe('');
    filtered.write('\n');
    expect(kept.text).toHaveLength(7 + 2 * 1024 * 1024 + 3);
  }, 60_000);
});
