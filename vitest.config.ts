import { defineConfig } from 'vitest/config';
import { DOORS, toProject } from './test/doors/doors.ts';
import { filesLeftOut } from './test/doors/left-out.ts';

// Times are measured by some tests; on a machine that others use too, one that failed is asked once more in CI.
const retry = process.env['CI'] === 'true' ? 1 : 0;

export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['packages/latchkey/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text', 'json-summary'],
    },
    // A test that asserts nothing fails; those of the contract assert by node:assert, which is not counted.
    projects: [
      {
        test: {
          name: 'unit',
          testTimeout: 30_000,
          include: ['packages/*/src/**/*.test.ts', 'test/*.test.ts'],
          expect: { requireAssertions: true },
        },
      },
      { test: { name: 'contract', testTimeout: 30_000, include: ['test/contract/**/*.test.ts'] } },
      {
        test: {
          name: 'property',
          testTimeout: 60_000,
          include: ['test/property/**/*.test.ts'],
          expect: { requireAssertions: true },
        },
      },
      {
        test: {
          name: 'acceptance',
          retry,
          include: ['test/acceptance/**/*.test.ts'],
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // What RSA and POL ask of the gateway, asked of a server that is made with a door.
      ...DOORS.map((door) => ({
        test: {
          name: toProject(door),
          retry,
          include: ['test/acceptance/{rsa,pol}-*.test.ts', 'test/doors/*.test.ts'],
          exclude: filesLeftOut(door).map((file) => `test/acceptance/${file}.test.ts`),
          runner: './test/doors/runner.ts',
          env: { LATCHKEY_TEST_DOOR: door },
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      })),
      {
        test: {
          name: 'cli',
          retry,
          include: ['test/cli/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'clients',
          retry,
          include: ['test/clients/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'forward-auth',
          retry,
          include: ['test/forward-auth/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'library',
          retry,
          include: ['test/library/**/*.test.ts'],
          testTimeout: 60_000,
          // The package is packed and installed.
          hookTimeout: 120_000,
          expect: { requireAssertions: true, poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'meta',
          include: ['test/meta/**/*.test.ts'],
          // Each of them is a run of vitest that starts a gateway or more.
          maxConcurrency: 2,
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 60_000,
          expect: { requireAssertions: true },
        },
      },
    ],
  },
});
