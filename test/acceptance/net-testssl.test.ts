import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeCertificates, OPENSSL_MISSING } from '../fixtures/certificates.ts';
import { startBareSite } from './bare-site.ts';

const MISSING = OPENSSL_MISSING || spawnSync('testssl', ['--version']).error !== undefined;
/** Protocols, cipher categories, forward secrecy. Who signed the certificate is not the gateway's to choose, so it is not asked. */
const CHECKS = ['--protocols', '--std', '--fs'];
const SAFE = ['OK', 'INFO', 'DEBUG'];

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

test.skipIf(MISSING)('NET-27 TLS profile: by testssl', { timeout: 900_000 }, async () => {
  const certificates = await makeCertificates();
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-testssl-'));
  const { certFile, keyFile } = certificates.right;
  const site = await startBareSite({ tls: { cert: certFile, key: keyFile } });
  const report = join(folder, 'report.json');
  const quiet = ['--warnings', 'batch', '--openssl-timeout', '20', '--ip', 'one', '--quiet', '--color', '0'];
  // Its exit code counts what it thinks of; the report says what that is.
  const run = promisify(execFile)(
    'testssl',
    [...quiet, '--jsonfile', report, ...CHECKS, new URL(site.gateway.url).host],
    // Whether the machine's own OpenSSL can load an engine is nothing that the gateway offers.
    { env: { ...process.env, NO_ENGINE: 'true' } },
  );
  await run.catch(() => {});
  const findings = JSON.parse(await readFile(report, 'utf8')) as readonly Finding[];
  expect(findings.filter(({ severity }) => !SAFE.includes(severity))).toEqual([]);
  const byId = new Map(findings.map(({ id, finding }) => [id, finding]));
  for (const id of [
    'SSLv2',
    'SSLv3',
    'TLS1',
    'TLS1_1',
    'cipherlist_NULL',
    'cipherlist_aNULL',
    'cipherlist_EXPORT',
    'cipherlist_LOW',
  ])
    expect({ id, finding: byId.get(id) }).toEqual({ id, finding: 'not offered' });
  for (const id of ['TLS1_2', 'TLS1_3'])
    expect({ id, finding: byId.get(id) }).toMatchObject({ finding: expect.stringMatching(/^offered/) });
  await site.close();
  await rm(folder, { recursive: true });
  await rm(dirname(certFile), { recursive: true });
});
