import { defineConfig } from 'vitest/config';

/**
 * The unit tests of the rules (core, lock, verify, the policy's conditions), without those that measure time: what mutants are
 * held against (`stryker.config.json`), and whose branches are counted. A busy machine must not kill a mutant, so no
 * test here runs out of time: only a failed assertion or an endless loop does.
 */
export default defineConfig({
  test: {
    include: [
      'packages/latchkey/src/{core,lock,verify}/**/*.test.ts',
      'packages/latchkey/src/config/{compile-policy,condition*}.test.ts',
    ],
    exclude: ['**/*speed.test.ts'],
    isolate: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
