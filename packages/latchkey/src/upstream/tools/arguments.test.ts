import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { parameter, shellTool } from '../../../../../test/fixtures/declared-tool.ts';
import type { JsonValue, Parameter } from '../../core/declared-tool.ts';
import { checkArguments } from './arguments.ts';
import { toInputSchema } from './input-schema.ts';

function pattern(source: string): NonNullable<Parameter['pattern']> {
  const compiled = RE2JS.compile(source);
  return { source, test: (text) => compiled.matcher(text).find() };
}

const toTool = (...parameters: readonly Parameter[]) => shellTool('', { parameters });
const check = (parameters: readonly Parameter[], args: unknown) => checkArguments(toTool(...parameters), args);
const problemOf = (parameters: readonly Parameter[], args: unknown): string => {
  const checked = check(parameters, args);
  return 'problem' in checked ? checked.problem : '';
};
const accepts = (parameters: readonly Parameter[], args: unknown): boolean => 'values' in check(parameters, args);

describe('checkArguments', () => {
  it('gives the values, defaults among them, and leaves out what has neither', () => {
    const parameters = [
      parameter('path', { required: true }),
      parameter('depth', { type: 'integer', default: 3 }),
      parameter('format', { required: true, default: 'text' }),
      parameter('filter'),
    ];
    const checked = check(parameters, { path: '/a' });
    expect('values' in checked && [...checked.values]).toEqual([
      ['path', '/a'],
      ['depth', 3],
      ['format', 'text'],
    ]);
    expect(accepts([], undefined)).toBe(true);
  });

  it.each<[Parameter['type'], readonly unknown[], readonly unknown[]]>([
    ['string', ['', 'a', '1'], [1, true, null, [], {}, ['a'], { length: 1 }]],
    ['number', [0, -1.5, 1e21], ['1', '', NaN, Infinity, true, null, [1], 1n]],
    ['integer', [0, -3, 2.0, 2 ** 53 - 1], [1.5, '1', 2 ** 53, 1e21, NaN, true, null, [1]]],
    ['boolean', [true, false], ['true', 'yes', 0, 1, null, '']],
    ['array', [[], [1, 'a', null]], ['[]', {}, { length: 0 }, null, new Map()]],
    ['object', [{}, { a: { b: 1 } }], ['{}', [], null, new Date(), new Map(), () => {}]],
  ])('takes what is a %s, and converts nothing', (type, good, bad) => {
    expect(good.filter((value) => !accepts([parameter('x', { type })], { x: value }))).toEqual([]);
    expect(bad.filter((value) => accepts([parameter('x', { type })], { x: value }))).toEqual([]);
  });

  it('refuses what is not an object of own, known names', () => {
    const parameters = [parameter('x')];
    const inherited = Object.create({ x: 'a' }) as object;
    for (const args of [
      null,
      [],
      'x',
      1,
      true,
      new Map([['x', 'a']]),
      inherited,
      new (class {
        x = 'a';
      })(),
    ])
      expect([args, accepts(parameters, args)]).toEqual([args, false]);
    for (const text of ['{"y":1}', '{"__proto__":{"x":"a"}}', '{"constructor":"a"}', '{"toString":"a"}', '{"X":"a"}'])
      expect([text, accepts(parameters, JSON.parse(text))]).toEqual([text, false]);
    expect(accepts([parameter('x', { required: true })], JSON.parse('{"__proto__":{"x":"a"}}'))).toBe(false);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('refuses what would not arrive as it was sent', () => {
    const nested = [parameter('x', { type: 'array' })];
    for (const value of ['\ud800', 'a\udc00'])
      for (const args of [{ x: [value] }, { x: [{ [value]: 1 }] }]) expect(accepts(nested, args)).toBe(false);
    expect(accepts([parameter('x')], { x: '\ud83d' })).toBe(false);
    expect(accepts(nested, { x: JSON.parse('[1e400]') })).toBe(false);
    expect(accepts(nested, { x: [undefined] })).toBe(false);
    expect(accepts(nested, { x: [{ toJSON: () => 1 }] })).toBe(false);
  });

  it('counts characters, not the units that they are stored in', () => {
    const two = [parameter('x', { minLength: 2, maxLength: 2 })];
    expect(accepts(two, { x: '🔑🔑' })).toBe(true);
    expect(accepts(two, { x: '🔑' })).toBe(false);
  });

  it('compares with what is allowed as JSON does', () => {
    const allowed = [{ a: 1, b: [2] }, 'x', null];
    expect(accepts([parameter('x', { type: 'object', allowed })], { x: { b: [2], a: 1 } })).toBe(true);
    for (const value of [{ a: 1 }, { a: 1, b: [2], c: 3 }, { a: 1, b: [3] }, { a: 1, b: { 0: 2 } }])
      expect(accepts([parameter('x', { type: 'object', allowed })], { x: value })).toBe(false);
  });

  it('says in one message everything that is wrong, and what to do', () => {
    const secret = 'the-callers-own-secret';
    const text = problemOf(
      [
        parameter('path', { required: true }),
        parameter('mode', { allowed: ['fast', 'slow'], maxLength: 5 }),
        parameter('count', { type: 'integer', minimum: 1, maximum: 9 }),
        parameter('name', { pattern: pattern('^[a-z]+$') }),
      ],
      { mode: secret, count: 10, name: secret, extra: secret },
    );
    for (const part of ['path: missing', '"fast", "slow"', 'at most 5 characters, not 22', 'count: must be at most 9'])
      expect(text).toContain(part);
    for (const part of ['name: must match ^[a-z]+$', '"extra": no such parameter', 'path, mode, count, name'])
      expect(text).toContain(part);
    expect(text).not.toContain(secret);
  });

  it('keeps its message short, whatever was sent', () => {
    const args = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${'x'.repeat(500)}\u001b${i}`, i]));
    const text = problemOf([parameter('x', { allowed: Array.from({ length: 5000 }, (_, i) => i) })], {
      ...args,
      x: 'a',
    });
    expect(text.length).toBeLessThan(5000);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('and 4981 more');
  });
});

/** Reads a schema as a client's validator does, of what `toInputSchema` uses of JSON Schema. */
function isValid(schema: JsonValue, value: unknown): boolean {
  const rules = schema as Readonly<Record<string, never>>;
  const known =
    'type description enum pattern minLength maxLength minimum maximum default properties required additionalProperties';
  expect(Object.keys(rules).filter((key) => !known.split(' ').includes(key))).toEqual([]);
  const type: string = rules['type'] as unknown as string;
  const actual = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  if (type !== actual && !(type === 'integer' && Number.isInteger(value))) return false;
  if ('enum' in rules && !(rules['enum'] as unknown[]).some((one) => canonical(one) === canonical(value))) return false;
  if (typeof value === 'string') {
    const { length } = [...value];
    if (length < (rules['minLength'] ?? 0) || length > (rules['maxLength'] ?? Infinity)) return false;
    return !('pattern' in rules) || new RegExp(rules['pattern'], 'u').test(value);
  }
  if (typeof value === 'number')
    return value >= (rules['minimum'] ?? -Infinity) && value <= (rules['maximum'] ?? Infinity);
  if (type !== 'object' || !('properties' in rules)) return true;
  const properties = rules['properties'] as Readonly<Record<string, JsonValue>>;
  return (
    ((rules['required'] ?? []) as string[]).every((name) => Object.hasOwn(value as object, name)) &&
    Object.entries(value as object).every(
      ([name, one]) => Object.hasOwn(properties, name) && isValid(properties[name] as JsonValue, one),
    )
  );
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

const NAMES = ['a', 'b', 'constructor', '__proto__', 'x-1'];
const PATTERNS = [
  '^a+$',
  'b',
  '^.$',
  '\\s',
  '^[^\\s"]*$',
  '\\d{2,}',
  '^(?:a|b)?$',
  '(?i)A',
  '^[]a]+$',
  '[[:alpha:]]',
  '\\Qa.b\\E',
  '\\pL',
  '\\x41',
  '^\\-\\@$',
  'a{,2}',
  '(?P<n>a)',
];
const text = fc.oneof(
  fc.constantFrom('a', 'ab', 'A', '', '\n', '\u2028', '\u00a0', '\r', '12', 'a.b', ']', '-@', 'é', '🔑'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);
const json = fc.oneof(
  text,
  fc.constantFrom<JsonValue>(0, -0, 1, 1.5, -1, 2 ** 53, -(2 ** 53), 1e21, true, false, null, [], {}, [1], { a: 1 }),
  fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' }) as fc.Arbitrary<JsonValue>,
);
const bound = fc.option(fc.integer({ min: -2, max: 3 }));
const anyParameter = (name: string): fc.Arbitrary<Parameter> =>
  fc.record({
    name: fc.constant(name),
    type: fc.constantFrom<Parameter['type'][]>('string', 'string', 'number', 'integer', 'boolean', 'array', 'object'),
    description: fc.option(fc.string()),
    required: fc.boolean(),
    default: fc.constant(undefined),
    allowed: fc.option(fc.array(json, { minLength: 1, maxLength: 4 }), { freq: 4 }),
    pattern: fc.option(fc.constantFrom(...PATTERNS).map(pattern), { freq: 2 }),
    minLength: bound,
    maxLength: bound,
    minimum: bound,
    maximum: bound,
  });
const parametersOf = fc
  .uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 })
  .chain((names) => fc.tuple(...names.map(anyParameter)) as fc.Arbitrary<Parameter[]>);

describe('toInputSchema', () => {
  it('says what is checked, no more and no less', () => {
    const counts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(
        parametersOf,
        fc.array(fc.tuple(fc.constantFrom(...NAMES), json), { maxLength: 3 }),
        (parameters, entries) => {
          // What only RE2 can express is in words; the check alone holds it.
          const told = parameters.every(
            (one) => one.pattern === null || one.type !== 'string' || 'pattern' in propertyOf(parameters, one.name),
          );
          const args: unknown = Object.fromEntries(entries);
          const accepted = accepts(parameters, args);
          counts[accepted ? 'accepted' : 'refused'] += 1;
          const valid = isValid(toInputSchema(toTool(...parameters)), args);
          return told ? accepted === valid : !accepted || valid;
        },
      ),
      { numRuns: 5000 },
    );
    expect(counts.accepted).toBeGreaterThan(200);
    expect(counts.refused).toBeGreaterThan(200);
  });

  it('shows names, descriptions and defaults', () => {
    const parameters = [
      parameter('path', { description: 'Where.', required: true, minLength: 1 }),
      parameter('depth', { type: 'integer', default: 3, required: true, minimum: 1 }),
      parameter('name', { description: 'Who.', pattern: pattern('(?i)^a') }),
    ];
    expect(toInputSchema(toTool(...parameters))).toEqual({
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Where.', minLength: 1 },
        depth: { type: 'integer', minimum: 1, maximum: 2 ** 53 - 1, default: 3 },
        name: { type: 'string', description: 'Who. Must match (?i)^a (RE2).' },
      },
      required: ['path'],
      additionalProperties: false,
    });
  });
});

function propertyOf(parameters: readonly Parameter[], name: string): object {
  const { properties } = toInputSchema(toTool(...parameters)) as { properties: Record<string, object> };
  return properties[name] as object;
}
