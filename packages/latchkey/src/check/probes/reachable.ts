import { fail, pass, type Probe } from '../probe.ts';

export const reachable: Probe = {
  id: 'reachable',
  group: 'connection',
  tries: 'connects and sends one request',
  why: 'Nothing else can be seen of a server that does not answer.',
  source: 'MCP 2026-07-28 Streamable HTTP',
  run: ({ first }) =>
    first.kind === 'answer' ? pass(`answered in ${first.durationMs} ms`) : fail(`${first.message}.`, first.hint),
};
