import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { ServerResponse } from 'node:http';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { LatchkeyError } from '../core/error.ts';

export interface KeyPair {
  /** PEM text: the certificate, then its chain. */
  readonly cert: string;
  readonly key: string;
}

/** Forward secrecy and authenticated encryption only (RFC 9325 §4.2). Every context of the listener has it, a reloaded one too. */
export const TLS_PROFILE = Object.freeze({
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  // No finite-field groups: they cost the server far more than the client that asks for them (CVE-2024-41996).
  ecdhCurve: 'X25519MLKEM768:X25519:prime256v1:secp384r1',
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} satisfies SecureContextOptions);

/** HSTS (RFC 6797): a browser that came by TLS once never goes back to plain HTTP. Other names of the domain are not ours to bind. */
export const TRANSPORT_SECURITY: readonly [string, string] = ['strict-transport-security', 'max-age=31536000'];

/** Every answer over TLS, refusals and documents among them. All of the gateway's headers come as one list to `writeHead`. */
export class SecureResponse extends ServerResponse {
  override writeHead(status: number, ...rest: unknown[]): this {
    const headers = rest.at(-1);
    return super.writeHead(
      status,
      Array.isArray(headers) ? [...headers, ...TRANSPORT_SECURITY] : [...TRANSPORT_SECURITY],
    );
  }
}

/** Throws E_TLS unless this pair would work now. */
export function checkPair(pair: KeyPair, now: number): void {
  const certificate = readPair(pair);
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (now >= from && now <= to) return;
  const when = now > to ? `ended on ${new Date(to).toISOString()}` : `begins on ${new Date(from).toISOString()}`;
  throw new LatchkeyError('E_TLS', `The TLS certificate ${when}.`, {
    hint: 'Renew it, or check the clock of this machine: no client would accept it.',
  });
}

function readPair(pair: KeyPair): X509Certificate {
  try {
    createSecureContext({ ...TLS_PROFILE, ...pair });
    // An empty file, or a chain that begins with a wrong certificate, would only show at the first handshake.
    const certificate = new X509Certificate(pair.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) throw new Error('key mismatch');
    return certificate;
  } catch (cause) {
    throw new LatchkeyError('E_TLS', 'The TLS certificate and key cannot be used together.', {
      hint: 'Check that tls.cert holds the certificate chain in PEM and tls.key its private key.',
      cause,
    });
  }
}
