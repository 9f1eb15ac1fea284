import { canonicalBytes } from '../base/canonical.ts';
import { blobAddress } from '../base/digest.ts';
import { PROOFS_KEPT } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { BlastInput } from '../policy/analyse/blast-radius.ts';
import { proofBudget, proveAssertions } from '../policy/analyse/prove.ts';
import type { PolicyBody } from '../policy/body.ts';
import { counterexample } from '../policy/problems.ts';
import { groupsAt, lastingMembers, memberOf } from './charter.ts';
import type { CharterBody } from './document.ts';

/**
 * Whether all that a policy asserts is proven of a charter and of the members who spend without the hot key: for every
 * address book there may be, so that no later entry makes an assertion false; and without the deputies, with them beside
 * those for whom they stand in, and in their place: across rules a deputy may count for two people.
 * Code `policy.assertion.failed`.
 */
export function checkAssertions(
  charter: CharterBody,
  policy: PolicyBody,
  outside: readonly (readonly string[])[],
): Result<null> {
  if (policy.assert.length === 0) return ok(null);
  const claim = { charter, policy, outside };
  const name = JSON.stringify(outside);
  const byCharter = proofs.get(policy) ?? new WeakMap<CharterBody, Map<string, Result<null>>>();
  const byOutside = byCharter.get(charter) ?? new Map<string, Result<null>>();
  proofs.set(policy, byCharter.set(charter, byOutside));
  const result = byOutside.get(name) ?? recall(claim);
  byOutside.set(name, result);
  return result;
}

/** What a proof is about. */
interface Claim {
  readonly charter: CharterBody;
  readonly policy: PolicyBody;
  readonly outside: readonly (readonly string[])[];
}

/** A proof takes long and rests on these bodies, which never change. */
const proofs = new WeakMap<PolicyBody, WeakMap<CharterBody, Map<string, Result<null>>>>();

/** By the digest of all that a proof rests on, the last asked for last. */
const remembered = new Map<string, Result<null>>();

/** Whoever sends once more what was refused, or changes what the proof does not rest on, has nothing proven anew. */
function recall(claim: Claim): Result<null> {
  const { initiators, governance } = claim.charter;
  const { policy, outside } = claim;
  const companies = companiesOf(claim.charter, outside.length > 0 ? null : policy.wallet);
  const rests = { companies, initiators, governance, policy, outside };
  const key = blobAddress(canonicalBytes(rests));
  const result = remembered.get(key) ?? prove(companies, claim);
  remembered.delete(key);
  remembered.set(key, result);
  const [oldest] = remembered.keys();
  if (remembered.size > PROOFS_KEPT && oldest !== undefined) remembered.delete(oldest);
  return result;
}

type Company = ReturnType<typeof lastingMembers>;

function companiesOf(charter: CharterBody, wallet: string | null): readonly Company[] {
  const members = lastingMembers(charter, wallet);
  if (charter.deputies.length === 0) return [members];
  const standing = ([null, 0] as const).map((at) =>
    members.map((one) => {
      const member = memberOf(charter, one.id);
      return member === undefined ? one : { ...one, groups: groupsAt(charter, member, at) };
    }),
  );
  return [members, ...standing];
}

/** One budget for all: neither many assertions nor deputies make it take longer. */
function prove(companies: readonly Company[], { charter, policy, outside }: Claim): Result<null> {
  const { initiators, governance } = charter;
  const budget = proofBudget();
  for (const members of companies) {
    const input: BlastInput = {
      setting: { members, initiators, policy, book: null },
      governance,
      wallet: { outside, unlockers: [] },
      unseenSats: 0n,
    };
    for (const result of proveAssertions(input, budget))
      if (!result.holds) return refuse('policy.assertion.failed', counterexample(result));
  }
  return ok(null);
}
