import { defineConfig, mergeConfig } from 'vitest/config';
import rules from './vitest.rules.config.ts';

/**
 * What mutants are held against (`stryker.config.json`): the tests of the rules, and those of the gateway's stages. Apart from
 * the rules' own, whose branches are counted without what the stages do with them.
 */
export default mergeConfig(
  rules,
  defineConfig({ test: { include: ['packages/latchkey/src/gateway/{pipeline,stages/*}.test.ts'] } }),
);
