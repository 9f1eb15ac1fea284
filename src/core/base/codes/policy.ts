import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Policies: reading, judging, proving, replaying. */
export const policyCodes = {
  'policy.none.matched': final(
    403,
    'No rule of the policy allows this spend.',
    'Change the payments or the policy.',
  ),
  'policy.denied': final(
    403,
    'A rule of the policy denies this spend.',
    'Change the payments or the policy.',
  ),
  'policy.asked.exceeded': later(
    409,
    'With what this member asks for already, and nobody has approved, a limit is exceeded.',
    'Have the open proposals approved or withdrawn, or wait until they lapse.',
  ),
  'policy.limit.joint': later(
    403,
    'A limit of the whole organisation does not hold this spend together with those of its other wallets.',
    'Spend less, or wait until the window frees up.',
  ),
  'policy.fee.budget': later(
    403,
    'The fee does not fit into what the policy lets go for fees.',
    'Lower the fee, or wait until the window frees up.',
  ),
  'policy.limit.exceeded': later(
    403,
    'A limit of the policy does not hold this spend.',
    'Spend less, or wait until the window frees up.',
  ),
  'policy.fee.exceeded': final(403, 'The fee passes a cap of the policy.', 'Lower the fee.'),
  'policy.quorum.missing': later(
    409,
    'Approvals are still missing.',
    'Wait for the approvers named.',
  ),
  'policy.delay.waiting': later(
    409,
    'The delay of the policy has not passed.',
    'Wait until the time named.',
  ),
  'policy.hours.closed': later(
    409,
    'The policy does not allow this spend at this hour.',
    'Wait until the time named.',
  ),
  'policy.hours.unknown': final(
    403,
    'The time lies beyond what the time zone pinned in the policy knows, so its hours cannot be judged.',
    'Publish the policy again with a newer time zone.',
  ),
  'policy.sign.expired': final(409, 'The approvals were not used in time.', 'Make a new proposal.'),
  'policy.unknown': final(
    422,
    'The wallet has no policy in force.',
    'Publish a policy for the wallet.',
  ),
  'policy.syntax': final(
    422,
    'The policy file is not valid YAML of the expected form.',
    'Mend the line named.',
  ),
  'policy.group.unknown': final(
    422,
    'The policy names a group that the charter does not have.',
    'Name a group of the charter.',
  ),
  'policy.quorum.unsatisfiable': final(
    422,
    'A quorum of the policy cannot be met by the members.',
    'Ask for fewer, or add members.',
  ),
  'policy.rule.unreachable': final(
    422,
    'A rule of the policy can never match.',
    'Remove it or change its condition.',
  ),
  'policy.delay.outlives': final(
    422,
    'A delay outlives the approvals it waits for.',
    'Lengthen expires or shorten the delay.',
  ),
  'policy.field.missing': final(
    422,
    'The policy file lacks a field.',
    'Add the field; what is left out is never assumed to be allowed.',
  ),
  'policy.field.unknown': final(
    422,
    'The policy file has a field that the language does not know.',
    'Correct the spelling, or remove the field.',
  ),
  'policy.timezone.unknown': final(
    422,
    'There is no such time zone.',
    'Write a name of the IANA time-zone database, such as Asia/Tokyo.',
  ),
  'policy.rules.empty': final(403, 'The policy has no rules, so it allows nothing.', 'Add a rule.'),
  'policy.quorum.zero': final(
    403,
    'A quorum of the policy asks for nobody.',
    'Ask for at least one approval.',
  ),
  'policy.name.duplicate': final(
    422,
    'Two rules or two limits have the same name.',
    'Give each its own name; case and width of letters do not count.',
  ),
  'policy.output.unnamed': final(
    403,
    'A payment carries value in data, has an unknown witness version or no value, and no rule names it.',
    'Remove the payment, or add a rule that names it.',
  ),
  'policy.facts.inconsistent': final(
    422,
    'The spend or the recorded usage contradicts itself, so the policy cannot be judged.',
    'Investigate who computed the spend.',
  ),
  'policy.analysis.toolarge': final(
    422,
    'The policy, or what is asked about it, is too large to be analysed.',
    'Ask about fewer people, or write fewer different conditions.',
  ),
  'policy.assertion.failed': final(
    422,
    'What the policy asserts is not so, or could not be proven.',
    'Look at the example: tighten the policy, or assert less.',
  ),
  'policy.analysis.timeout': later(
    503,
    'The analysis took longer than the server gives it.',
    'Ask about fewer people, or analyse the policy by the CLI, which takes its time.',
  ),
  'policy.analysis.busy': later(
    503,
    'Too many analyses wait for their turn.',
    'Ask again in a minute, or analyse the policy by the CLI.',
  ),
  'policy.replay.toolarge': final(
    422,
    'The log is too long to be replayed within one request.',
    'Export the evidence and replay it by the CLI, which takes its time.',
  ),
  'policy.shadow.none': final(
    404,
    'No shadow policy is attached to the wallet.',
    'Attach one first.',
  ),
  'policy.governance.weaker': final(
    422,
    'The policy asks for more people or kinds of device than changing it does.',
    'Ask for at least as much in the governance clause.',
  ),
  'policy.member.unknown': final(
    422,
    'The policy names a member that the charter does not have.',
    'Name a member of the charter.',
  ),
  'policy.custody.webauthn': final(
    422,
    'The wallet holds what belongs to others, and passkeys alone could approve a spend.',
    'Ask somebody for another kind of device.',
  ),
  'policy.custody.alone': final(
    422,
    'The wallet holds what belongs to others, and one person alone could approve what a service account proposes.',
    'Ask for two people.',
  ),
  'policy.share.exceeded': final(
    422,
    'The shares of a limit of the organisation are more than the limit.',
    'Lower the share of this wallet or of another.',
  ),
  'policy.wallet.mismatch': final(
    422,
    'The policy is of another wallet.',
    'Name the wallet that the policy governs.',
  ),
} as const satisfies Record<string, CodeEntry>;
