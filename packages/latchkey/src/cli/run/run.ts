import { compose } from '../../compose.ts';
import { announce } from './announce.ts';
import { withProgress } from './progress.ts';
import { serve, type ServeOptions } from './serve.ts';

/** `latchkey run`: until a signal comes. */
export async function run(options: ServeOptions): Promise<void> {
  await serve(options, {
    start: (config, env, log) =>
      withProgress('starting the MCP server', options.json === true, () => compose(config, env, log)),
    announce,
  });
}
