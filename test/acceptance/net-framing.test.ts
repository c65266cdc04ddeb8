import { afterAll, beforeAll, expect, test } from 'vitest';
import { converseRaw, type RawConversation } from '../fixtures/raw-connection.ts';
import {
  callBody,
  callsSeen,
  expectUpstreamUntouched,
  requestBytes,
  send,
  startEverySite,
  type Site,
  type Spy,
} from './harness.ts';

let sites: readonly Site<Spy>[];
beforeAll(async () => {
  sites = await startEverySite({ limits: { failedPerAddress: '100000/min' } });
}, 180_000);
afterAll(async () => {
  for (const site of sites) await site.close();
});

const BODY = callBody();
const LENGTH = BODY.length;
const HEX = LENGTH.toString(16);
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** M0 with these framing headers (each ended by its own line end) and these bytes after the headers. */
function post(framing: string, bytes = BODY, line = 'POST /mcp HTTP/1.1'): (site: Site<Spy>) => string {
  return (site) => {
    const [, head = ''] = /^[^\n]*\n([\s\S]*?)Content-Length: .*\r\n/.exec(requestBytes(site, {}).toString()) ?? [];
    return `${line}\r\n${head}${framing}\r\n${bytes}`;
  };
}

const length = (value: string, bytes = BODY): ((site: Site<Spy>) => string) =>
  post(`Content-Length: ${value}\r\n`, bytes);
const coding = (value: string, bytes = chunks()): ((site: Site<Spy>) => string) =>
  post(`Transfer-Encoding: ${value}\r\n`, bytes);
const withHeader = (header: string): ((site: Site<Spy>) => string) =>
  post(`${header}\r\nContent-Length: ${LENGTH}\r\n`);
const chunks = (size = HEX, end = '0\r\n\r\n', after = '\r\n'): string => `${size}\r\n${BODY}${after}${end}`;
const chunk = (...parts: readonly string[]): ((site: Site<Spy>) => string) => post(CHUNKED, chunks(...parts));
const line = (text: string): ((site: Site<Spy>) => string) => post(`Content-Length: ${LENGTH}\r\n`, BODY, text);

type Attacks = Readonly<Record<string, (site: Site<Spy>) => string>>;

/**
 * Each is refused with this status, and the connection closed. Behind each comes a whole right request, as
 * that of another caller would on a connection that a proxy keeps: nobody judges it, and nothing of it runs.
 */
async function expectEachEndsConnection(attacks: Attacks, status: number): Promise<void> {
  for (const site of sites) {
    const next = requestBytes(site, { id: 'of-somebody-else' }).toString();
    await expectUpstreamUntouched(site, async () => {
      const attempts = Object.entries(attacks).map(async ([attack, bytesOf]) => {
        const { statuses, closed } = await converseRaw(site.gateway.url, bytesOf(site) + next);
        return { attack, statuses, closed };
      });
      const refused = Object.keys(attacks).map((attack) => ({ attack, statuses: [status], closed: true }));
      expect(await Promise.all(attempts)).toEqual(refused);
    });
  }
}

