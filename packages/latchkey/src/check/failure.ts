import type { Failure, FailureCause } from './reply.ts';

interface Known {
  readonly cause: FailureCause;
  readonly message: string;
  readonly hint: string;
}

const NAME: Known = {
  cause: 'name',
  message: 'No such host is known',
  hint: 'Check the spelling of the host, and that this machine can resolve it.',
};
const NETWORK: Known = {
  cause: 'network',
  message: 'There is no way to that host',
  hint: 'Check the network, the VPN or the firewall between this machine and it.',
};
const CLOSED: Known = {
  cause: 'closed',
  message: 'The connection was closed without an answer',
  hint: 'If the server speaks TLS at that port, write https:// in front. Else look into the log of the server or of the proxy before it.',
};
const NO_TLS: Known = {
  cause: 'no-tls',
  message: 'That port speaks no TLS',
  hint: 'Write http:// in front where the server is on this machine; else have it served over TLS.',
};
const UNTRUSTED: Known = {
  cause: 'certificate',
  message: 'The certificate is signed by nobody whom this machine trusts',
  hint: 'Serve the whole chain (certificate and intermediates). For an authority of your own, run this with NODE_EXTRA_CA_CERTS=its-certificate.pem.',
};

const KNOWN: Readonly<Record<string, Known>> = {
  ENOTFOUND: NAME,
  EAI_AGAIN: NAME,
  ECONNREFUSED: {
    cause: 'refused',
    message: 'Nothing listens at that port',
    hint: 'Start the server, or check host and port. In a container, a server on 127.0.0.1 is not seen from outside.',
  },
  EHOSTUNREACH: NETWORK,
  ENETUNREACH: NETWORK,
  EADDRNOTAVAIL: NETWORK,
  ETIMEDOUT: NETWORK,
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  ERR_SSL_HTTP_REQUEST: NO_TLS,
  CERT_HAS_EXPIRED: {
    cause: 'certificate',
    message: 'The certificate has expired',
    hint: 'Renew it, and have the server load the new one.',
  },
  CERT_NOT_YET_VALID: {
    cause: 'certificate',
    message: 'The certificate is not valid yet',
    hint: 'Check the clocks of both machines.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    cause: 'certificate',
    message: 'The certificate is for another name',
    hint: 'Use the name that the certificate has, or have it issued for this one.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: { ...UNTRUSTED, message: 'The certificate is signed by itself' },
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
};

/** What an error of node:http, node:https or node:tls means for whoever runs the check. */
export function toFailure(error: unknown): Failure {
  const { code = '' } = error as NodeJS.ErrnoException;
  const known = KNOWN[code] ?? guess(code);
  return { kind: 'failure', ...known, message: code === '' ? known.message : `${known.message} (${code})` };
}

/** No answer within the time it had. */
export function toTimeout(timeoutMs: number, connected: boolean): Failure {
  const within = `within ${timeoutMs / 1000} s`;
  return {
    kind: 'failure',
    cause: 'timeout',
    message: connected ? `Connected, but there was no answer ${within}` : `There was no connection ${within}`,
    hint: connected
      ? 'See whether the server is busy or stuck; --timeout gives it longer.'
      : 'A firewall may drop what is sent there. Check host and port; --timeout gives it longer.',
  };
}

function guess(code: string): Known {
  if (code.startsWith('HPE_')) {
    return {
      cause: 'no-http',
      message: 'What listens there speaks no HTTP',
      hint: 'Check the port; if it speaks TLS, write https:// in front.',
    };
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.includes('CERT')) {
    return {
      cause: 'certificate',
      message: 'No TLS connection came about',
      hint: 'Look at it with: openssl s_client -connect HOST:PORT',
    };
  }
  return { cause: 'other', message: 'The request failed', hint: 'Check the URL.' };
}
