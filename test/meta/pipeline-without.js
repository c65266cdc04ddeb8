// Stands in for dist/gateway/pipeline.js: the same stages, but the one that LATCHKEY_TEST_WITHOUT names stops nothing.
const { createPipeline: createWhole } = await import(new URL('pipeline-whole.js', import.meta.url).href);
const without = process.env['LATCHKEY_TEST_WITHOUT'] ?? '';

const letAllIn = (result) => (result === 'done' ? 'done' : null);
const removed = (stage) => ({ ...stage, run: () => null });
/** A stage that later ones need: it does its work, and what it refuses goes on. */
const lenient = (stage) => ({
  ...stage,
  run(exchange) {
    const result = stage.run(exchange);
    return result instanceof Promise ? result.then(letAllIn) : letAllIn(result);
  },
});

const CHANGES = {
  receive: lenient,
  'limit-peer': removed,
  identify: (stage, state) => ({
    ...stage,
    async run(exchange) {
      await stage.run(exchange);
      exchange.principal ??= state.everyone;
      return null;
    },
  }),
  read: (stage) => ({
    ...stage,
    async run(exchange) {
      if (exchange.request.method !== 'POST') return stage.run(exchange);
      const chunks = [];
      for await (const chunk of exchange.request) chunks.push(chunk);
      exchange.body = Buffer.concat(chunks);
      return null;
    },
  }),
  scan: lenient,
  'limit-principal': removed,
  authorize: removed,
  'check-definition': removed,
  'match-parameters': removed,
};

/** Parts of `forward`: filtering lists, and sealing session ids with their owner. */
const FORWARD = {
  filter: (stage) => ({
    ...stage,
    run(exchange) {
      const { server, principal } = exchange;
      exchange.server = { ...server, policy: { ...server.policy, empty: true } };
      exchange.principal = { ...principal, scopes: new Set(['*']) };
      return stage.run(exchange);
    },
  }),
  seal: (stage, state) => {
    const { unseal } = state.sessions;
    state.sessions.unseal = (server, principal, sealed, now) =>
      unseal(server, principal, sealed, now) ?? sealed.slice(0, sealed.lastIndexOf('.'));
    return stage;
  },
};

export function createPipeline(state) {
  const stages = createWhole(state);
  if (without === '') return stages;
  const [name, change] = without in FORWARD ? ['forward', FORWARD[without]] : [without, CHANGES[without]];
  if (change === undefined || !stages.some((stage) => stage.name === name)) throw new Error(`no stage ${without}`);
  return stages.map((stage) => (stage.name === name ? change(stage, state) : stage));
}
