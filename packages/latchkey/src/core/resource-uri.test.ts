import { check, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareUri, closeUri, foldUri, isAmbiguousUri, spellUri } from './resource-uri.ts';

const AMBIGUOUS = [
  'file:///data/../etc/passwd',
  'file:///data/./a',
  'file:///data/..',
  '../etc',
  'file:///data/%2e%2e/etc',
  'file:///data/.%2E/etc',
  'file:///data/%252e%252e/etc',
  'file:///data%2fetc',
  'file:///data%5Cetc',
  String.raw`file:///data\..\etc`,
  'file:///data/a\u0000',
  'file:///data/a%00',
  'file:///data/a\nb',
  'file:///data//secret',
  'file:////data/secret',
  'file:///data/%73ecret',
  'file:///data/secret#x',
  'file:///data/secret?x',
  'FILE:///data/secret',
  'https://EXAMPLE.com/a',
  'file:///data/..;/etc',
  'docs://get?path=../secret',
  'file:///data/\uFF0E\uFF0E\uFF0Fetc',
  'file:///data/%ef%bc%8fetc',
  'file:///data/%c0%ae/etc',
  'file:///data/%zz',
  ' file:///data/a',
  `file:///data/${'a'.repeat(9000)}`,
  'https://h:443/a',
  'http://h:80/a',
  'http://h:/a',
  'http://h:080/a',
  'ws://h:80/',
  'wss://h:443/',
  'ftp://h:21/',

  'http://u@h/a',
  'http://@h/a',
  'http://h./a',
  'http://h.:81/a',
  'http://h\u00AD/a',
  'http://\u00E9/a',
  'http://%41/a',
  'http:/h/a',
  'http:h/a',
  'http:///h/a',
  'file:/a',
  'file:a',
  'http://127.1/',
  'http://[0::1]/',
  'http://h:x/',
  'a://h/x?',
  'a:x?',
  'a://h/x;',
  'a://h/x;y',
  'a://h/x;y/z',
  'a:x;y',
];

const PLAIN = [
  'file:///data/a.txt',
  'file:///data/..a/b..',
  'file:///data/caf%C3%A9',
  'file:///data/a%20b',
  'file:///data/100%25',
  'https://example.com/a?u=https://other.example/x',
  'test://static/resource/1',
  'note:Todo',
  'demo://Resource/Static/1',
  'mem://a/b?c=d&e=f;g',
  'contacts://bob@example.com',
  'http://h:8080/a',
  'https://[::1]:8443/a',
  'https://xn--caf-dma.example',
];

const needless = (code: number) => /[\w\-.~]|[\u0000-\u001f\u007f/\\]/.test(String.fromCharCode(code));

