import type { Reporter, TestModule } from 'vitest/node';
import { DOORS, toProject } from './doors.ts';
import { LEFT_OUT } from './left-out.ts';

/** Says how many checks each door passed, and what is not asked of doors and why. */
export default class DoorReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const asked = DOORS.map((door) => ({ door, counts: countOf(modules, toProject(door)) }));
    const seen = asked.filter(({ counts }) => counts.passed + counts.failed > 0);
    if (seen.length === 0) return;
    for (const { door, counts } of seen) console.log(`door ${door}: ${counts.passed} passed, ${counts.failed} failed`);
    console.log('not asked of a door:');
    for (const { name, because, doors, instead } of LEFT_OUT) {
      const some = doors === undefined ? '' : ` (${doors.join(', ')})`;
      console.log(`  ${name}${some}: ${because}${instead === undefined ? '' : `; instead: ${instead}`}`);
    }
  }
}

function countOf(
  modules: readonly TestModule[],
  project: string,
): { readonly passed: number; readonly failed: number } {
  const own = modules.filter((module) => module.project.name === project);
  const states = own.flatMap(({ children }) => [...children.allTests()].map((test) => test.result().state));
  const broken = own.filter((module) => module.state() === 'failed' && module.children.size === 0).length;
  return {
    passed: states.filter((state) => state === 'passed').length,
    failed: states.filter((state) => state === 'failed').length + broken,
  };
}
