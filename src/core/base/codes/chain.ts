import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** The chain and its sources. */
export const chainCodes = {
  'chain.rejected': final(
    422,
    'The node does not accept the transaction.',
    'Read the reason; a spent coin or a low fee needs a new proposal.',
  ),
  'chain.network': final(
    409,
    'The node follows another network than the one configured.',
    'Point the configuration at a node of the right network.',
  ),
  'chain.unreachable': later(
    503,
    'The Bitcoin node does not answer, or is still starting.',
    'Wait; if it lasts, look at the node.',
  ),
  'chain.credentials': later(
    503,
    'The Bitcoin node refuses our user name and password.',
    'Correct the credentials or the cookie file.',
  ),
  'chain.answer.invalid': later(
    503,
    'The node sent an answer that is malformed or contradicts itself.',
    'Update or replace the node.',
  ),
  'chain.block.unavailable': later(
    503,
    'The node does not hold a block that is needed.',
    'Use a node that keeps the blocks since the birth of the wallet.',
  ),
  'chain.syncing': later(
    503,
    'The Bitcoin node is still reading the chain.',
    'Wait until it has; nothing is drafted or broadcast before.',
  ),
  'chain.alone': later(
    503,
    'The Bitcoin node is connected to no other.',
    'Look at its network; nothing is drafted or broadcast meanwhile.',
  ),
  'chain.stale': later(
    503,
    'The newest block of the Bitcoin node is too old.',
    'Look at the node and its network; nothing is drafted or broadcast meanwhile.',
  ),
  'chain.behind': later(
    503,
    'The server has not read all blocks of the node yet.',
    'Wait until it has; nothing is drafted or broadcast before.',
  ),
  'chain.disagreement': later(
    503,
    'The two chain sources do not show the same chain.',
    'Find out which one is wrong; nothing is drafted or broadcast meanwhile.',
  ),
  'chain.second.silent': later(
    503,
    'The second chain source does not answer.',
    'Look at it; after half an hour nothing is drafted or broadcast without it.',
  ),
  'chain.slow': later(
    503,
    'The Bitcoin node takes seconds to answer.',
    'Look at its load; work goes on.',
  ),
  'coin.spent': final(
    409,
    'A coin is spent or unknown to the chain that is followed.',
    'Choose other coins.',
  ),

  'coin.insufficient': final(
    422,
    'The coins that are free do not cover the payments and the fee.',
    'Pay less, or wait until coins are confirmed or unlocked.',
  ),
  'coin.unconfirmed': later(
    409,
    'A coin is not in a block yet.',
    'Wait until it is confirmed, or choose other coins.',
  ),
  'coin.immature': later(
    409,
    'A coin was mined less than a hundred blocks ago.',
    'Wait until the block named, or choose other coins.',
  ),
  'coin.gap': final(
    422,
    'A coin lies at an address beyond the range that is watched.',
    'Have the wallet read again up to that address: countersign wallets rescan.',
  ),
  'wallet.rescan.range': final(
    422,
    'A wallet is read anew only so far beyond its used addresses at a time.',
    'Name an index up to the one that the facts tell, and go on from there.',
  ),
  'coin.frozen': final(
    409,
    'A coin is frozen: somebody wants it left alone.',
    'Choose other coins, or have it unfrozen.',
  ),
  'coin.unfrozen': final(409, 'The coin is not frozen.', 'Nothing is to be done.'),
  'coin.unknown': final(404, 'The wallet has no such coin.', 'List the coins of the wallet.'),
  'consolidation.fees.high': later(
    422,
    'Fees are higher than coins are to be merged at.',
    'Wait until fees fall, or name a higher ceiling.',
  ),
  'consolidation.unneeded': final(
    422,
    'No recovery path of a free coin opens within thirty days.',
    'Nothing is to be done.',
  ),
  'consolidation.pointless': final(
    422,
    'There are no two coins whose merging would save anything.',
    'Wait until fees are lower or more small coins have come in.',
  ),
  'label.invalid': final(
    422,
    'That is no label as BIP 329 writes them.',
    'Each line is a JSON object with type, ref and label; a label has at most 255 characters.',
  ),
  'coin.locked': later(
    409,
    'A coin is held by another draft or proposal.',
    'Choose other coins, or wait until they are free.',
  ),
  'chain.fee.unknown': later(
    503,
    'The node has no estimate of fees.',
    'Name a fee rate, or wait until the node has seen some blocks.',
  ),
  'reconciliation.time.unknown': final(
    503,
    'Blocks of this wallet were read before their times were kept.',
    'Let the server read the chain anew.',
  ),
  'reconciliation.large': final(
    422,
    'More happened on that day than one answer tells.',
    'Take the evidence of the log and the node.',
  ),
  'reconciliation.unexplained': final(
    409,
    'Chain and receipts do not agree: a spend without a receipt, or a signed proposal that can never confirm.',
    'Freeze the wallet, and find out who holds its keys.',
  ),
  'reconciliation.share': final(
    409,
    'The wallet holds more than its share of all wallets.',
    'Move coins to a colder wallet.',
  ),
  'destination.unknown': final(
    422,
    'The address book has no such entry.',
    'Name an entry of the address book, or an address.',
  ),
  'sandbox.only': final(404, 'That exists on the sandbox chain only.', 'Use a sandbox network.'),
} as const satisfies Record<string, CodeEntry>;