describe('isAmbiguousUri', () => {
  it('finds what reads in two ways', () => {
    expect(AMBIGUOUS.filter((uri) => !isAmbiguousUri(uri))).toEqual([]);
  });

  it('passes what reads in one', () => {
    expect(PLAIN.filter((uri) => isAmbiguousUri(uri))).toEqual([]);
  });

  it('finds encodings of what needs none, also encoded again, and leaves those of what does', () => {
    for (let code = 0; code < 0x80; code += 1) {
      const hex = code.toString(16).padStart(2, '0');
      for (const encoded of [`%${hex}`, `%${hex.toUpperCase()}`, `%25${hex}`, `%2525${hex}`])
        expect([encoded, isAmbiguousUri(`a:/x${encoded}y`)]).toEqual([encoded, needless(code)]);
    }
    for (const broken of ['%', '%4', '%g0', '%0g', '%a', '100%'])
      expect([broken, isAmbiguousUri(`a:/x${broken}`)]).toEqual([broken, true]);
  });

  it('finds capitals where programs fold case, and only there', () => {
    const folding = ['http', 'https', 'ws', 'wss', 'ftp', 'file'];
    for (const scheme of folding) {
      expect([scheme, isAmbiguousUri(`${scheme}://Host/a`)]).toEqual([scheme, true]);
      expect([scheme, isAmbiguousUri(`${scheme}://HOST`)]).toEqual([scheme, true]);
      expect([scheme, isAmbiguousUri(`${scheme}://my.hosT/a`)]).toEqual([scheme, true]);
      expect([scheme, isAmbiguousUri(`${scheme}://host/A`)]).toEqual([scheme, false]);
    }
    for (const scheme of ['xfile', 'filex', 'demo', 'httpx', 'xws'])
      expect([scheme, isAmbiguousUri(`${scheme}://Host/a`)]).toEqual([scheme, false]);
    expect([isAmbiguousUri('Demo://a'), isAmbiguousUri('deMO:a'), isAmbiguousUri('A')]).toEqual([true, true, false]);
  });

  it('finds doubled separators after the host, but none in a query', () => {
    for (const uri of ['a://b//c', 'a:b//c', 'a:/b//c', 'a:////b', '://a', 'a//b', '//a', 'http://h//'])
      expect([uri, isAmbiguousUri(uri)]).toEqual([uri, true]);
    for (const uri of ['a://b/c', 'a:///b', 'a://b?c//d', 'a:b?c://d', 'http://h?x=//y', 'a:?//'])
      expect([uri, isAmbiguousUri(uri)]).toEqual([uri, false]);
    expect([isAmbiguousUri('file:///a?b'), isAmbiguousUri('files:///a?b')]).toEqual([true, false]);
  });

  it('takes URIs as long as any pattern is tried on', () => {
    expect([isAmbiguousUri('a'.repeat(8192)), isAmbiguousUri('a'.repeat(8193))]).toEqual([false, true]);
  });

  it('finds everything that the URL standard would read as another text', () => {
    const tails = string({ unit: constantFrom(...'/.%2eEfF5cCaA\\?#;:ab\t'), maxLength: 14 });
    const sound = property(tails, (tail) => {
      const uri = `https://h.example/data/${tail}`;
      return URL.parse(uri)?.href === uri || isAmbiguousUri(uri);
    });
    expect(check(sound, { numRuns: 5000 })).toMatchObject({ failed: false, counterexample: null });
  });
});

describe('spellUri', () => {
  it('gives the other spellings', () => {
    expect(spellUri('file:///a/b')).toEqual([]);
    expect(spellUri('file:///a%20b')).toEqual(['file:///a b', 'file:///a%20b']);
    expect(spellUri('file:///\u00E9')).toEqual(['file:///\u00E9', 'file:///%C3%A9']);
    expect(spellUri('file:///%FF')).toEqual([]);
  });
});

describe('foldUri', () => {
  it('decodes, and minds neither letter case nor Unicode forms', () => {
    const alike = [
      'a://x/Stra\u00DFe',
      'a://x/STRA\u1E9EE',
      'A://x/stra%C3%9Fe',
      'a://x/stras\u00ADs\u200Be',
      'a://\uFF58/strasse',
    ];
    expect(alike.map(foldUri)).toEqual(alike.map(() => 'a://x/strasse'));
    expect(['a%2520b', 'a%20b', '100%25', '%zz', 'a*b'].map(foldUri)).toEqual(['a b', 'a b', '100%', '%zz', 'a*b']);
  });
});

describe('bareUri', () => {
  it('leaves out what means nothing', () => {
    const bare = {
      'http://h/a': ['http://u:p@h:80/a', 'http:h/a', 'http:/h./a/', 'http://h/a;b/?', 'http://h//a. '],
      'https://h/': ['https://h', 'https://h:443', 'https://@h/'],
      'https://h/?q=/': ['https://h?q=/', 'https://h/?q=/'],
      'http://h:443/a': ['http://h:443/a'],
      'http://no host/a': ['http://no host/a/'],
      'file:///a/b': ['file://localhost/a/b', 'file://h:1/a/b/', 'file:///a;x/b::$data'],
      'db://h/a': ['db://u@h/a', 'db://h:5432/a', 'db://h./a', 'db://h:/a/'],
      'db://[::1]/a': ['db://[::1]:1/a'],
      'urn:isbn:5': ['urn:isbn:5', 'urn:isbn:5/'],
      'a b': ['a b'],
    };
    for (const [uri, spelled] of Object.entries(bare))
      expect([uri, ...spelled.map(bareUri)]).toEqual([uri, ...spelled.map(() => uri)]);
  });

  it('and its closed form end in one slash, before the query', () => {
    expect(['a:b', 'a:b/', 'a:b?c', 'a:b/?c/'].map(closeUri)).toEqual(['a:b/', 'a:b/', 'a:b/?c', 'a:b/?c/']);
  });
});
