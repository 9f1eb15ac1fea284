/**
 * The one registry of refusal codes. Codes are dotted, stable and never reused; one code has one cause and one
 * test. Longer than 400 lines because it is a table. A new code is added here before it is used anywhere.
 */
interface CodeEntry {
  /** The HTTP status of the refusal (RFC 9457). */
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 503;
  /** Whether the same request can pass later without being changed. */
  readonly retryable: boolean;
  /** What was found, for a person. */
  readonly meaning: string;
  /** What the person should do. */
  readonly action: string;
}

const final = (status: CodeEntry['status'], meaning: string, action: string): CodeEntry => ({
  status,
  retryable: false,
  meaning,
  action,
});
const later = (status: CodeEntry['status'], meaning: string, action: string): CodeEntry => ({
  status,
  retryable: true,
  meaning,
  action,
});

export const codes = {
  // JSON, amounts, requests
  'json.malformed': final(400, 'The bytes are not JSON.', 'Send UTF-8 JSON.'),
  'json.noncanonical': final(
    422,
    'The JSON is not in canonical form (RFC 8785).',
    'Send the exact bytes that were signed.',
  ),
  'json.number': final(
    422,
    'A number is not an integer from 0 to 2^53 - 1.',
    'Write amounts in satoshi.',
  ),
  'json.text': final(
    422,
    'A text is too long, not NFC, or holds invisible characters.',
    'Remove control, bidirectional and zero-width characters.',
  ),
  'json.depth': final(422, 'The JSON is nested too deep.', 'Flatten the object.'),
  'schema.mismatch': final(
    422,
    'The object does not have the expected fields.',
    'Compare with the schema; unknown fields are refused.',
  ),
  'amount.invalid': final(
    422,
    'That is no amount between 0 and 21,000,000 BTC.',
    'Write amounts as satoshi, "0.5 BTC" or "50000 sat".',
  ),
  'address.invalid': final(422, 'That is no Bitcoin address.', 'Copy the whole address again.'),
  'address.network': final(
    422,
    'The address belongs to another network.',
    'Use an address of the network of the wallet.',
  ),

  // Statements and devices
  'statement.time': final(
    422,
    'The times of the statement are out of order or out of bounds.',
    'Check the clock of the device and sign again.',
  ),
  'statement.expired': final(409, 'The statement has expired.', 'Sign a new one.'),
  'statement.early': later(
    409,
    'The statement was issued in the future.',
    'Check the clock of the device.',
  ),
  'statement.organisation': final(
    422,
    'The statement is of another organisation.',
    'Use the keys and the profile of this organisation.',
  ),
  'statement.network': final(
    422,
    'The statement is of another network.',
    'Propose on the network of the wallet.',
  ),
  'statement.signature': final(
    401,
    'The signature does not match the statement and the device.',
    'Sign with the device that is named.',
  ),
  'statement.duplicate': final(
    409,
    'This statement stands in the log already.',
    'Nothing is to be done.',
  ),
  'statement.previous': final(
    409,
    'The statement does not follow the former one of this member.',
    'Fetch the newest state and sign again.',
  ),
  'member.unknown': final(403, 'The charter names no such member.', 'Ask a governor.'),
  'member.role': final(403, 'The member may not do this.', 'Ask someone whose group may.'),
  'device.unknown': final(403, 'The member has no such device.', 'Use an enrolled device.'),
  'device.unconfirmed': final(
    403,
    'The device has not confirmed its entry in the charter.',
    'Confirm the charter with this device first.',
  ),
  'device.cooling': later(
    409,
    'The device is new and still in its cool-down.',
    'Wait until the cool-down has passed.',
  ),
  'device.kind.unsupported': final(
    422,
    'Devices of this kind are not supported yet.',
    'Use a device of kind secp256k1.',
  ),

  // Documents
  'document.unauthorised': final(
    403,
    'The document lacks the signatures of enough governors.',
    'Collect the missing signatures.',
  ),
  'document.unknown': final(404, 'There is no such document.', 'Check the digest.'),
  'document.stale': final(
    409,
    'The document named is not the one in force.',
    'Fetch the newest state and sign again.',
  ),
  'document.organisation': final(
    422,
    'The document is of another organisation.',
    'Use the documents of this organisation.',
  ),
  'document.duplicate': final(
    409,
    'This document stands in the log already.',
    'Nothing is to be done.',
  ),
  'document.forked': final(
    409,
    'Another document stands at this place of the chain.',
    'Have the quorum name one.',
  ),
  'document.change.unsupported': final(
    422,
    'Changing a document is not supported yet.',
    'Found a new organisation.',
  ),
  'document.genesis.mismatch': final(
    409,
    'The genesis is not the one that was pinned.',
    'Compare the genesis digest with the one typed at the start.',
  ),
  'document.confirmation.invalid': final(
    422,
    'The confirmation does not match the document.',
    'Confirm the first address and the key of this document.',
  ),
  'charter.invalid': final(422, 'The charter contradicts itself.', 'Mend what the facts name.'),
  'charter.key.reused': final(
    422,
    'A key occurs twice.',
    'Give every device, kind, member, wallet and network its own key.',
  ),
  'charter.unsatisfiable': final(
    422,
    'The governance clauses cannot be met by the members.',
    'Name clauses that the groups can fill.',
  ),
  'charter.network': final(
    422,
    'Cool-downs and delays may be 0 on sandbox and regtest only.',
    'Set a cool-down and a delay.',
  ),
  'demonstration.network': final(
    422,
    'The demonstration organisation exists on sandbox and regtest only.',
    'Found a real organisation.',
  ),
  'destinations.invalid': final(
    422,
    'The address book contradicts itself.',
    'Mend what the facts name.',
  ),

  // Wallets
  'wallet.unknown': final(404, 'There is no such wallet.', 'List the wallets.'),
  'wallet.unconfirmed': later(
    409,
    'Not every key holder has confirmed this wallet.',
    'Have each key holder confirm the first address.',
  ),
  'wallet.frozen': later(409, 'The wallet is frozen.', 'Talk to the security officer.'),
  'wallet.custody.unsupported': final(
    422,
    'custody: true is not supported yet.',
    'Leave custody false.',
  ),
  'wallet.outside.unsupported': final(422, 'outside is not supported yet.', 'Leave outside empty.'),
  'wallet.hotkey': final(
    422,
    'A spending path does not contain the hot key.',
    'Use a descriptor whose every path needs the hot key.',
  ),

  // Proposals
  'proposal.unknown': final(404, 'There is no such proposal.', 'List the proposals.'),
  'proposal.duplicate': final(
    409,
    'This proposal stands in the log already.',
    'Nothing is to be done.',
  ),
  'proposal.kind.unsupported': final(
    422,
    'Proposals of this kind are not supported yet.',
    'Propose a payment.',
  ),
  'proposal.envelope.unsupported': final(
    422,
    'Envelopes are not supported yet.',
    'Leave the envelope null.',
  ),
  'proposal.initiator': final(
    422,
    'The initiator is not the member who signed.',
    'Propose in your own name.',
  ),
  'proposal.rejected': final(409, 'The proposal was rejected.', 'Make a new proposal.'),
  'proposal.withdrawn': final(409, 'The initiator withdrew the proposal.', 'Make a new proposal.'),
  'proposal.expired': final(409, 'The proposal has expired.', 'Make a new proposal.'),
  'proposal.signed': final(409, 'The proposal is signed already.', 'Nothing is to be done.'),
  'proposal.unsigned': later(409, 'The proposal is not signed yet.', 'Wait for the signer.'),
  'proposal.invalidated': final(
    409,
    'Something that the proposal counted on is gone.',
    'Make a new proposal.',
  ),
  'draft.unknown': final(404, 'There is no such draft, or it has lapsed.', 'Make a new draft.'),

  // Approvals
  'approval.spend.mismatch': final(
    422,
    'The approval is of other bytes than the proposal.',
    'Review the proposal again and sign anew.',
  ),
  'approval.initiator': final(
    403,
    'The initiator cannot approve his own proposal.',
    'Ask another member.',
  ),
  'approval.member.ineligible': final(
    403,
    'No rule that applies asks this member.',
    'Ask a member of the groups named.',
  ),
  'approval.superseded': final(
    409,
    'The member rejected or withdrew before; that is final.',
    'Make a new proposal.',
  ),
  'approval.unknown': final(
    409,
    'There is no approval of this member to withdraw.',
    'Nothing is to be done.',
  ),
  'approval.reason.missing': final(422, 'A rejection needs a reason.', 'Say why.'),
  'approval.signatures.missing': final(
    422,
    'The approver holds a key of the wallet; the partial signatures are missing.',
    'Sign the inputs too.',
  ),
  'approval.signatures.invalid': final(
    422,
    'The partial signatures do not match the transaction.',
    'Sign again.',
  ),

  // Policy
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
  'policy.wallet.mismatch': final(
    422,
    'The policy is of another wallet.',
    'Name the wallet that the policy governs.',
  ),

  // Signer and spending
  'coin.signed': final(
    409,
    'A coin is already spent by a signed transaction.',
    'Choose other coins.',
  ),
  'coin.reserved': later(
    409,
    'A coin is reserved by another proposal.',
    'Choose other coins, or wait.',
  ),
  'spend.repeated': final(
    409,
    'The same payments or reference were signed within seven days.',
    'If it is meant, name the former proposal in repeats.',
  ),
  'signer.pending': later(
    409,
    'The signer has not seen this yet.',
    'Wait some seconds; is the signer running?',
  ),
  'signer.time': later(
    503,
    'The clock of the signer stands before its last record.',
    'Correct the clock of the signer host.',
  ),
  'psbt.signatures.missing': later(
    409,
    'Partial signatures of other key holders are missing.',
    'Have them approve with their keys.',
  ),
  'receipt.unauthorised': final(
    403,
    'The receipt is not of the signer of this wallet.',
    'Use the signer that the charter names.',
  ),
  'receipt.position': final(
    409,
    'The receipt does not continue the journal of the signer.',
    'Restore the whole journal.',
  ),
  'receipt.invalid': final(422, 'The receipt contradicts the log.', 'Investigate the signer.'),
  'fact.duplicate': final(409, 'The fact stands in the log already.', 'Nothing is to be done.'),
  'fact.invalid': final(422, 'The fact contradicts the log.', 'Investigate the server.'),

  // Log, journal, package
  'log.entry.invalid': final(
    422,
    'The entry has an unknown form.',
    'Update, or investigate the server.',
  ),
  'log.entry.size': final(413, 'The entry is larger than 60,000 bytes.', 'Split the spend.'),
  'log.blob.missing': later(422, 'A blob that an entry names is missing.', 'Send the blob along.'),
  'log.blob.size': final(413, 'A blob is too large.', 'Send less.'),
  'log.blob.unasked': final(
    422,
    'A blob came along that nothing names.',
    'Send only what the statement names.',
  ),
  'log.checkpoint.invalid': final(
    422,
    'The checkpoint is malformed or its signature does not verify.',
    'Investigate the server; the log key may be wrong.',
  ),
  'log.checkpoint.origin': final(
    422,
    'The checkpoint is of another log.',
    'Check the address of the server.',
  ),
  'log.proof.invalid': final(
    422,
    'The proof does not lead to the root.',
    'Investigate the server.',
  ),
  'log.fork': final(
    409,
    'The log contradicts what was seen before.',
    'Stop, keep both checkpoints, and tell the security officer.',
  ),
  'log.rolledback': final(
    409,
    'The log is shorter than what was seen before.',
    'Stop, and tell the security officer.',
  ),
  'journal.rolledback': final(
    409,
    'The journal is older than what the log holds of it.',
    'Restore the newest journal; never start an older copy.',
  ),
  'journal.invalid': final(
    409,
    'The journal was edited, truncated or belongs to another signer.',
    'Restore the newest journal.',
  ),
  'key.locked': final(422, 'The passphrase does not open the key file.', 'Try again.'),
  'key.invalid': final(
    422,
    'The key file is damaged or of another form.',
    'Restore it from a backup.',
  ),
  'package.invalid': final(422, 'The package is malformed.', 'Export it again.'),
  'package.replay.mismatch': final(
    409,
    'A receipt of the signer contradicts the rules.',
    'Investigate the signer.',
  ),
} as const satisfies Record<string, CodeEntry>;

export type RefusalCode = keyof typeof codes;

/** The registry's entry of a code. */
export function explainCode(code: RefusalCode): CodeEntry {
  return codes[code];
}
