import { describe, expect, it } from 'vitest';
import { isLoss } from './compare.ts';
import { compareWithGateway } from './comparison.ts';
import { specs } from './suite.ts';

describe('the official conformance suite, through the gateway to an HTTP server', () => {
  it.each(specs)('finds what it finds without the gateway: %s', async (spec) => {
    const [comparison] = await compareWithGateway('http', [spec]);
    expect(comparison?.direct.passed).toBeGreaterThan(80);
    expect(comparison?.differences.filter(isLoss)).toEqual([]);
  });
});