test('NET-18 framing attacks: two lengths, and lengths that are none', async () => {
  const [first = '', ...rest] = String(LENGTH);
  const smuggled = 'GET /healthz HTTP/1.1\r\nX: ';
  await expectEachEndsConnection(
    {
      'CL.CL equal': post(`Content-Length: ${LENGTH}\r\nContent-Length: ${LENGTH}\r\n`),
      'CL.CL different': post(`Content-Length: ${LENGTH}\r\nContent-Length: 0\r\n`),
      'CL.CL different, zero first': post(`Content-Length: 0\r\nContent-Length: ${LENGTH}\r\n`),
      'CL.CL in other case': post(`Content-Length: ${LENGTH}\r\ncontent-length: ${LENGTH}\r\n`),
      'CL.TE': post(`Content-Length: ${LENGTH}\r\n${CHUNKED}`, `0\r\n\r\n${smuggled}`),
      'TE.CL': post(`${CHUNKED}Content-Length: 4\r\n`, chunks()),
      'CL 0 and TE': post(`Content-Length: 0\r\n${CHUNKED}`, chunks()),
      'CL of the chunks and TE': post(`Content-Length: ${chunks().length}\r\n${CHUNKED}`, chunks()),
      list: length(`${LENGTH}, ${LENGTH}`),
      'list of different': length(`${LENGTH}, 2`),
      plus: length(`+${LENGTH}`),
      minus: length('-1'),
      'minus zero': length('-0'),
      hexadecimal: length(`0x${HEX}`),
      'octal or not': length(`0${LENGTH}`),
      'zeros in front': length(`0000000${LENGTH}`),
      'two zeros': length('00', ''),
      'space inside': length(`${first} ${rest.join('')}`),
      underscore: length(`${first}_${rest.join('')}`),
      'vertical tab': length(`\x0b${LENGTH}`),
      'no-break space': length(`\xa0${LENGTH}`),
      empty: length(''),
      fraction: length(`${LENGTH}.0`),
      exponent: length('3e2'),
      parameter: length(`${LENGTH};x=1`),
      quoted: length(`"${LENGTH}"`),
      'over 2^64': length('18446744073709551617'),
      'over 2^53': length('9007199254740993'),
      'a hundred digits': length('9'.repeat(100)),
      'fullwidth digits': length('\xef\xbc\x93'),
      letters: length('ten'),
    },
    400,
  );
});

test('NET-18 framing attacks: transfer codings other than exactly chunked', async () => {
  await expectEachEndsConnection(
    {
      'gzip, chunked': coding('gzip, chunked'),
      'chunked, gzip': coding('chunked, gzip'),
      'chunked, identity': coding('chunked, identity'),
      'identity, chunked': coding('identity, chunked'),
      'chunked, chunked': coding('chunked, chunked'),
      identity: coding('identity', BODY),
      'identity and a length': post(`Transfer-Encoding: identity\r\nContent-Length: ${LENGTH}\r\n`),
      xchunked: coding('xchunked'),
      'xchunked and a length': post(`Transfer-Encoding: xchunked\r\nContent-Length: ${LENGTH}\r\n`),
      cow: coding('cow'),
      Chunked: coding('Chunked'),
      CHUNKED: coding('CHUNKED'),
      quoted: coding('"chunked"'),
      parameter: coding('chunked;q=1'),
      'comma behind': coding('chunked,'),
      'comma before': coding(',chunked'),
      'space inside': coding('chu nked'),
      'vertical tab': coding('\x0bchunked'),
      'form feed behind': coding('chunked\x0c'),
      'no-break space behind': coding('chunked\xa0'),
      'space and tab behind': coding('chunked \t'),
      NUL: coding('chunked\0'),
      'dotted capital': coding('chunKed'.replace('K', '\xe2\x84\xaa')),
      empty: coding('', BODY),
      'empty and a length': post(`Transfer-Encoding: \r\nContent-Length: ${LENGTH}\r\n`),
      twice: post(CHUNKED + CHUNKED, chunks()),
      'twice, one identity': post(`${CHUNKED}Transfer-Encoding: identity\r\n`, chunks()),
      'twice, identity first': post(`Transfer-Encoding: identity\r\n${CHUNKED}`, chunks()),
      'twice, one empty': post(`${CHUNKED}Transfer-Encoding:\r\n`, chunks()),
      'space before colon': post('Transfer-Encoding : chunked\r\n', chunks()),
      'tab before colon': post('Transfer-Encoding\t: chunked\r\n', chunks()),
      folded: post('Transfer-Encoding:\r\n chunked\r\n', chunks()),
      'behind a bare LF': post(`X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: ${LENGTH}\r\n`),
      'behind a bare CR': post(`X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: ${LENGTH}\r\n`),
      'in HTTP/1.0': post(CHUNKED, chunks(), 'POST /mcp HTTP/1.0'),
      'in HTTP/1.0, kept alive': post(`${CHUNKED}Connection: keep-alive\r\n`, chunks(), 'POST /mcp HTTP/1.0'),
    },
    400,
  );
});

