import { TestRunner } from 'vitest';
import { isLeftOut } from './left-out.ts';

/** Runs the tests of a file but those that ask nothing of a door: they do not count, not even as skipped. */
export default class DoorRunner extends TestRunner {
  override async importFile(...of: Parameters<TestRunner['importFile']>): Promise<void> {
    await super.importFile(...of);
    const [file, source] = of;
    if (source !== 'collect' || file.startsWith(import.meta.dirname)) return;
    const door = process.env['LATCHKEY_TEST_DOOR'] ?? '';
    const { tasks } = TestRunner.getCurrentSuite();
    tasks.splice(0, tasks.length, ...tasks.filter(({ name }) => !isLeftOut(name, door)));
  }
}
