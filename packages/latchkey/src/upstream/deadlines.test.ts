import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Deadlines } from './deadlines.ts';

/** Nothing else runs meanwhile, as while the process is stopped. */
function stand(forMs: number): void {
  const until = performance.now() + forMs;
  while (performance.now() < until);
}

it('gives nothing up right after a standstill, when what came meanwhile is not read yet', async () => {
  const deadlines = new Deadlines();
  let expired = 0;
  deadlines.watch({ slot: -1, deadline: performance.now() + 400, expire: () => void (expired += 1) });
  await sleep(300);
  stand(1500);
  await turn();
  await turn();
  expect(expired).toBe(0);
  await expect.poll(() => expired, { timeout: 2000 }).toBe(1);
  deadlines.close();
});
