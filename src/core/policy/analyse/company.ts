import { clauseGroups, clauseLeaves, deviceKinds } from '../body.ts';
import type { BlastInput } from './blast-radius.ts';
import { alike, likeness } from './coalition.ts';
import type { AnalysedMember, Setting } from './setting.ts';

/** The people whom it makes a difference to compromise, by type, and everybody. */
export interface Company {
  readonly types: readonly (readonly string[])[];
  /** Persons first: they fill up a set. */
  readonly all: readonly string[];
}

/** By what clauses, policy and keys of the wallet can tell people apart. */
export function companyOf({ setting, governance, wallet }: BlastInput): Company {
  const { members } = setting;
  const known = new Set(members.map(({ id }) => id));
  const views = members.map(viewIn(setting, governance));
  const keys = new Map<string, string>();
  const sets = [...wallet.outside, wallet.unlockers];
  for (const { id } of members) {
    const held = sets.flatMap((set, i) => (set.includes(id) ? [i] : []));
    keys.set(id, held.join());
  }
  const behind = new Set(members.flatMap(({ operators }) => operators ?? []));
  const matters = ({ id, groups, operators }: AnalysedMember): boolean => {
    // Whoever has one of its operators has the service account, too.
    if (operators?.some((person) => known.has(person)) === true) return false;
    return groups.length > 0 || behind.has(id) || keys.get(id) !== '';
  };
  const useful = views.filter(matters).map(({ id }) => id);
  const rank = ({ operators }: AnalysedMember): number => (operators === null ? 0 : 1);
  return {
    types: alike(useful, [likeness({ ...setting, members: views }), keys]),
    all: members.toSorted((a, b) => rank(a) - rank(b)).map(({ id }) => id),
  };
}

/** Members as far as policy and governance can tell them apart: by the groups and kinds that those name. */
function viewIn(
  { policy, initiators }: Setting,
  governance: BlastInput['governance'],
): (member: AnalysedMember) => AnalysedMember {
  const clauses = policy.rules.flatMap((rule) => (rule.deny ? [] : [rule.require.approvals]));
  if (governance !== null) clauses.push(governance.clause);
  const terms = policy.rules.flatMap(({ when }) => when.initiator?.any ?? []);
  const groups = new Set([
    ...initiators,
    ...clauses.flatMap(clauseGroups),
    ...terms.flatMap((term) => (term.startsWith('group:') ? [term.slice('group:'.length)] : [])),
    ...(governance === null ? [] : [governance.group]),
  ]);
  const kinds = new Set(clauses.flatMap(clauseLeaves).flatMap((leaf) => leaf.kinds ?? []));
  const other = deviceKinds.filter((kind) => !kinds.has(kind)).slice(0, 1);
  return (member) => {
    const named = member.kinds.filter((kind) => kinds.has(kind));
    const isOther = named.length === 0 && member.kinds.length > 0;
    return {
      ...member,
      groups: member.groups.filter((group) => groups.has(group)),
      kinds: isOther ? other : named,
    };
  };
}
