import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Documents of the organisation. */
export const documentCodes = {
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
  'document.version': final(
    422,
    'The version does not count on by one from the version before.',
    'Number it one above the version that it names as previous.',
  ),
  'document.inforce': final(
    409,
    'The document is in force already.',
    'Propose a version that changes it back.',
  ),
  'document.recovery': final(
    422,
    'Recovery keys replace governors and sign nothing else.',
    'Have the governors sign it.',
  ),
  'document.unsigned.many': later(
    409,
    'Too many documents of this member wait for a first signature, or were refused within the hour.',
    'Have them signed or vetoed before you publish another; what was refused counts for an hour.',
  ),
  'document.waiting': later(
    409,
    'A document that the proposal names is not yet in force at the signer.',
    'Wait for its delay, or for the signer to read the log.',
  ),
  'charter.changed': final(
    422,
    'The charter changes what never changes.',
    'Leave protocol, log, signers and the keys of known devices as they are; give another key another name.',
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
  'document.confirmation.address': final(
    422,
    'The first address that a key holder confirms is not that of the wallet.',
    'Do not use the wallet: compare the keys, the threshold and the order of the keys with those on the devices.',
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

  'freeze.unknown': final(
    404,
    'There is no such freeze of that wallet.',
    'Name freezes of this wallet, each by its digest.',
  ),
  'freeze.lifts': final(422, 'A freeze lifts nothing.', 'Leave the list of lifted freezes empty.'),
} as const satisfies Record<string, CodeEntry>;
