import type { WireAnswer } from '../core/wire.ts';
import type { ProxyKind } from '../lock/forwarded.ts';

/**
 * A refusal as that proxy can hand it on. nginx knows 401 and 403 only, and of any other status makes a 500; so it gets
 * one of them, with what the caller is to be told in headers that its configuration can use.
 */
export function toProxyAnswer(proxy: ProxyKind, answer: WireAnswer): WireAnswer {
  if (proxy !== 'nginx') return answer;
  const { status, body } = answer;
  const challenges = valuesOf(answer.headers, 'www-authenticate');
  return {
    status: status === 401 ? 401 : 403,
    headers: [
      ...without(answer.headers, 'www-authenticate'),
      // Before 1.23 nginx hands on one line only, and a list in one line says the same (RFC 9110 §11.6.1).
      ...(challenges.length === 0 ? [] : ['www-authenticate', challenges.join(', ')]),
      'latchkey-status',
      String(status),
      'latchkey-body',
      body,
    ],
    body,
  };
}

function valuesOf(headers: readonly string[], wanted: string): readonly string[] {
  return headers.filter((_value, i) => i % 2 === 1 && headers[i - 1] === wanted);
}

function without(headers: readonly string[], unwanted: string): readonly string[] {
  return headers.filter((_each, i) => headers[i - (i % 2)] !== unwanted);
}
