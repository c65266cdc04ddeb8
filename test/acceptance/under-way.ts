import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { trailRecords } from '../fixtures/trail-files.ts';
import { callsSeen, requestBytes, send, startSite } from './harness.ts';
import { readRecords, waitForRecord } from './trail-records.ts';

/** What the trail has of calls that last, whoever writes it: `on` says where. */
export function testCallsUnderWay(on: string): void {
  test(`LOG-04 Complete trail: a call that was under way when ${on} was killed`, async () => {
    const site = await startSite();
    const calling = send(site, { args: { delayMs: 600_000 } }).catch(() => null);
    await expect.poll(() => callsSeen(site)).toHaveLength(1);
    const begun = await waitForRecord(site, { target: 'echo' });
    await site.gateway.kill('SIGKILL');
    await calling;
    expect(await readRecords(site)).toContainEqual(begun);
    expect(begun).toMatchObject({
      phase: 'begun',
      method: 'tools/call',
      credential: 'alice-read',
      decision: 'allow',
      reason: 'allowed',
      status: 0,
    });
    expect(await site.gateway.command('trail', 'verify')).toMatch(/^ok: /);
    const table = await site.gateway.command('trail');
    expect(table).toMatch(/allow +allowed +- +alice-read +tools\/call +echo .* - +begun, not ended\n/);
    await site.close();
  });

  test(`LOG-04 Complete trail: a call that lasts has a record of its beginning and its end, and is read once`, async () => {
    const site = await startSite();
    await Promise.all([send(site, { args: { delayMs: 2000 } }), send(site, { tool: 'query', args: {} })]);
    const last = await waitForRecord(site, { target: 'echo', phase: 'ended' });
    expect(last).toMatchObject({ decision: 'allow', status: 200 });
    expect(last['durationMs']).toBeGreaterThanOrEqual(2000);
    const calls = trailRecords(site.gateway.store).filter(({ method }) => method === 'tools/call');
    expect(calls.map(({ target, phase, requestId }) => [target, phase, requestId === last['requestId']])).toEqual([
      ['query', undefined, false],
      ['echo', 'begun', true],
      ['echo', 'ended', true],
    ]);
    for (const choice of [[], ['--decision', 'allow'], ['--since', '1h']]) {
      const lines = (await site.gateway.command('trail', '--json', ...choice)).split('\n');
      expect(lines.filter((line) => line.includes('"echo"'))).toHaveLength(1);
    }
    await site.close();
  });

  test(`LOG-04 Complete trail: a call that was cut before its answer began, whoever cut it, has no status`, async () => {
    const site = await startSite();
    const { token } = await site.gateway.createToken('brief', '--scope', 'file:read');
    const calling = send(site, { token, args: { delayMs: 600_000 } }).catch(() => null);
    await expect.poll(() => callsSeen(site)).toHaveLength(1);
    await site.gateway.command('token', 'revoke', 'brief');
    // Where the connection is not the door's to close, its runtime says that it failed.
    expect([undefined, 500]).toContain((await calling)?.status);
    const statusesOf = async (tool: string): Promise<unknown[]> =>
      (await readRecords(site))
        .filter(({ target, phase }) => target === tool && phase !== 'begun')
        .map(({ status }) => status);
    await expect.poll(() => statusesOf('echo')).toEqual([0]);

    const socket = connect(Number(new URL(site.gateway.url).port), '127.0.0.1');
    socket.write(requestBytes(site, { tool: 'query', args: { delayMs: 600_000 } }));
    await expect.poll(() => callsSeen(site)).toHaveLength(2);
    socket.destroy();
    await expect.poll(() => statusesOf('query')).toEqual([0]);
    await site.close();
  });
}
