import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { createChangingStdio, type ChangingStdio } from '../fixtures/changing-stdio.ts';
import { startChangingUpstream, type ChangingUpstream } from '../fixtures/changing-upstream.ts';
import type { Offer } from '../fixtures/offer.ts';
import { DOOR } from '../fixtures/latchkey.ts';
import { onlyOverHttp, startSite, startStdioSite, type Site, type Spy } from './harness.ts';

/** A site whose server can change what it offers. */
export type ChangingSite = Site<Spy & Pick<ChangingUpstream, 'change'>>;

/** A site before an HTTP server of both eras, a legacy stdio server and a modern one, all with this offer. */
export async function startChangingSites(
  offer: Offer,
  config: Readonly<Record<string, unknown>> = {},
): Promise<readonly [ChangingSite, ChangingSite, ChangingSite]> {
  const spy = await startChangingUpstream(offer);
  const http = await startSite({ ...config, upstream: { url: spy.url } });
  if (DOOR !== null) return onlyOverHttp(watch(http, spy));
  const stdio = async (era: 'modern' | 'legacy'): Promise<ChangingSite> => {
    const own = createChangingStdio(era, offer);
    return watch(await startStdioSite(era, { ...config, upstream: own.upstream }, http), own);
  };
  return [watch(http, spy), await stdio('legacy'), await stdio('modern')];
}

function watch(site: Site<Spy>, spy: ChangingUpstream | ChangingStdio): ChangingSite {
  return {
    ...site,
    spy,
    async close() {
      await site.close();
      await spy.close();
    },
  };
}

/** Writes other rules for tools into the site's configuration and waits until they are in force. */
export async function setRules(site: Site<Spy>, tools: object): Promise<void> {
  const config = JSON.parse(await readFile(site.gateway.configFile, 'utf8')) as object;
  const replaced = (): number => site.gateway.talk().split('the rules were replaced').length;
  const before = replaced();
  await writeFile(site.gateway.configFile, JSON.stringify({ ...config, tools }));
  await expect.poll(replaced, { timeout: 15_000 }).toBeGreaterThan(before);
}
