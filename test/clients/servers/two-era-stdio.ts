import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createTwoEraServer } from './two-era-server.ts';

const [journal, legacy] = process.argv.slice(2);
if (journal === undefined || (legacy !== 'serve' && legacy !== 'reject')) {
  throw new TypeError('usage: two-era-stdio.ts JOURNAL serve|reject');
}
serveStdio(() => createTwoEraServer(journal), { legacy });
