import { describe, expect, it } from 'vitest';
import { createAnonymous } from '../core/principal.ts';
import type { Upstream } from '../core/upstream.ts';
import { createToolSchemas } from './tool-schemas.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const MINUTE = 60_000;
const ASKER = { principal: createAnonymous([]), subject: null };

function startCounting() {
  let asked = 0;
  const upstream: Upstream = {
    kind: 'http',
    label: 'counting',
    forward(_request, answer) {
      asked += 1;
      answer.start(200, ['content-type', 'application/json']);
      answer.end('{"jsonrpc":"2.0","id":"latchkey-tools-0","result":{"tools":[]}}');
    },
    endSession() {},
    close: async () => {},
  };
  return { schemas: createToolSchemas(upstream, null), asked: () => asked };
}

describe('createToolSchemas', () => {
  it('asks for the list at most once a minute', async () => {
    const { schemas, asked } = startCounting();
    await schemas.refresh(ASKER, NOW);
    expect(schemas.refresh(ASKER, NOW + MINUTE - 1)).toBeNull();
    await schemas.refresh(ASKER, NOW + MINUTE);
    expect(asked()).toBe(2);
  });

  it('asks once a minute also when the clock was set back', async () => {
    const { schemas, asked } = startCounting();
    await schemas.refresh(ASKER, NOW);
    for (let minute = 1; minute <= 3; minute += 1) await schemas.refresh(ASKER, NOW + (minute - 60) * MINUTE);
    expect(asked()).toBe(4);
  });
});
