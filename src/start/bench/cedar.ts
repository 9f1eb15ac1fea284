import { setFlagsFromString } from 'node:v8';
import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { localTime } from '../../core/policy/hours.ts';
import type {
  DestinationTerm,
  HoursCondition,
  InitiatorTerm,
  PolicyBody,
  Rule,
} from '../../core/policy/body.ts';
import type { SpendFacts } from '../../core/policy/evaluate.ts';

/**
 * The same rules for Cedar, for spends of one payment: the payment is the resource, its tags and owner are its parents, the
 * initiator's groups are his. Windows and quorum are left out: Cedar has no memory, and counts nobody.
 */

const POLICY_SET = 'bench';

/** Decides prepared calls, the policies parsed beforehand and kept: the quickest form its authors offer. */
export interface Cedar {
  readonly prepare: (spend: SpendFacts, now: number) => StatefulAuthorizationCall;
  readonly allows: (call: StatefulAuthorizationCall) => boolean;
}

/** Cedar with the rules of a policy. It is a development dependency, so it is loaded only when it is measured. */
export async function cedarWith(policy: PolicyBody): Promise<Cedar> {
  // The V8 of Node 20 may crash when it throws optimised code away into which it had inlined the call.
  if (Number.parseInt(process.versions.node, 10) < 22)
    setFlagsFromString('--no-turbo-inline-js-wasm-calls');
  const { preparsePolicySet, statefulIsAuthorized } =
    await import('@cedar-policy/cedar-wasm/nodejs');
  const staticPolicies = Object.fromEntries(
    policy.rules.map((rule) => [rule.name, cedarRule(rule)]),
  );
  const parsed = preparsePolicySet(POLICY_SET, { staticPolicies });
  if (parsed.type === 'failure') throw new Error(parsed.errors.map((e) => e.message).join('\n'));
  return {
    prepare: (spend, now) => callOf(policy, spend, now),
    allows: (call) => {
      const answer = statefulIsAuthorized(call);
      if (answer.type === 'failure')
        throw new Error(answer.errors.map((error) => error.message).join('\n'));
      return answer.response.decision === 'allow';
    },
  };
}

function cedarRule({ when, deny }: Rule): string {
  const { amount, destinations, outputs, initiator, hours, reference } = when;
  const found = [
    ...(amount === null ? [] : between('context.amount', amount)),
    ...[destinations?.all, destinations?.any].flatMap((terms) => (terms ? [anyOf(terms)] : [])),
    ...(outputs === null ? [] : between('context.payments', outputs)),
    ...(initiator === null ? [] : [initiators(initiator.any)]),
    ...(hours === null ? [] : [within(hours)]),
    ...(reference === null ? [] : [`context.reference == ${String(reference === 'present')}`]),
  ];
  const effect = deny ? 'forbid' : 'permit';
  return `${effect}(principal, action == Action::"pay", resource)${
    found.length === 0 ? '' : ` when { ${found.join(' && ')} }`
  };`;
}

function between(
  what: string,
  { above, atMost }: { readonly above: number | null; readonly atMost: number | null },
): readonly string[] {
  return [
    ...(above === null ? [] : [`${what} > ${String(above)}`]),
    ...(atMost === null ? [] : [`${what} <= ${String(atMost)}`]),
  ];
}

function anyOf(terms: readonly DestinationTerm[]): string {
  const named = terms.filter((term) => term !== 'unlisted').map((term) => `Term::"${term}"`);
  const found = [
    ...(terms.includes('unlisted') ? ['!(resource in Term::"listed")'] : []),
    ...(named.length === 0 ? [] : [`resource in [${named.join(', ')}]`]),
  ];
  return `(${found.join(' || ')})`;
}

function initiators(terms: readonly InitiatorTerm[]): string {
  return `principal in [${terms.map((term) => `Term::"${term}"`).join(', ')}]`;
}

function within({ is, spans }: HoursCondition): string {
  const found = spans.map(({ days, fromMinute, toMinute }) => {
    const names = days.map((day) => `"${day}"`).join(', ');
    const day = `[${names}].contains(context.weekday)`;
    const minute = `context.minute >= ${String(fromMinute)} && context.minute < ${String(toMinute)}`;
    return `(${day} && ${minute})`;
  });
  return `${is === 'within' ? '' : '!'}(${found.join(' || ')})`;
}

function callOf(policy: PolicyBody, spend: SpendFacts, now: number): StatefulAuthorizationCall {
  const [payment] = spend.payments;
  const local = policy.zone && localTime(policy.zone, now);
  const principal = { type: 'Member', id: spend.initiator };
  const resource = { type: 'Payment', id: payment?.script ?? '' };
  const term = (id: string) => ({ type: 'Term', id });
  const destination = payment?.destination ?? null;
  const is =
    destination === null
      ? []
      : ['listed', `owner:${destination.owner}`, ...destination.tags.map((tag) => `tag:${tag}`)];
  const groups = spend.initiatorGroups.map((group) => `group:${group}`);
  return {
    principal,
    action: { type: 'Action', id: 'pay' },
    resource,
    context: {
      amount: Number(spend.amountSats),
      payments: spend.payments.length,
      reference: spend.hasReference,
      weekday: local?.weekday ?? '',
      minute: local?.minute ?? 0,
    },
    preparsedPolicySetId: POLICY_SET,
    entities: [
      { uid: principal, attrs: {}, parents: [`member:${spend.initiator}`, ...groups].map(term) },
      { uid: resource, attrs: {}, parents: is.map(term) },
    ],
  };
}
