import { describe, expect, it } from 'vitest';
import { takesIdTokens, toHeaderTypes, type TokenType } from './issuer-settings.ts';

describe('toHeaderTypes', () => {
  it('gives types as headers are held against them', () => {
    expect(toHeaderTypes(['at+jwt', 'JWT', 'none'])).toEqual(['at+jwt', 'jwt', '']);
  });
});

const of = (types: TokenType[], audiences: string[], clients: (string | undefined)[], required: object = {}) =>
  takesIdTokens({ types, audiences, clients, required });

describe('takesIdTokens', () => {
  it('is so where tokens for a client are taken and nothing tells ID tokens apart', () => {
    expect(of(['JWT'], ['api', 'app'], ['app'])).toBe(true);
    expect(of(['at+jwt', 'none'], ['app'], [undefined, 'app'])).toBe(true);
  });

  it('is not so where the type, the audience or a claim tells them apart', () => {
    expect(of(['at+jwt'], ['app'], ['app'])).toBe(false);
    expect(of(['JWT'], ['api'], ['app'])).toBe(false);
    expect(of(['JWT'], [], [undefined])).toBe(false);
    expect(of(['JWT'], ['app'], ['app'], { token_use: 'access' })).toBe(false);
  });
});