test('NET-18 framing attacks: chunks', async () => {
  await expectEachEndsConnection(
    {
      plus: chunk(`+${HEX}`),
      minus: chunk('-1'),
      '0x': chunk(`0x${HEX}`),
      'space before': chunk(` ${HEX}`),
      'space behind': chunk(`${HEX} `),
      'tab behind': chunk(`${HEX}\t`),
      underscore: chunk(`${HEX[0] as string}_${HEX.slice(1)}`),
      'over 2^64': chunk(`100000000000000${HEX}`),
      'seventeen f': chunk('f'.repeat(17)),
      empty: chunk(''),
      'no digit': chunk('g'),
      'extension only': chunk(';a=b'),
      'LF behind the size': post(CHUNKED, `${HEX}\n${BODY}\r\n0\r\n\r\n`),
      'CR behind the size': post(CHUNKED, `${HEX}\r${BODY}\r\n0\r\n\r\n`),
      'LF in an extension': chunk(`${HEX};a\nb`),
      'CR in an extension': chunk(`${HEX};a\rb`),
      'NUL in an extension': chunk(`${HEX};a\0b`),
      'CR LF in a quoted extension': chunk(`${HEX};a="b\r\nc"`),
      'LF behind the data': chunk(HEX, '0\r\n\r\n', '\n'),
      'nothing behind the data': chunk(HEX, '0\r\n\r\n', ''),
      'two other bytes behind the data': chunk(HEX, '0\r\n\r\n', 'XX'),
      'LF LF as the end': chunk(HEX, '0\n\n'),
      'size too small': chunk((LENGTH - 1).toString(16)),
      'trailer Authorization': chunk(HEX, '0\r\nAuthorization: Bearer x\r\n\r\n'),
      'trailer Mcp-Name': chunk(HEX, '0\r\nMcp-Name: delete_all\r\n\r\n'),
      'trailer of no meaning': post(`Trailer: X-A\r\n${CHUNKED}`, chunks(HEX, '0\r\nX-A: b\r\n\r\n')),
      'trailer Content-Length': chunk(HEX, '0\r\nContent-Length: 5\r\n\r\n'),
      'trailer Transfer-Encoding': chunk(HEX, '0\r\nTransfer-Encoding: chunked\r\n\r\n'),
      'trailer with LF': chunk(HEX, '0\r\nX: y\n\r\n'),
      'trailer folded': chunk(HEX, '0\r\nX: y\r\n z\r\n\r\n'),
    },
    400,
  );
  await expectEachEndsConnection({ 'an extension of 20 KB': chunk(`${HEX};${'a'.repeat(20_000)}`) }, 413);
  await expectEachEndsConnection({ 'a trailer of 20 KB': chunk(HEX, `0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`) }, 431);
});

