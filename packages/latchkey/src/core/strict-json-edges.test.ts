import { describe, expect, it } from 'vitest';
import type { Message } from './message.ts';
import { parseMessage } from './parse-message.ts';

// The scanner's rules, held where they matter: what stands in a message. Nothing here knows how the scanner is built.

const wrap = (value: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"v":'),
    Buffer.from(value as string),
    Buffer.from('}}}'),
  ]);

/** `taken`, or why the bytes are refused. */
function outcome(bytes: Buffer | string): string {
  const result = parseMessage(Buffer.from(bytes as string));
  if (result.kind === 'message') return 'taken';
  return result.refusal.reason === 'json-malformed' ? 'malformed' : (result.refusal.detail ?? '');
}
const valued = (value: string | Buffer): string => outcome(wrap(value));
const withArguments = (members: string): Message => {
  const result = parseMessage(
    Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{${members}}}}`),
  );
  if (result.kind !== 'message') throw new Error(result.refusal.detail);
  return result.message;
};

const CALL =
  '{ "jsonrpc" : "2.0" , "id" : -12 , "method" : "tools/call" , "params" : { "name" : "caf\u00e9\u4e16\u{1F511}\\u00e9" , ' +
  '"arguments" : { "a" : [ true , false , null , 0 , -1.5e+10 , [ ] , { } ] , "b" : { "c" : "d" } } } }';

describe('a number', () => {
  it.each(['0', '-0', '7', '10', '90', '-12', '0.0', '1.25', '-0.5', '1e5', '1E5', '1e+5', '1e-5', '0e0', '12.34E-56'])(
    'may be spelled %s',
    (text) => {
      expect([valued(text), valued(`[${text},${text}]`), valued(`[${text} ]`)]).toEqual(['taken', 'taken', 'taken']);
    },
  );

  it.each([
    '-',
    '-a',
    '--1',
    '+1',
    '00',
    '01',
    '-01',
    '1.',
    '1.e5',
    '1.a',
    '.5',
    '-.5',
    '1e',
    '1e+',
    '1e-',
    '1ea',
    '1e+-5',
    '1e5.5',
    '1.5.5',
    '1a',
    '1/2',
    '1:2',
    '0x1',
    '1_0',
    '1n',
    '1,',
    '1 2',
    'NaN',
    'Infinity',
    '-Infinity',
    '\u0661',
  ])('may not be spelled %s', (text) => {
    expect([valued(text), valued(`[${text}]`)]).toEqual(['malformed', 'malformed']);
  });
});

describe('a literal', () => {
  it('is one of three words, to the letter', () => {
    expect(['true', 'false', 'null'].map(valued)).toEqual(['taken', 'taken', 'taken']);
    for (const text of ['t', 'tru', 'trux', 'TRUE', 'True', 'fals', 'falsy', 'nul', 'nula', 'nill', 'undefined', '']) {
      expect([text, valued(text)]).toEqual([text, 'malformed']);
      expect([text, valued(`[${text}`)]).toEqual([text, 'malformed']);
    }
    for (const text of ['truee', 'nulll', 'false1', 'true"', 'nulltrue'])
      expect([text, valued(text)]).toEqual([text, 'malformed']);
  });
});

describe('a text', () => {
  it('has no raw control character, and every other ASCII one', () => {
    for (let code = 0; code < 0x80; code += 1) {
      const character = String.fromCharCode(code);
      if (character === '"' || character === '\\') continue;
      expect([code, valued(`"a${character}b"`)]).toEqual([code, code < 0x20 ? 'malformed' : 'taken']);
    }
  });

  it('has the escapes of RFC 8259 and no others', () => {
    for (let code = 0x20; code < 0x7f; code += 1) {
      const escape = `\\${String.fromCharCode(code)}`;
      // What follows makes `\u` whole, and is plain text to the others.
      const known = '"\\/bfnrtu'.includes(String.fromCharCode(code));
      expect([escape, valued(`"${escape}0041"`)]).toEqual([escape, known ? 'taken' : 'malformed']);
    }
    expect(valued('"\\')).toBe('malformed');
    expect(valued('"a\\"')).toBe('malformed');
  });

  it('has four hexadecimal digits after \\u, of either case', () => {
    for (const digits of ['0000', '9999', 'aaaa', 'ffff', 'AAAA', 'FFFF', '0aF9'])
      expect([digits, valued(`"\\u${digits}"`)]).toEqual([digits, 'taken']);
    // The neighbours of each range of digits, in each of the four places.
    for (const wrong of ['/', ':', '@', 'G', '`', 'g', ' ', '"', '\\', '\u00e9'])
      for (let place = 0; place < 4; place += 1) {
        const digits = `${'0'.repeat(place)}${wrong}${'0'.repeat(3 - place)}`;
        expect([digits, valued(`"\\u${digits}"`)]).toEqual([digits, 'malformed']);
      }
    for (const short of ['', '0', '00', '000']) expect(valued(`"\\u${short}"`)).toBe('malformed');
  });

  it('is UTF-8 exactly where a strict decoder takes it', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const isUtf8 = (bytes: Buffer): boolean => {
      try {
        decoder.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const edges = [
      0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
      0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    const last = [0x41, 0x7f, 0x80, 0xbf, 0xc0];
    const wrong: string[] = [];
    const hold = (...sequence: number[]): void => {
      const bytes = Buffer.from(sequence);
      const text = Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]);
      if (valued(text) !== (isUtf8(bytes) ? 'taken' : 'malformed')) wrong.push(bytes.toString('hex'));
    };
    for (const first of edges) {
      hold(first);
      for (const second of edges) {
        hold(first, second);
        for (const third of last) {
          hold(first, second, third);
          if (first >= 0xef) for (const fourth of last) hold(first, second, third, fourth);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

const lists = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

const objects = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

const mixed = (levels: number) => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`;

describe('a document', () => {
  it('is none when it ends early, wherever that is', () => {
    const whole = Buffer.from(CALL);
    expect(outcome(whole)).toBe('taken');
    for (let length = 0; length < whole.length; length += 1)
      expect([length, outcome(whole.subarray(0, length))]).toEqual([length, 'malformed']);
  });

  it('ends where its value ends', () => {
    for (const tail of [' ', '\n', '\t', '\r', ' \r\n\t ']) expect(outcome(`${CALL}${tail}`)).toBe('taken');
    for (const tail of ['x', '}', ',', '0', '{}', ' {}', '\n{}', '\0', '\u00a0', '\ufeff', '//', '\v', '\f'])
      expect([tail, outcome(`${CALL}${tail}`)]).toEqual([tail, 'malformed']);
  });

  it('has white space of four kinds, between any two parts', () => {
    const parts = CALL.split(' ');
    for (const space of ['', ' ', '\n', '\r', '\t', ' \t\r\n']) expect(outcome(parts.join(space))).toBe('taken');
    for (const space of ['\0', '\v', '\f', '\u0085', '\u00a0', '\u2028', '\ufeff', '!'])
      for (let gap = 1; gap < parts.length; gap += 1) {
        const text = `${parts.slice(0, gap).join(' ')}${space}${parts.slice(gap).join(' ')}`;
        expect([space, gap, outcome(text)]).toEqual([space, gap, 'malformed']);
      }
    expect([outcome(`\ufeff${CALL}`), outcome(` \n${CALL}`)]).toEqual(['malformed', 'taken']);
  });

  it.each([
    '{"a" 1}',
    '{"a"x1}',
    '{"a"=1}',
    '{xa":1}',
    '{"a":1,xb":2}',
    '{"a":1 "b":2}',
    '{"a":1;"b":2}',
    '{"a":1:"b":2}',
    '{,}',
    '{"a":1,}',
    '{"a":1,,"b":2}',
    '{"a"}',
    '{"a",}',
    '{"a":}',
    '{"a"::1}',
    '{a:1}',
    "{'a':1}",
    '{1:2}',
    '{null:1}',
    '{"a":1]',
    '{]',
    '{[]}',
    '[}',
    '[1}',
    '[1 2]',
    '[1:2]',
    '[1;2]',
    '[,]',
    '[1,]',
    '[,1]',
    '[1,,2]',
    '[1',
    '{"a":1',
    ']',
    '[]]',
    '{}}',
    '(1)',
    "'a'",
    'a',
  ])('is no other text that looks like one: %s', (text) => {
    expect(valued(text)).toBe('malformed');
  });

  it('is 64 levels deep and no deeper, in lists, in objects and in both', () => {
    // The message, its params and its arguments are three of them.
    expect([valued(lists(61)), valued(lists(62))]).toEqual(['taken', 'too-deep']);
    expect([valued(objects(61)), valued(objects(62))]).toEqual(['taken', 'too-deep']);
    expect([valued(mixed(60)), valued(mixed(62))]).toEqual(['taken', 'too-deep']);
    expect([valued(`[${lists(59)},${lists(60)}]`), valued(`[${lists(60)},${lists(61)}]`)]).toEqual([
      'taken',
      'too-deep',
    ]);
  });
});

const keys = (count: number) => Array.from({ length: count }, (_, i) => `"key${i}":0`);

describe('the keys of an object', () => {
  it('stand once, at every level', () => {
    for (const text of [
      '{"a":1,"a":1}',
      '{"":1,"":2}',
      '{"a":1,"b":2,"a":3}',
      '{"b":2,"a":1,"a":3}',
      '{"a":{"a":1},"a":2}',
      '{"a":[{"a":1,"b":1}],"b":1,"a":2}',
      '[[{"x":1,"x":2}]]',
      '[{"x":1},{"x":1,"x":1}]',
      '{"o":{"p":{"q":1,"q":2}}}',
    ])
      expect([text, valued(text)]).toEqual([text, 'duplicate-key']);
    expect(outcome('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}')).toBe('duplicate-key');
    expect(outcome('{"jsonrpc":"2.0","id":1,"method":"ping","x":1,"x":1}')).toBe('duplicate-key');
  });

  it('may stand again in another object', () => {
    for (const text of [
      '{"a":{"a":{"a":1}}}',
      '{"a":{"b":1,"c":2},"b":{"a":1,"c":2},"c":1}',
      '[{"a":1,"b":2},{"a":1,"b":2}]',
      '{"x":{"a":1},"y":{"a":1},"a":1}',
      '{"a":"b","b":"a"}',
      '{"ab":1,"a":1,"b":1,"ba":1}',
    ])
      expect([text, valued(text)]).toEqual([text, 'taken']);
  });

  it('are the same key however they are spelled', () => {
    for (const text of [
      '{"a":1,"\\u0061":2}',
      '{"\\n":1,"\\u000a":2}',
      '{"\\u0061":1,"a":2}',
      '{"caf\u00e9":1,"caf\\u00e9":2}',
      '{"\u00e9":1,"\u00e9":2}',
      '{"\u{1F511}":1,"\\ud83d\\udd11":2}',
    ])
      expect([text, valued(text)]).toEqual([text, 'duplicate-key']);
  });

  it.each([1, 2, 15, 16, 17, 18, 40, 300])('are told apart among %i others', (count) => {
    const many = keys(count);
    expect(valued(`{${many.join()}}`)).toBe('taken');
    for (const again of [0, count >> 1, count - 1]) {
      expect(valued(`{${many.join()},"key${again}":1}`)).toBe('duplicate-key');
      expect(valued(`{${many.join()},"\\u006bey${again}":1}`)).toBe('duplicate-key');
    }
    expect(valued(`{${many.join()},"last":1,"last":2}`)).toBe('duplicate-key');
    expect(valued(`{${many.join()},"in":{${many.join()}},"after":1}`)).toBe('taken');
    expect(valued(`{${many.join()},"in":{${many.join()}},"key0":1}`)).toBe('duplicate-key');
  });

  it('are told apart where many objects with many keys stand in each other', () => {
    const nest = (levels: number): string =>
      levels === 0 ? '1' : `{${keys(20).join()},"in":${nest(levels - 1)},"after":1}`;
    expect(valued(nest(60))).toBe('taken');
    expect(valued(nest(60).replace('"after":1}', '"key3":1}'))).toBe('duplicate-key');
  });

  it('have no half of a surrogate pair, which programs turn into one and the same', () => {
    for (const key of ['\\ud800', 'a\\udfff', '\\udc00\\ud800', '\\ud83dx'])
      expect([key, valued(`{"${key}":1}`)]).toEqual([key, 'key-variant']);
    expect([valued('{"\\ud83d\\udd11":1}'), valued('{"a":"\\ud800"}')]).toEqual(['taken', 'taken']);
  });
});

const isAmbiguous = (members: string) => withArguments(members).argsAmbiguous;

const others = (count: number) => Array.from({ length: count }, (_, i) => `"key${i}":0,`).join('');

describe('keys that differ only by case', () => {
  it('are noticed at the top of the arguments, among few keys and among many', () => {
    for (const count of [0, 1, 14, 15, 16, 17, 40]) {
      expect([count, isAmbiguous(`${others(count)}"path":1,"PATH":2`)]).toEqual([count, true]);
      expect([count, isAmbiguous(`"Path":1,${others(count)}"pATH":2`)]).toEqual([count, true]);
      expect([count, isAmbiguous(`${others(count)}"path":1,"paths":2`)]).toEqual([count, false]);
    }
    expect(isAmbiguous('"a":1,"z":2,"A":3')).toBe(true);
    expect(isAmbiguous('"z":1,"a":2,"Z":3')).toBe(true);
  });

  it('are noticed beyond ASCII, and when one of them is escaped', () => {
    for (const members of ['"\u00e9":1,"\u00c9":2', '"a":1,"\\u0041":2', '"task":1,"ta\u017fk":2', '"k":1,"\u212a":2'])
      expect([members, isAmbiguous(members)]).toEqual([members, true]);
  });

  it('are nothing to notice elsewhere, or when they differ otherwise', () => {
    for (const members of ['"x":{"a":1},"y":{"A":2}', '"x":"a","A":2', '"a":1,"b":2', '"a1":1,"a2":2', '"[":1,"{":2'])
      expect([members, isAmbiguous(members)]).toEqual([members, false]);
    expect(isAmbiguous('')).toBe(false);
  });

  it('are not remembered from one message to the next', () => {
    expect([isAmbiguous('"a":1,"A":2'), isAmbiguous('"a":1')]).toEqual([true, false]);
  });
});

describe('keys that set a prototype', () => {
  it('are noticed at any depth, however they are spelled', () => {
    const poison = [
      '"__proto__":{"path":1}',
      '"\\u005f_proto__":null',
      '"constructor":{"prototype":{}}',
      '"constructor" : {}',
    ];
    for (const one of [
      ...poison,
      `"${String.raw`\u0063\u006f\u006e\u0073\u0074\u0072\u0075\u0063\u0074\u006f\u0072`}":{}`,
    ])
      for (const members of [one, `"a":{${one}}`, `"a":[1,{"b":0,${one}}],"c":1`, `${others(20)}${one}`])
        expect([members, isAmbiguous(members)]).toEqual([members, true]);
  });

  it('are only these', () => {
    for (const members of [
      '"proto":1',
      '"__proto":1',
      '"constructor":"x"',
      '"constructor":[{}]',
      '"prototype":{}',
      '"c":{}',
    ])
      expect([members, isAmbiguous(members)]).toEqual([members, false]);
  });
});

const message = (members: string) => outcome(`{"jsonrpc":"2.0","id":1,"method":"tools/list"${members}}`);

describe('keys that only look like those of the protocol', () => {
  it('are refused in the message, in params, in _meta and in what else is judged', () => {
    for (const members of [
      ',"Params":{}',
      ',"PARAMS":{}',
      ',"par ams":{}',
      ',"Result":1',
      ',"paramS":{}',
      ',"par\\u0041ms":{}',
      ',"params":{"Name":"x"}',
      ',"params":{"URI":"x"}',
      ',"params":{"_Meta":{}}',
      ',"params":{"Cursor":"x"}',
      ',"params":{"ref":{"Type":"x"}}',
      ',"params":{"notifications":{"ResourceSubscriptions":[]}}',
      ',"params":{"notifications":{"toolslistchanged":true}}',
      ',"params":{"_meta":{"ProgressToken":1}}',
      ',"params":{"_meta":{"io.modelcontextprotocol/protocolversion":"x"}}',
      ',"params":{"_meta":{"IO.modelcontextprotocol/clientInfo":{}}}',
      ',"params":{"\uff4eame":"x"}',
      ',"params":{"name\\u200b":"x"}',
      ',"params":{"name ":"x"}',
    ])
      expect([members, message(members)]).toEqual([members, 'key-variant']);
  });

  it.each([
    'name',
    'arguments',
    '_meta',
    'uri',
    'ref',
    'requestId',
    'notifications',
    'argument',
    'context',
    'cursor',
    'level',
    'protocolVersion',
    'capabilities',
    'clientInfo',
    'progressToken',
    'requestState',
    'inputResponses',
    'task',
    'taskId',
  ])('are refused for every member of params, judged or not: %s', (name) => {
    const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
    expect(message(`,"params":{"${other}":{}}`)).toBe('key-variant');
    expect(message(`,"params":{"${name.slice(0, -1)}${name.at(-1)?.toUpperCase()}":{}}`)).toBe('key-variant');
  });

  it.each(['protocolVersion', 'clientCapabilities', 'clientInfo', 'logLevel', 'subscriptionId'])(
    'are refused for every member of _meta that the protocol names: %s',
    (name) => {
      const key = `io.modelcontextprotocol/${name}`;
      expect(message(`,"params":{"_meta":{"${key}x":1}}`)).toBe('taken');
      expect(message(`,"params":{"_meta":{"${key.toUpperCase()}":1}}`)).toBe('key-variant');
    },
  );

  it.each(['toolsListChanged', 'promptsListChanged', 'resourcesListChanged', 'resourceSubscriptions'])(
    'are refused for every kind of subscription: %s',
    (name) => {
      expect(message(`,"params":{"notifications":{"${name.toLowerCase()}":true}}`)).toBe('key-variant');
    },
  );

  it('are other keys when more than the spelling differs', () => {
    for (const key of ['names', 'nam', 'nbme', 'oame', 'namf', 'ur1', 'x y'])
      expect([key, message(`,"params":{"${key}":1}`)]).toEqual([key, 'taken']);
    expect(message(',"x":1,"idd":2,"i":3')).toBe('taken');
  });

  it('are nobody’s concern inside arguments', () => {
    expect(withArguments('"Name":1,"ID":2,"_META":{}').kind).toBe('request');
  });
});
