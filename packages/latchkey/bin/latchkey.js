#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a sentence instead of a syntax error.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const main = new URL('../dist/cli/main.js', import.meta.url);

if (major < 24 || (major === 24 && minor < 15)) {
  fail(
    'E_NODE_VERSION',
    `Node.js ${process.versions.node} is too old for Latchkey.`,
    'install Node.js 24.15 or newer, or run it through `npx` in a checkout after `npm ci`, which brings one',
  );
} else if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  fail('E_INTERNAL', 'Latchkey is not built.', 'run `npm run build` first');
}

function fail(code, message, hint) {
  process.stderr.write(`latchkey: ${code} ${message}\n  hint: ${hint}\n`);
  process.exitCode = 2;
}