test('NET-18 framing attacks: header lines', async () => {
  const bare = (site: Site<Spy>): string => length(String(LENGTH))(site);
  await expectEachEndsConnection(
    {
      'obs-fold': withHeader('X-A: b\r\n c'),
      'obs-fold with tab': withHeader('X-A: b\r\n\tc'),
      'obs-fold in the first line': (site) => bare(site).replace('\r\n', '\r\n X: y\r\n'),
      'space before colon': withHeader('X-A : b'),
      'tab before colon': withHeader('X-A\t: b'),
      'space before colon of the length': post(`Content-Length : ${LENGTH}\r\n`),
      'bare LF': withHeader('X-A: b\nX-B: c'),
      'bare LF everywhere': (site) => bare(site).replaceAll('\r\n', '\n'),
      'bare LF at the end of headers': (site) => bare(site).replace('\r\n\r\n', '\r\n\n'),
      'LF CR': (site) => bare(site).replace('\r\n\r\n', '\n\r\n\r'),
      'bare CR': withHeader('X-A: b\rX-B: c'),
      'CR CR LF': withHeader('X-A: b\r\r\nX-B: c'),
      'NUL in a value': withHeader('X-A: b\0c'),
      'NUL in a name': withHeader('X-\0A: b'),
      'NUL behind the length': length(`${LENGTH}\0`),
      'control in a value': withHeader('X-A: b\x01c'),
      'escape in User-Agent': withHeader('User-Agent: b\x1b[31m'),
      'DEL in a value': withHeader('X-A: b\x7f'),
      'vertical tab in a value': withHeader('X-A: b\x0bc'),
      '8-bit in a name': withHeader('X-\xe9: b'),
      'space in a name': withHeader('X A: b'),
      'slash in a name': withHeader('X/A: b'),
      'parenthesis in a name': withHeader('X(A): b'),
      'at sign in a name': withHeader('X@A: b'),
      'quote in a name': withHeader('"X": b'),
      'empty name': withHeader(': b'),
      'no colon': withHeader('X-A'),
      content_length: withHeader('Content_Length: 5'),
      'content_length alone': post(`content_length: ${LENGTH}\r\n`),
      transfer_encoding: withHeader('Transfer_Encoding: chunked'),
      content_type: withHeader('Content_Type: text/plain'),
      content_encoding: withHeader('Content_Encoding: gzip'),
      x_api_key: withHeader('X_Api_Key: x'),
      'x_api-key': withHeader('X_Api-Key: x'),
      mcp_name: withHeader('Mcp_Name: delete_all'),
      'mcp-session_id': withHeader('Mcp-Session_Id: x'),
      mcp_param_region: withHeader('Mcp_Param_Region: eu'),
      x_forwarded_for: withHeader('X_Forwarded_For: 1.2.3.4'),
      'x-forwarded_proto': withHeader('X-Forwarded_Proto: https'),
      'length named by Connection': withHeader('Connection: content-length'),
      'credential named by Connection': withHeader('Connection: close, Authorization'),
      'name named by Connection': withHeader('Connection: keep-alive, Mcp-Name'),
      'Connection twice': withHeader('Connection: keep-alive\r\nConnection: X-Foo'),
      'two Host': withHeader('Host: 127.0.0.1'),
      'no Host': (site) => bare(site).replace(/^Host: .*\r\n/m, ''),
    },
    400,
  );
});

test('NET-18 framing attacks: request lines, versions and methods', async () => {
  await expectEachEndsConnection(
    {
      'HTTP/0.9': () => 'GET /mcp\r\n',
      'HTTP/0.9 with POST': () => 'POST /mcp\r\n\r\n',
      'version 0.9': line('POST /mcp HTTP/0.9'),
      'version 1.2': line('POST /mcp HTTP/1.2'),
      'version 2.0': line('POST /mcp HTTP/2.0'),
      'version 3': line('POST /mcp HTTP/3'),
      'version 1.10': line('POST /mcp HTTP/1.10'),
      'version 01.1': line('POST /mcp HTTP/01.1'),
      'version 1.1 in small letters': line('POST /mcp http/1.1'),
      'version HTTPS': line('POST /mcp HTTPS/1.1'),
      'no version': line('POST /mcp'),
      'the preface of HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
      'TLS where there is none': () => '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
      'tabs between': line('POST\t/mcp\tHTTP/1.1'),
      'space behind': line('POST /mcp HTTP/1.1 '),
      'space in the target': line('POST /mcp x HTTP/1.1'),
      'space before': (site) => ` ${line('POST /mcp HTTP/1.1')(site)}`,
      'small letters': line('post /mcp HTTP/1.1'),
      'mixed letters': line('Post /mcp HTTP/1.1'),
      'a method nobody knows': line('FOO /mcp HTTP/1.1'),
      'a method with a NUL': line('POST\0 /mcp HTTP/1.1'),
      'a method of another protocol': line('SETUP /mcp HTTP/1.1'),
      CONNECT: line('CONNECT /mcp HTTP/1.1'),
      'CONNECT to itself': (site) => line(`CONNECT ${new URL(site.gateway.url).host} HTTP/1.1`)(site),
      'GET with a length': line('GET /mcp HTTP/1.1'),
      'GET with chunks': post(CHUNKED, chunks(), 'GET /mcp HTTP/1.1'),
      'DELETE with a length': line('DELETE /mcp HTTP/1.1'),
      'OPTIONS with a length': line('OPTIONS /mcp HTTP/1.1'),
      'HEAD with a length': line('HEAD /healthz HTTP/1.1'),
      'a public document with a length': line('GET /healthz HTTP/1.1'),
      'a public document with chunks': post(CHUNKED, chunks(), 'GET /readyz HTTP/1.1'),
    },
    400,
  );
  for (const site of sites) {
    for (const method of ['TRACE', 'PUT', 'PATCH', 'PROPFIND', 'QUERY', 'LINK', 'PURGE', 'M-SEARCH']) {
      site.spy.reset();
      const bytes = requestBytes(site, { method }).toString();
      const { statuses } = await converseRaw(site.gateway.url, bytes, { until: isAnswered });
      expect({ method, statuses }).toEqual({ method, statuses: [405] });
      expect(site.spy.bytes()).toBe('');
    }
  }
});

