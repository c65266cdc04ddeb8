import { describe, expect, it } from 'vitest';
import { commandTool, parameter } from '../../../../../test/fixtures/declared-tool.ts';
import { LatchkeyError } from '../../core/error.ts';
import { parseArgument } from './parse-argument.ts';

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object'] as const;
const tool = commandTool('true', [], { parameters: TYPES.map((type) => parameter(type, { type })) });

function refusal(pair: string): unknown {
  try {
    return parseArgument(tool, pair);
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : error;
  }
}

describe('parseArgument', () => {
  it.each([
    ['string=', ''],
    ['string=1', '1'],
    ['string=a=b "c"', 'a=b "c"'],
    ['number=1', 1],
    ['number=-0.5e3', -500],
    ['integer=-12', -12],
    ['boolean=true', true],
    ['boolean=false', false],
    ['array=[1,"a"]', [1, 'a']],
    ['object={"a":null}', { a: null }],
  ])('reads %s', (pair, value) => {
    expect(parseArgument(tool, pair)).toEqual({ name: pair.split('=', 1)[0], value });
  });

  it('leaves a name that the tool does not have to the tool', () => {
    expect(parseArgument(tool, 'other=1')).toEqual({ name: 'other', value: '1' });
  });

  it.each([
    'string',
    '=a',
    '',
    'number=',
    'number=0x10',
    'number=1e',
    'number=01',
    'number= 1',
    'number=Infinity',
    'integer=1.0',
    'integer=1e3',
    'integer=1_000',
    'boolean=yes',
    'boolean=True',
    'boolean=toString',
    'array={}',
    'array=[',
    'object=[]',
    'object=null',
  ])('refuses %j', (pair) => {
    expect(refusal(pair)).toBe('E_USAGE');
  });
});
