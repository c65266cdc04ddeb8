import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpTool } from '../../../../../test/fixtures/declared-tool.ts';
import type { HttpAction, JsonValue } from '../../core/declared-tool.ts';
import { toRequest, type Request } from './request.ts';

type Declared = Parameters<typeof httpTool>[0];

const prepare = (declared: Declared, values: Readonly<Record<string, JsonValue>>) =>
  toRequest(httpTool(declared).action as HttpAction, new Map(Object.entries(values)));

function request(declared: Declared, values: Readonly<Record<string, JsonValue>>): Request {
  const prepared = prepare(declared, values);
  if ('problems' in prepared) throw new Error(prepared.problems.join('\n'));
  return prepared;
}

const problems = (declared: Declared, values: Readonly<Record<string, JsonValue>>): readonly string[] => {
  const prepared = prepare(declared, values);
  return 'problems' in prepared ? prepared.problems : [];
};

const ORIGIN = 'https://api.example.com';
const at = (id: JsonValue): string => request({ url: `${ORIGIN}/users/{{id}}/posts` }, { id }).url.pathname;
const anyText = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());

describe('toRequest', () => {
  it('encodes a value in the path as part of one segment', () => {
    expect(at('a b/c?d#e&f=g;h')).toBe('/users/a%20b%2Fc%3Fd%23e%26f%3Dg%3Bh/posts');
    expect(at('../../admin')).toBe('/users/..%2F..%2Fadmin/posts');
    expect(at('..\\admin')).toBe('/users/..%5Cadmin/posts');
    expect(at('%2e%2e')).toBe('/users/%252e%252e/posts');
    expect(at('...')).toBe('/users/.../posts');
    expect(at('é\n\0')).toBe('/users/%C3%A9%0A%00/posts');
    expect(at('${SECRET}')).toBe('/users/%24%7BSECRET%7D/posts');
    expect(at(7)).toBe('/users/7/posts');
  });

  it('refuses a value that would make it another path', () => {
    const about = (url: string, id: string): readonly string[] => problems({ url: `${ORIGIN}${url}` }, { id });
    for (const id of ['', '.', '..'])
      expect(about('/users/{{id}}/posts', id)).toEqual([expect.stringContaining('id: ')]);
    expect(about('/users/.{{id}}', '.')).toHaveLength(1);
    expect(about('/users/%2e{{id}}', '.')).toHaveLength(1);
    expect(about('/users/{{id}}{{id}}', '.')).toHaveLength(1);
    expect(about('/users/x{{id}}', '')).toEqual([]);
    expect(about('/users/x{{id}}', '..')).toEqual([]);
    expect(problems({ url: `${ORIGIN}/{{a}}/{{b}}` }, { a: '.' })).toHaveLength(2);
  });

  it('encodes a value in the query as part of one name or value', () => {
    const { url } = request(
      { url: `${ORIGIN}/search`, query: 'q={{q}}&{{name}}=1&empty={{left_out}}' },
      { q: 'a&b=c+d #e/é', name: 'x=1&y' },
    );
    expect(url.search).toBe('?q=a%26b%3Dc%2Bd%20%23e%2F%C3%A9&x%3D1%26y=1&empty=');
    expect(url.hash).toBe('');
  });

  it('stays at its server and keeps its shape, whatever the values', () => {
    const declared = { url: `${ORIGIN}/a/{{x}}/b`, query: 'x={{x}}&y=1' };
    fc.assert(
      fc.property(
        anyText.filter((text) => !['', '.', '..'].includes(text)),
        (x) => {
          const { url } = request(declared, { x });
          expect([url.origin, url.username, url.password, url.hash]).toEqual([ORIGIN, '', '', '']);
          expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'a', x, 'b']);
          expect([...url.searchParams]).toEqual([
            ['x', x],
            ['y', '1'],
          ]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never lets a value into the host, even where the file has no slash behind it', () => {
    for (const x of ['evil.example', '@evil.example', ':80', '.evil.example', '//evil.example', '\\evil.example']) {
      const action = { ...(httpTool({ url: ORIGIN }).action as HttpAction), path: [{ parameter: 'x', quoted: false }] };
      const prepared = toRequest(action, new Map([['x', x]]));
      expect('url' in prepared && prepared.url.origin).toBe(ORIGIN);
    }
    const port = { ...(httpTool({ url: ORIGIN }).action as HttpAction), path: ['@evil.example/'] };
    expect(toRequest(port, new Map())).toMatchObject({ url: { origin: ORIGIN } });
  });

  it('takes header values of visible characters only', () => {
    const declared = { url: `${ORIGIN}/`, headers: { 'X-Name': 'n={{x}}', Authorization: 'Bearer abc' } };
    expect(request(declared, { x: 'a b\té"' }).headers).toMatchObject({
      'x-name': 'n=a b\té"',
      authorization: 'Bearer abc',
    });
    for (const x of [
      'a\r\nX-Admin: 1',
      'a\nb',
      'a\rb',
      'a\0b',
      'a\u007fb',
      'a\u0001',
      'a\u000bb',
      '漢',
      '\u010a\u010d',
      '\u2028',
    ])
      expect(problems(declared, { x })).toEqual([expect.stringMatching(/^x: stands in a header/)]);
  });

  it('frames the message itself', () => {
    const headers = {
      'Content-Length': '5',
      'transfer-encoding': 'chunked',
      Connection: 'upgrade',
      Upgrade: 'websocket',
      TE: 'trailers',
      Expect: '100-continue',
      'Accept-Encoding': 'gzip',
      'User-Agent': 'mine',
    };
    const { headers: sent } = request({ url: `${ORIGIN}/`, method: 'POST', headers, body: ['text', 'é'] }, {});
    expect(sent).toEqual({
      accept: '*/*',
      'accept-encoding': 'identity',
      'content-length': '2',
      'content-type': 'text/plain; charset=utf-8',
      'user-agent': 'mine',
    });
    expect(request({ url: `${ORIGIN}/` }, {}).headers).not.toHaveProperty('content-length');
  });

  it('writes values into a JSON body as JSON, whatever they are', () => {
    const declared = {
      url: `${ORIGIN}/`,
      method: 'POST',
      body: [
        'json',
        '{"whole": {{x}}, "part": "a {{"x"}} b", "n": {{n}}, "o": {{o}}, "none": {{none}}, "empty": "{{"none"}}"}',
      ],
    } as const;
    fc.assert(
      fc.property(anyText, fc.jsonValue() as fc.Arbitrary<JsonValue>, (x, o) => {
        const { body, headers } = request(declared, { x, n: 1.5, o });
        expect(headers['content-type']).toBe('application/json');
        expect(JSON.parse(String(body))).toEqual(
          JSON.parse(JSON.stringify({ whole: x, part: `a ${x} b`, n: 1.5, o, none: null, empty: '' })),
        );
      }),
    );
    expect(String(request({ ...declared, body: ['json', '"{{"o"}}"'] }, { o: { a: '"' } }).body)).toBe(
      '"{\\"a\\":\\"\\\\\\"\\"}"',
    );
  });

  it('writes values into a form encoded, and into other text as they are', () => {
    const form = { url: `${ORIGIN}/`, method: 'POST', body: ['form', 'a={{x}}&b=1'] } as const;
    fc.assert(
      fc.property(anyText, (x) => {
        const sent = new URLSearchParams(String(request(form, { x }).body));
        return sent.size === 2 && sent.get('a') === x && sent.get('b') === '1';
      }),
    );
    expect(request(form, { x: '' }).headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(String(request({ ...form, body: ['text', '<{{x}}>'] }, { x: '&"\n' }).body)).toBe('<&"\n>');
  });
});
