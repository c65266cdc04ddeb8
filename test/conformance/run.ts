import { parseArgs } from 'node:util';
import { compareWithGateway } from './comparison.ts';
import { toMarkdown } from './report.ts';
import { specs } from './suite.ts';
import { upstreamKinds } from './upstreams.ts';

const usage = 'usage: node test/conformance/run.ts [--upstream http|stdio] [--spec 2025-11-25|2026-07-28|all] [--json]';

function readArguments() {
  const { values } = parseArgs({
    options: {
      upstream: { type: 'string', default: 'http' },
      spec: { type: 'string', default: 'all' },
      json: { type: 'boolean', default: false },
    },
  });
  const upstream = upstreamKinds.find((kind) => kind === values.upstream);
  const wanted = specs.filter((spec) => values.spec === 'all' || values.spec === spec);
  if (upstream === undefined || wanted.length === 0) throw new TypeError('unknown upstream or specification');
  return { upstream, wanted, json: values.json };
}

function readArgumentsOrExit() {
  try {
    return readArguments();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

const { upstream, wanted, json } = readArgumentsOrExit();
const comparisons = await compareWithGateway(upstream, wanted);
console.log(json ? JSON.stringify(comparisons, null, 2) : comparisons.map(toMarkdown).join('\n'));
process.exitCode = comparisons.some(({ losses }) => losses > 0) ? 1 : 0;
