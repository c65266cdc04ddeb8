import { parseArguments } from './arguments.ts';
import { textOf } from './bytes.ts';
import { matchesGlob } from './glob.ts';
import type { Message } from './message.ts';
import { METHODS, type Subject } from './methods.ts';
import type { Judgement, Policy, PreparedRule, RuleIndex, RuleKind } from './policy.ts';
import { EVERY_SCOPE } from './principal.ts';
import type { Principal } from './principal.ts';
import type { Era } from './revision.ts';
import { bareUri, closeUri, foldUri, isAmbiguousUri, spellUri } from './resource-uri.ts';

type Denial = Extract<Judgement, { kind: 'deny' }>;

/** More subscriptions in one request are refused, since each is judged by every rule. */
const MAX_SUBSCRIPTIONS = 1000;

const ALLOWED: Judgement = Object.freeze({ kind: 'allow', rule: null });
const NO_SCOPES: readonly string[] = Object.freeze([]);

/**
 * Decides whether a principal may send a message. Deny is the default; a response of the client is always allowed. A
 * denial for scopes names every scope the operation needs, held or not. Never throws, and allocates nothing to allow.
 */
export function authorize(policy: Policy, principal: Principal, message: Message, era: Era): Judgement {
  if (message.kind === 'response') return ALLOWED;
  const subject = METHODS[era].get(message.method);
  const onMethod = findRule(policy, 'methods', message.method);
  if (subject === undefined && onMethod === null) return deny('method-unknown', NO_SCOPES, null);
  const first = onMethod === null ? ALLOWED : judgeRule(onMethod, principal, message, message.method);
  if (first.kind === 'deny' && first.reason !== 'policy-scope') return hideMethod(first);
  const second = subject === undefined ? ALLOWED : judgeSubject(policy, principal, message, subject);
  return onMethod === null ? second : joinJudgements(onMethod, first, second);
}

function judgeSubject(policy: Policy, principal: Principal, message: Message, subject: Subject): Judgement {
  switch (subject) {
    case 'nothing':
      return ALLOWED;
    case 'tool':
      return judgeTarget(policy, 'tools', principal, message, message.name);
    case 'prompt':
      return judgeTarget(policy, 'prompts', principal, message, message.name);
    case 'resource':
      return judgeTarget(policy, 'resources', principal, message, message.uri);
    case 'reference':
      return judgeReference(policy, principal, message);
    case 'subscriptions':
      return judgeSubscriptions(policy, principal, message);
  }
}

/** Whether a principal may read a resource, so that it may be told of its changes. */
export function mayRead(policy: Policy, principal: Principal, uri: string): boolean {
  return judgeTarget(policy, 'resources', principal, NO_ARGUMENTS, uri).kind === 'allow';
}

/** What a condition looks at. */
type Judged = Pick<Message, 'args' | 'argsAmbiguous' | 'bytes'>;
const NO_ARGUMENTS: Judged = Object.freeze({ args: null, argsAmbiguous: false, bytes: new Uint8Array(0) });

function judgeReference(policy: Policy, principal: Principal, message: Message): Judgement {
  const ref = message.ref;
  if (ref?.type === 'ref/prompt') return judgeTarget(policy, 'prompts', principal, message, ref.name);
  if (ref?.type === 'ref/resource') return judgeTarget(policy, 'resources', principal, message, ref.uri);
  return deny('policy-no-rule', NO_SCOPES, null);
}

/** Every URI must be allowed. A denial that no scope can lift comes first; else all needed scopes are named together. */
function judgeSubscriptions(policy: Policy, principal: Principal, message: Message): Judgement {
  const uris = message.resourceSubscriptions;
  if (uris.length > MAX_SUBSCRIPTIONS) return deny('policy-no-rule', NO_SCOPES, null);
  const judgements = uris.map((uri) => judgeTarget(policy, 'resources', principal, message, uri));
  const joined = joinTargets(judgements);
  if (joined.kind === 'allow' || joined.shown === undefined) return joined;
  return {
    ...joined,
    shown: joinTargets(judgements.map((each) => (each.kind === 'deny' ? (each.shown ?? each) : each))),
  };
}

function joinTargets(judgements: readonly Judgement[]): Judgement {
  let missing: Denial | null = null;
  let failed: Denial | null = null;
  const scopes = new Set<string>();
  for (const judgement of judgements) {
    for (const scope of scopesOf(judgement)) scopes.add(scope);
    if (judgement.kind === 'allow') continue;
    if (judgement.reason === 'policy-scope') missing ??= judgement;
    else if (judgement.reason === 'policy-condition') failed ??= judgement;
    else return judgement;
  }
  if (missing !== null) return deny('policy-scope', [...scopes], missing.target);
  return failed ?? ALLOWED;
}

function judgeTarget(
  policy: Policy,
  kind: RuleKind,
  principal: Principal,
  message: Judged,
  target: string | null,
): Judgement {
  if (target === null) return deny('policy-no-rule', NO_SCOPES, null);
  if (policy.empty) return principal.scopes.has(EVERY_SCOPE) ? ALLOWED : deny('policy-no-rule', NO_SCOPES, target);
  const prepared = findRule(policy, kind, target);
  const { open } = policy.index[kind];
  if (open === null || prepared?.rule.hidden === false) return judgeFound(prepared, principal, message, target);
  const other = findIn(open, kind, target);
  const shown = judgeFound(other, principal, message, target);
  // A name that only what is hidden keeps from its rule is another spelling of it.
  if (prepared === null && other === null) return shown;
  return { kind: 'deny', reason: 'policy-hidden', scopes: NO_SCOPES, target, shown };
}

