import { freePort } from '../fixtures/free-port.ts';
import { startBareSite } from './bare-site.ts';
import type { Site } from './harness.ts';

/** A gateway that the internet knows by another URL, asked here at the address where it listens. */
export async function startPublicSite(publicUrl: string, config: Readonly<Record<string, unknown>>): Promise<Site> {
  const port = await freePort();
  const site = await startBareSite({ listen: `127.0.0.1:${port}`, publicUrl, ...config });
  return { ...site, gateway: { ...site.gateway, url: `http://127.0.0.1:${port}/mcp` } };
}
