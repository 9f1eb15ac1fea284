import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Proposals and approvals. */
export const proposalCodes = {
  // Proposals
  'proposal.unknown': final(404, 'There is no such proposal.', 'List the proposals.'),
  'proposal.cancel.invalid': final(
    422,
    'A cancel proposal names a signed proposal of its wallet, spends one of its coins, and pays nobody; no other proposal names one.',
    'Draft it with propose --cancel.',
  ),
  'proposal.envelope.invalid': final(
    422,
    'The envelope of the fee is below the fee, out of bounds, or of a transaction that cannot be replaced.',
    'Name at least the fee, 1 to 20 replacements, and a time within 30 days.',
  ),
  'proposal.cancelled': final(
    409,
    'A cancel proposal of this one is signed or about to be.',
    'Wait for its confirmation, or bump the fee of the cancel proposal.',
  ),
  'version.envelope': final(
    422,
    'The proposal has no envelope that its fee may be raised in.',
    'Raise the fee by a child (propose --cpfp), or cancel the proposal.',
  ),
  'version.expired': final(
    409,
    'The envelope of the proposal is past: its fee is raised no more.',
    'Raise the fee by a child (propose --cpfp), or cancel the proposal.',
  ),
  'version.count': final(
    409,
    'The envelope of the proposal allows no further replacement.',
    'Raise the fee by a child (propose --cpfp), or cancel the proposal.',
  ),
  'version.spend': final(
    422,
    'The version does not spend the same coins to make the same payments in the same order.',
    'Build it again from the newest version.',
  ),
  'version.change': final(
    422,
    'The version raises change, or pays it elsewhere: only change may shrink.',
    'Build it again from the newest version.',
  ),
  'version.fee.low': final(
    422,
    'The version does not pay enough more than the one that it replaces.',
    'Name a higher fee rate.',
  ),
  'version.fee.high': final(
    422,
    'The version pays more than the envelope of the proposal allows.',
    'Name a lower fee rate.',
  ),
  'fee.unpayable': final(
    422,
    'What is there of the wallet cannot pay that fee.',
    'Name a lower fee rate, or cancel the proposal.',
  ),
  'version.child': final(
    409,
    'A signed child spends the change of the proposal: a replacement would take it away.',
    'Wait, or make another child of the child (propose --cpfp).',
  ),
  'child.change.none': final(
    422,
    'The proposal has no change that a child could spend.',
    'Raise its fee (proposals bump), or cancel it (propose --cancel).',
  ),
  'child.fee.enough': final(
    422,
    'The proposal alone pays that fee rate already.',
    'Name a higher fee rate.',
  ),
  'proposal.confirmed': final(
    409,
    'The proposal is confirmed: its fee cannot be raised, and it cannot be cancelled.',
    'Nothing is to be done.',
  ),
  'proposal.initiator': final(
    422,
    'The initiator is not the member who signed.',
    'Propose in your own name.',
  ),
  'proposal.initiator.gone': final(
    409,
    'The initiator may not propose any more, or his device is not living any more.',
    'Have somebody else propose it.',
  ),
  'approval.lost': final(
    409,
    'An approval that the quorum rested on counts no more: its member or device has left, was suspended, or has lost a group.',
    'Make a new proposal.',
  ),
  'proposal.rejected': final(409, 'The proposal was rejected.', 'Make a new proposal.'),
  'proposal.withdrawn': final(409, 'The initiator withdrew the proposal.', 'Make a new proposal.'),
  'proposal.expired': final(409, 'The proposal has expired.', 'Make a new proposal.'),
  'proposal.signed': final(
    409,
    'The proposal is signed already.',
    'Signatures cannot be recalled: cancel it with propose --cancel.',
  ),
  'proposal.unsigned': later(409, 'The proposal is not signed yet.', 'Wait for the signer.'),
  'draft.unknown': final(404, 'There is no such draft, or it has lapsed.', 'Make a new draft.'),
  'draft.mismatch': final(
    409,
    'The transaction that the server drafted is not what was asked for.',
    'Do not sign. Keep the draft, and tell the security officer.',
  ),

  'proposal.spend.mismatch': final(
    422,
    'The transaction does not do what the spend of the proposal says.',
    'Decode the transaction again and propose anew.',
  ),
  // Approvals
  'approval.log.early': final(
    409,
    'The approval names a checkpoint from before the proposal.',
    'Read the log again with the approving device, and sign anew.',
  ),
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
  'approval.signatures.early': later(
    409,
    'The keys of this wallet that sign beside the signer could spend without it: they sign when all else is there.',
    'Approve without them; sign once the signer says that only signatures are missing.',
  ),
  'approval.message.toolong': final(
    422,
    'The line of the statement is longer than the 240 characters that hardware wallets show.',
    'Sign with another device, or have fewer payments proposed at once.',
  ),
  'approval.message.malformed': final(
    422,
    'That is no signature of a message.',
    'Copy the whole signature, in base64, from the wallet that signed.',
  ),
  'approval.message.unsupported': final(
    422,
    'The signature is of a kind that is not taken here.',
    'Sign by an address of a single key: P2WPKH, P2TR, P2PKH, or P2WPKH in P2SH by BIP 137.',
  ),
  'approval.message.invalid': final(
    422,
    'The signature does not match message and address.',
    'Sign the line exactly as shown, with the address that is enrolled.',
  ),
  'approval.signatures.missing': final(
    422,
    'The approver holds a key of the wallet; the partial signatures are missing.',
    'Sign the inputs too.',
  ),

  'approval.signatures.unasked': final(
    422,
    'The approver holds no key of the wallet, yet partial signatures came along.',
    'Approve without them.',
  ),
  'approval.signatures.foreign': final(
    422,
    'The partial signatures are by a key that another member holds.',
    'Sign with your own key.',
  ),
} as const satisfies Record<string, CodeEntry>;
