import { compareRuns, isLoss, tallyRun, type Difference, type Tally } from './compare.ts';
import { startFixtureServer } from './fixture/http-server.ts';
import { runSuite, type Spec } from './suite.ts';
import { startGateway, type UpstreamKind } from './upstreams.ts';

export interface Comparison {
  readonly spec: Spec;
  readonly upstream: UpstreamKind;
  readonly direct: Tally;
  readonly gateway: Tally;
  readonly differences: readonly Difference[];
  readonly losses: number;
}

async function compareSpec(spec: Spec, upstream: UpstreamKind, directUrl: string, gatewayUrl: string) {
  const direct = await runSuite(directUrl, spec);
  const gateway = await runSuite(gatewayUrl, spec);
  const differences = compareRuns(direct, gateway);
  const losses = differences.filter(isLoss).length;
  return { spec, upstream, direct: tallyRun(direct), gateway: tallyRun(gateway), differences, losses };
}

/** Runs the suite against the fixture itself and through the gateway, for each of `wanted`, and compares. */
export async function compareWithGateway(upstream: UpstreamKind, wanted: readonly Spec[]): Promise<Comparison[]> {
  const fixture = await startFixtureServer();
  try {
    const gateway = await startGateway(upstream, fixture.url);
    try {
      const comparisons: Comparison[] = [];
      for (const spec of wanted) comparisons.push(await compareSpec(spec, upstream, fixture.url, gateway.url));
      return comparisons;
    } finally {
      await gateway.close();
    }
  } finally {
    await fixture.close();
  }
}