const isAnswered = (text: string): boolean => text.includes('\r\n\r\n');

test('NET-18 framing attacks: Expect', async () => {
  const bad = ['200-ok', '100-continue, x', '100-continue;q=1', '"100-continue"', '100-continued', '', '100'];
  const attacks = bad.map((value) => [value, withHeader(`Expect: ${value}`)] as const);
  await expectEachEndsConnection(
    { ...Object.fromEntries(attacks), twice: withHeader('Expect: 100-continue\r\nExpect: 100-continue') },
    400,
  );
  // A client that was refused may or may not send its body: whatever comes is not read.
  const waiting = stranger('Expect: 100-continue\r\nContent-Length: 20', '');
  await expectEachEndsConnection({ 'refused before the body': waiting }, 401);
  for (const site of sites) {
    const bytes = withHeader('Expect: 100-Continue')(site);
    expect((await served(site, bytes)).statuses).toEqual([100, 200]);
    // A client of HTTP/1.0 does not know interim answers.
    const old = post(`Expect: 100-continue\r\nContent-Length: ${LENGTH}\r\n`, BODY, 'POST /mcp HTTP/1.0')(site);
    expect((await served(site, old)).statuses).toEqual([200]);
  }
});

const stranger =
  (headers: string, bytes: string) =>
  (site: Site<Spy>): string =>
    `POST /mcp HTTP/1.1\r\nHost: ${new URL(site.gateway.url).host}\r\n${headers}\r\n\r\n${bytes}`;

/** Sends bytes that hold one right call, and waits for its result. */
async function served(site: Site<Spy>, bytes: string): Promise<RawConversation> {
  site.spy.reset();
  const conversation = await converseRaw(site.gateway.url, bytes, { until: (text) => text.includes('"result"') });
  await site.spy.settled?.();
  expect(callsSeen(site)).toHaveLength(1);
  return conversation;
}