function judgeFound(found: PreparedRule | null, principal: Principal, message: Judged, target: string): Judgement {
  return found === null ? deny('policy-no-rule', NO_SCOPES, target) : judgeRule(found, principal, message, target);
}

function judgeRule(prepared: PreparedRule, principal: Principal, message: Judged, target: string): Judgement {
  const { rule } = prepared;
  const reason = judgePrincipal(prepared, principal);
  if (reason !== null) return deny(reason, reason === 'policy-scope' ? rule.scopes : NO_SCOPES, target);
  if (rule.when !== null && !meetsCondition(prepared, principal, message, target)) {
    return deny('policy-condition', NO_SCOPES, target);
  }
  return prepared.allow;
}

/** Why a rule lets a principal do nothing, whatever is asked; null where only its condition is left to ask. */
export function judgePrincipal(prepared: PreparedRule, principal: Principal): Denial['reason'] | null {
  if (prepared.rule.hidden) return 'policy-hidden';
  if (prepared.rule.deny) return 'policy-denied';
  return holdsScopes(prepared, principal) ? null : 'policy-scope';
}

function meetsCondition(prepared: PreparedRule, principal: Principal, message: Judged, target: string): boolean {
  if (message.argsAmbiguous) return false;
  const range = message.args;
  try {
    const args = parseArguments(range === null ? '{}' : textOf(message.bytes, range.start, range.end));
    return prepared.rule.when?.test({ args, principal, target }) === true;
  } catch {
    return false;
  }
}

/**
 * The rule that judges a name: the exact one, else the first glob that matches; null when there is none. A name must get
 * the same rule in each case of its letters, a URI in each of its spellings, or the one that is written would go round
 * the rule for the one that is meant.
 */
export function findRule(policy: Policy, kind: RuleKind, name: string): PreparedRule | null {
  return findIn(policy.index[kind], kind, name);
}

function findIn(index: RuleIndex, kind: RuleKind, name: string): PreparedRule | null {
  const found = index.exact.get(name);
  if (found !== undefined || index.globs.length === 0) return found ?? null;
  if (kind !== 'resources') return kind === 'methods' || PLAIN_NAME.test(name) ? findByName(index, name) : null;
  return isAmbiguousUri(name) ? null : findByUri(index, name);
}

// What MCP 2025-11-25 (Tool Names) allows, without dots at the ends: such a name looks like no other.
const PLAIN_NAME = /^[\w-](?:[\w.-]{0,126}[\w-])?$/;

function findByName(index: RuleIndex, name: string): PreparedRule | null {
  const judging = findGlob(index, name);
  const lower = name.toLowerCase();
  if (judging === null || (index.folded === null && lower === name)) return judging;
  const folded = index.folded ?? index;
  return (folded.exact.get(lower) ?? findGlob(folded, lower)) === judging ? judging : null;
}

function findByUri(index: RuleIndex, uri: string): PreparedRule | null {
  const judging = findGlob(index, uri);
  if (judging === null) return null;
  if (spellUri(uri).some((other) => (index.exact.get(other) ?? findGlob(index, other)) !== judging)) return null;
  const folded = index.folded ?? index;
  const text = foldUri(uri);
  const bare = bareUri(text);
  if (folded.exact.has(bare) || findGlob(folded, text) !== judging) return null;
  return isFree(folded, bare, judging) && isFree(folded, closeUri(bare), judging) ? judging : null;
}

/** Whether no other rule judges it. */
function isFree(index: Pick<RuleIndex, 'globs'>, uri: string, judging: PreparedRule): boolean {
  const found = findGlob(index, uri);
  return found === null || found === judging;
}

function findGlob(index: Pick<RuleIndex, 'globs'>, name: string): PreparedRule | null {
  for (const each of index.globs) if (matchesGlob(each.glob, name)) return each.prepared;
  return null;
}

/** Whether the principal holds, itself or by implication, every scope the rule asks for. */
export function holdsScopes({ grants }: PreparedRule, principal: Principal): boolean {
  return holdsGrants(grants, principal);
}

/** Whether the principal holds at least one scope of each of these. */
export function holdsGrants(grants: PreparedRule['grants'], { scopes: held }: Principal): boolean {
  for (const granting of grants) {
    let granted = false;
    for (const scope of granting) if (held.has(scope)) granted = true;
    if (!granted) return false;
  }
  return true;
}

function scopesOf(judgement: Judgement): readonly string[] {
  return judgement.kind === 'deny' ? judgement.scopes : (judgement.rule?.scopes ?? NO_SCOPES);
}

/** `first` is of the method's rule, `second` of its target's. What no scope can lift goes before missing scopes. */
function joinJudgements(onMethod: PreparedRule, first: Judgement, second: Judgement): Judgement {
  if (second.kind === 'deny' && second.shown !== undefined)
    return { ...second, shown: joinJudgements(onMethod, first, second.shown) };
  const lacking =
    first.kind === 'deny' ? first : second.kind === 'deny' && second.reason === 'policy-scope' ? second : null;
  if (second.kind === 'deny' && second.reason !== 'policy-scope' && second.reason !== 'policy-condition') return second;
  if (lacking === null) return second.kind === 'allow' && second.rule === null ? first : second;
  return deny('policy-scope', [...new Set([...onMethod.rule.scopes, ...scopesOf(second)])], lacking.target);
}

function hideMethod(denial: Denial): Denial {
  return denial.reason === 'policy-hidden' ? deny('method-unknown', NO_SCOPES, null) : denial;
}

function deny(reason: Denial['reason'], scopes: readonly string[], target: string | null): Denial {
  return { kind: 'deny', reason, scopes, target };
}
