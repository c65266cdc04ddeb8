import type { ServerConfig } from '../../config/config.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { authorize, findRule } from '../../core/authorize.ts';
import { LatchkeyError } from '../../core/error.ts';
import { METHODS } from '../../core/methods.ts';
import { parseMessage } from '../../core/parse-message.ts';
import type { RuleKind } from '../../core/policy.ts';
import { EVERY_SCOPE, type Principal } from '../../core/principal.ts';
import type { DenialReason } from './reason-words.ts';

export interface Explanation {
  readonly decision: 'allow' | 'deny';
  /** The exact reason of a denial; null when allowed. */
  readonly reason: DenialReason | null;
  /** The rules that judge it: of the method, then of what it is about. */
  readonly rules: readonly {
    readonly kind: RuleKind;
    readonly pattern: string;
    readonly where: string;
    readonly when: string | null;
  }[];
  /** Every scope the call needs, held or not. */
  readonly scopes: readonly string[];
  /** Whether a condition reads `principal`. */
  readonly readsPrincipal: boolean;
}

interface Call {
  readonly method: string;
  /** JSON text, judged as it is: what a parser would mend in it, the gateway refuses. */
  readonly params: string;
  readonly principal: Principal;
}

const KINDS: ReadonlyMap<string, RuleKind> = new Map([
  ['tool', 'tools'],
  ['prompt', 'prompts'],
  ['resource', 'resources'],
]);

/** Judges a call as the gateway would: the same scanner reads it, the same rules decide. Throws E_USAGE when it is no call. */
export function explainCall(loaded: LoadedConfig, { name, policy }: ServerConfig, call: Call): Explanation {
  const { method, params, principal } = call;
  const parsed = parseMessage(Buffer.from(toMessage(method, params)));
  if (parsed.kind === 'refused') {
    const { detail = 'it is no message of MCP', reason } = parsed.refusal;
    throw new LatchkeyError(
      'E_USAGE',
      `The gateway would refuse this call unread: ${detail} (${reason} in the trail).`,
      {
        hint: 'check the name and the arguments',
      },
    );
  }
  const { message } = parsed;
  const era = METHODS.modern.has(method) ? 'modern' : 'legacy';
  const judgement = authorize(policy, principal, message, era);
  const kind = KINDS.get(METHODS[era].get(method) ?? '');
  const target = kind === 'resources' ? message.uri : message.name;
  const at = name === 'default' ? [] : ['servers', name];
  const found = [
    { of: 'methods' as const, prepared: findRule(policy, 'methods', method) },
    ...(kind === undefined || target === null ? [] : [{ of: kind, prepared: findRule(policy, kind, target) }]),
  ];
  const rules = found.flatMap(({ of, prepared }) => (prepared === null ? [] : [{ of, rule: prepared.rule }]));
  return {
    decision: judgement.kind,
    reason: judgement.kind === 'deny' ? judgement.reason : null,
    rules: rules.map(({ of, rule }) => ({
      kind: of,
      pattern: rule.pattern,
      where: loaded.locate([...at, of, rule.pattern]),
      when: rule.when?.source ?? null,
    })),
    scopes: policy.empty && kind !== undefined ? [EVERY_SCOPE] : [...new Set(rules.flatMap(({ rule }) => rule.scopes))],
    readsPrincipal: rules.some(({ rule }) => rule.when !== null && /\bprincipal\b/.test(rule.when.source)),
  };
}

function toMessage(method: string, params: string): string {
  const id = method.startsWith('notifications/') ? '' : '"id":1,';
  return `{"jsonrpc":"2.0",${id}"method":${JSON.stringify(method)},"params":${params}}`;
}
