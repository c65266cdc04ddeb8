import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runClientScenario } from './suite.ts';

const command = `${process.execPath} ${fileURLToPath(new URL('upstream-client.ts', import.meta.url))}`;

/** The scenarios that concern a client without a user, and the check that each of them is about. */
const SCENARIOS = [
  ['auth/client-credentials-basic', 'client-credentials-basic-auth'],
  ['auth/client-credentials-jwt', 'client-credentials-jwt-verified'],
  ['auth/pre-registration', 'pre-registration-auth'],
  ['auth/resource-mismatch', 'resource-mismatch-rejected'],
  ['auth/metadata-issuer-mismatch', 'sep-2468-client-validate-metadata-issuer'],
] as const;

describe('the official conformance suite, with the gateway as the OAuth client of a server', () => {
  it.each(SCENARIOS)('%s', async (scenario, about) => {
    const checks = await runClientScenario(scenario, command);
    const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
    expect(failed).toEqual([]);
    const passed = checks.filter(({ status }) => status === 'SUCCESS').map(({ id }) => id);
    // The gateway asked the server where its tokens come from, or nothing was shown.
    expect(passed).toEqual(expect.arrayContaining([about, 'prm-pathbased-requested']));
  });
});