test('NET-18 framing attacks: after the last request of a connection', async () => {
  const big = 'x'.repeat(70_000);
  for (const site of sites) {
    const next = requestBytes(site, { id: 'of-somebody-else' }).toString();
    // The call before is answered, what comes behind it is not.
    const lasts: Attacks = {
      'Connection: close': withHeader('Connection: close'),
      'Connection: Close, keep-alive': withHeader('Connection: keep-alive, close'),
      'HTTP/1.0': line('POST /mcp HTTP/1.0'),
      'Upgrade: h2c': withHeader(
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
      ),
      'Upgrade: websocket': withHeader(
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ),
      'Upgrade: TLS/1.2': withHeader('Connection: Upgrade\r\nUpgrade: TLS/1.2'),
      'Upgrade without Connection': withHeader('Upgrade: h2c'),
    };
    for (const [last, bytesOf] of Object.entries(lasts)) {
      site.spy.reset();
      const { statuses, closed, text } = await converseRaw(site.gateway.url, bytesOf(site) + next);
      expect({ last, statuses, closed }).toEqual({ last, statuses: [200], closed: true });
      expect(text).not.toMatch(/of-somebody-else|^upgrade:/im);
      expect(callsSeen(site)).toHaveLength(1);
    }
  }
  const unread = {
    'a body that was not read': stranger(`Content-Length: ${big.length}`, big),
    'chunks that were not read': stranger('Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
  };
  await expectEachEndsConnection(unread, 401);
});

test('NET-18 framing attacks: bytes behind a right request never stand in its answer', async () => {
  for (const site of sites) {
    const slow = requestBytes(site, { tool: 'slow' }).toString();
    for (const garbage of ['garb\x01age\r\n\r\n', 'POST /mcp HTTP/9.9\r\n\r\n', '\0'.repeat(100)]) {
      const { text, statuses } = await converseRaw(site.gateway.url, slow + garbage);
      expect(statuses).toEqual([200, 400]);
      // The answer is whole, a stream with its own end, before anything else is said.
      expect(text).toMatch(/"ran.*slow.*(?:\}|\n\n\r\n0\r\n\r\n)HTTP\/1\.1 400 /s);
    }
  }
});

test('NET-18 framing attacks: what broke off in the middle is not in the trail as let through', async () => {
  const [site] = sites as readonly [Site];
  await converseRaw(site.gateway.url, post(CHUNKED, '5\r\nhelloXX')(site));
  const socket = converseRaw(site.gateway.url, length(String(LENGTH), BODY.slice(0, 20))(site), { timeoutMs: 300 });
  await expect(socket).rejects.toThrow('left open');
  const last = await send(site);
  expect(last.status).toBe(200);
  const records = async (): Promise<readonly { decision: string; target: string | null }[]> => {
    const lines = (await site.gateway.command('trail', '--json', '--limit', '3')).split('\n');
    return lines.filter((text) => text !== '').map((text) => JSON.parse(text) as never);
  };
  await expect.poll(async () => (await records()).at(-1)?.target, { timeout: 20_000 }).toBe('echo');
  expect((await records()).map(({ decision }) => decision)).toEqual(['deny', 'deny', 'allow']);
});

test('NET-18 framing: what is no attack is served', async () => {
  const right: Attacks = {
    'a length': length(String(LENGTH)),
    'tab before the length': length(`\t${LENGTH}`),
    'space behind the length': length(`${LENGTH} `),
    'one chunk': chunk(),
    'two chunks': post(
      CHUNKED,
      `5\r\n${BODY.slice(0, 5)}\r\n${(LENGTH - 5).toString(16)}\r\n${BODY.slice(5)}\r\n0\r\n\r\n`,
    ),
    'a size in capitals': chunk(HEX.toUpperCase()),
    'zeros before a size': chunk(`000000${HEX}`),
    'a short extension': chunk(`${HEX};a=b`),
    'a quoted extension': chunk(`${HEX};a="b;c"`),
    'header names in other case': post(`cOnTeNt-LeNgTh: ${LENGTH}\r\n`),
    'tab in a value': withHeader('X-A: b\tc'),
    '8-bit in a value': withHeader('X-A: b\xe9'),
    'odd characters in a name': withHeader("X!#$%&'*+.^`|~: b"),
    'underscore in a name': withHeader('X_Trace: b'),
    'empty line before': (site) => `\r\n${length(String(LENGTH))(site)}`,
    'HTTP/1.0 kept alive': post(`Connection: keep-alive\r\nContent-Length: ${LENGTH}\r\n`, BODY, 'POST /mcp HTTP/1.0'),
  };
  for (const site of sites)
    for (const [variant, bytesOf] of Object.entries(right)) {
      const { statuses, text } = await served(site, bytesOf(site));
      expect({ variant, statuses }).toEqual({ variant, statuses: [200] });
      expect(text).toContain('"ran');
    }
  // The upstream is sent one length, whatever the caller sent.
  const [http] = sites as readonly [Site];
  await served(http, chunk(`${HEX};a=b`)(http));
  expect(http.spy.bytes()).toMatch(new RegExp(`^content-length: ${LENGTH}\r$`, 'im'));
  expect(http.spy.bytes()).not.toMatch(/transfer-encoding|;a=b/i);
});
