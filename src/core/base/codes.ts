/* eslint max-lines: ["error", 2000] -- the registry is one table: a row is added, never logic */
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
  'file.syntax': final(
    422,
    'The file is neither JSON nor the narrow YAML of policy files.',
    'Mend the line named.',
  ),
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
  'address.uri': final(
    422,
    'The payment URI cannot be read, or asks for what is not supported (BIP 21).',
    'Give the address and the amount themselves.',
  ),
  'address.uri.amount': final(
    422,
    'The payment URI asks for another amount than the one given.',
    'Ask the payee which is right.',
  ),
  'address.lookalike': final(
    422,
    'A payee looks like a known address at both ends, and is another.',
    'Compare every character with the payee over another channel; if he is meant, have him listed in the address book.',
  ),

  'http.malformed': final(400, 'The request cannot be read.', 'Send a well-formed HTTP request.'),
  'http.unknown': final(404, 'There is nothing at this address.', 'Look at /docs.'),
  'http.body.size': final(413, 'The body of the request is too large.', 'Send less.'),
  'http.media': final(
    415,
    'The body is not of a type that this route takes.',
    'Send application/json.',
  ),
  'http.rate': later(429, 'There are too many requests.', 'Wait some seconds.'),
  'idempotency.key': final(
    422,
    'The Idempotency-Key is not 1 to 128 printable characters.',
    'Send a UUID.',
  ),
  'idempotency.mismatch': final(
    409,
    'The Idempotency-Key was used with another body.',
    'Send a new key.',
  ),
  'idempotency.running': later(
    409,
    'The request with this Idempotency-Key is still being answered.',
    'Send it again after some seconds.',
  ),
  'cursor.invalid': final(422, 'That is no cursor of this list.', 'Start at the first page.'),

  // Sessions and proofs
  'proof.missing': final(
    401,
    'The request carries no DPoP proof.',
    'Open a session and prove each request with its key.',
  ),
  'proof.invalid': final(
    401,
    'The DPoP proof is malformed, of another request, out of time or not signed by its key.',
    'Make a new proof for this request; check the clock.',
  ),
  'proof.replayed': final(401, 'The DPoP proof was used before.', 'Make a new proof.'),
  'session.unknown': final(
    401,
    'There is no living session of this key.',
    'Open a session with a signed statement.',
  ),
  'session.key': final(
    422,
    'The session statement names another key than the one that proves the request.',
    'Prove the request with the key that the statement names.',
  ),
  'session.time': final(
    422,
    'A session lives for at most fifteen minutes from now.',
    'Sign a shorter session; check the clock of the device.',
  ),
  'session.member': final(
    403,
    'The statement is of another member than the session.',
    'Send statements of your own.',
  ),
  'caller.kind': final(
    403,
    'This route is not for this kind of caller.',
    'Use the session of a member.',
  ),
  'statement.kind': final(
    422,
    'This route takes statements of another kind.',
    'Send the statement to its own route.',
  ),
  'text.mismatch': final(
    422,
    'The text does not have the digest that the statement names.',
    'Send the salt and text that were signed.',
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
  'statement.signature.form': final(
    422,
    'The signature is not of the form that a device of this kind makes.',
    'Send 64 bytes in hex of a secp256k1 device, base64 of a message device.',
  ),
  'statement.duplicate': final(
    409,
    'This statement stands in the log already.',
    'Nothing is to be done.',
  ),
  'statement.declined': final(
    403,
    'The person did not type "yes": nothing was signed.',
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
  'member.suspended': final(
    403,
    'A governor has suspended the member. His "no" still counts.',
    'Ask the governors to lift the suspension.',
  ),
  'device.suspended': final(
    403,
    'A governor has suspended the device. Its "no" still counts.',
    'Use another device, or ask the governors.',
  ),
  'device.kind.unsupported': final(
    422,
    'Devices of this kind are not supported yet.',
    'Use a device of kind secp256k1, message or psbt.',
  ),
  'device.kind.statement': final(
    422,
    'A device of this kind does not sign such statements.',
    'Sign it with the key of your key file: a message device neither proposes nor opens sessions, a psbt device signs coins alone.',
  ),
  'device.key.invalid': final(
    422,
    'The key of the device is none of its kind.',
    'Name for a message device an address of one key (not P2WSH), for a psbt device the extended public key in the wallet.',
  ),
  'device.address.wallet': final(
    422,
    'The address of the message device belongs to a wallet.',
    'Take an address of an account that no wallet of the organisation uses.',
  ),
  'device.wallet.foreign': final(
    422,
    'The psbt device is not one of the keys of the wallet that this member holds and signs proposals by.',
    'Name the key as the wallet document does, under the member who holds it; a recovery key is no device.',
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
  // Wallets
  'wallet.changed': final(
    422,
    'Network, descriptor, keys and birth of a wallet never change.',
    'Other keys are another wallet: publish one.',
  ),
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
  'wallet.outside.missing': final(
    422,
    'A set of keys that spends without the hot key is not named under outside.',
    'Name the sets that the facts tell, each key as the descriptor writes it.',
  ),
  'wallet.outside.excess': final(
    422,
    'A set of keys under outside does not spend without the hot key, or not only just, or is named twice.',
    'Leave out the sets that the facts tell.',
  ),
  'wallet.outside.bounds': final(
    422,
    'More sets of keys spend without the hot key than a wallet may name.',
    'Use a descriptor whose every path needs the hot key.',
  ),
  'wallet.descriptor.malformed': final(
    422,
    'The descriptor cannot be read.',
    'Copy the whole descriptor again.',
  ),
  'wallet.descriptor.unsupported': final(
    422,
    'Descriptors of this kind are not supported yet.',
    'Use pkh, wpkh, sh(wpkh), wsh or sh(wsh) of multi, sortedmulti or a miniscript, or tr.',
  ),
  'wallet.descriptor.checksum': final(
    422,
    'The checksum does not fit the descriptor.',
    'Copy the descriptor again; if it is right, use the checksum named.',
  ),
  'wallet.descriptor.checksum.missing': final(
    422,
    'The descriptor has no checksum.',
    'Append the checksum named.',
  ),
  'wallet.multipath': final(
    422,
    'The keys do not all end in <0;1>/*.',
    'Write every key as [fingerprint/path]xpub/<0;1>/*.',
  ),
  'wallet.threshold': final(
    422,
    'The threshold or the number of keys is out of bounds (BIP 383).',
    'Ask for 1 to n signatures of at most 20 keys.',
  ),
  'wallet.key.private': final(
    422,
    'The text holds a private key or seed words.',
    'Treat that key as exposed: move its funds, and give the public key only.',
  ),
  'wallet.key.invalid': final(
    422,
    'A key is no extended public key.',
    'Export the xpub of the account again.',
  ),
  'wallet.key.network': final(
    422,
    'A key belongs to another network.',
    'Export the key for the network of the wallet.',
  ),
  'wallet.key.cointype': final(
    422,
    'The coin type in the origin path of a key belongs to another network.',
    'Export the key from the account of the network of the wallet.',
  ),
  'wallet.key.hardened': final(
    422,
    'A hardened step follows an extended public key.',
    'Put hardened steps into the origin, before the key.',
  ),
  'wallet.key.origin': final(
    422,
    'The origin path of a key does not fit its depth and child number.',
    'Export the key together with its origin.',
  ),
  'wallet.key.duplicate': final(
    422,
    'A key occurs twice in the descriptor.',
    'Give every key holder a key of his own.',
  ),
  'wallet.key.raw': final(
    422,
    'A key stands alone, not as an extended public key: it would have one address only.',
    'Give the xpub of the account. Only tr takes a bare key: the one that nobody can sign by.',
  ),
  'wallet.key.format': final(
    422,
    'A key is written with a prefix of SLIP 132, which descriptors do not know.',
    'Write it as named, and make the checksum anew.',
  ),
  'wallet.miniscript.malformed': final(
    422,
    'A script is no miniscript (BIP 379).',
    'Check the names and the number of their arguments.',
  ),
  'wallet.miniscript.type': final(
    422,
    'The parts of a miniscript do not fit together (BIP 379).',
    'Have the script written by a compiler of policies.',
  ),
  'wallet.miniscript.unsigned': final(
    422,
    'A path of the script needs no signature.',
    'Ask for a key in every path.',
  ),
  'wallet.miniscript.malleable': final(
    422,
    'Anybody could change how a spend of the script is written.',
    'Have the script written by a compiler of policies.',
  ),
  'wallet.miniscript.locks.mixed': final(
    422,
    'One path waits for heights and for times: it never opens.',
    'Use blocks alone or time alone.',
  ),
  'wallet.miniscript.lock': final(
    422,
    'A timelock means something else than the number says (BIP 68, BIP 65).',
    'Wait for 1 to 65535 blocks, or for as many times 512 seconds with the flag 4194304 added.',
  ),
  'wallet.miniscript.hash': final(
    422,
    'A path needs the preimage of a hash, which nobody here can give.',
    'Leave hashes out.',
  ),
  'wallet.miniscript.locked': final(
    422,
    'No path opens without waiting: the wallet could not spend.',
    'Give the wallet a path without a timelock.',
  ),
  'wallet.miniscript.size': final(
    422,
    'A script is larger than what nodes relay.',
    'Use fewer keys or fewer paths.',
  ),
  'wallet.hotkey': final(
    422,
    'A spending path does not contain the hot key.',
    'Use a descriptor whose every path needs the hot key, or name the other key sets under outside.',
  ),
  'wallet.hotkey.idle': final(
    422,
    'The path that spends are signed by does not contain the hot key.',
    'Put the hot key into the path that needs no waiting, in taproot into the internal key or the first such leaf.',
  ),

  // Files of other wallets
  'wallet.file.unknown': final(
    422,
    'The file is no wallet in a format that is known here.',
    'Give descriptors, a BIP 388 policy as JSON, a BSMS record, a Coldcard multisig file or a registration.',
  ),
  'wallet.file.malformed': final(
    422,
    'A line or field of the wallet file is missing or cannot be read.',
    'Mend what the facts name, or export the file again.',
  ),
  'wallet.file.pair': final(
    422,
    'The two descriptors are not receiving and change of one wallet.',
    'Export both again, or one descriptor whose keys end in <0;1>/*.',
  ),
  'wallet.address.mismatch': final(
    422,
    'The first address that the file names is not that of its descriptor.',
    'Do not use the wallet. Ask who sent the file over another channel: keys, threshold or order were changed.',
  ),
  'wallet.format.unfit': final(
    422,
    'The format cannot hold a wallet of this kind.',
    'Export another format: a descriptor holds every wallet.',
  ),
  'wallet.template.malformed': final(
    422,
    'The template holds a key, or a placeholder that is not @N/** or @N/<a;b>/* (BIP 388).',
    'Put every key into the list of keys, and its placeholder into the template.',
  ),
  'wallet.template.order': final(
    422,
    'The placeholders are not @0, @1 and so on in their order, one for each key (BIP 388).',
    'Number the keys by where they first stand in the template.',
  ),
  'wallet.template.repeated': final(
    422,
    'A key stands in the template twice with the same step (BIP 388).',
    'Give each place of the key its own pair of steps.',
  ),
  'wallet.bsms.encrypted': final(
    422,
    'The record seems to be encrypted (BIP 129), which is not supported.',
    'Decrypt it with the token of its session, and give the record itself.',
  ),
  'wallet.bsms.version': final(
    422,
    'The record is of another version of BSMS (BIP 129).',
    'Export it as the version that is known.',
  ),
  'wallet.bsms.paths': final(
    422,
    'The record restricts the paths otherwise than to receiving and change (BIP 129).',
    'Use /0/*,/1/* with a template.',
  ),
  'wallet.bsms.token': final(
    422,
    'The key record is of an encrypted session, whose token is not known here (BIP 129).',
    'Have the holder export his key in a session without encryption.',
  ),
  'wallet.bsms.signature': final(
    422,
    'The key record is not signed by its key, or not in the legacy form (BIP 129).',
    'Do not take the key. Have the holder export it again.',
  ),

  'wallet.network': final(
    422,
    'The genesis block does not belong to the network of the wallet.',
    'Name the network and its genesis block.',
  ),
  'wallet.signer.missing': final(
    422,
    'The charter names no signer for this wallet.',
    'Name the signer and its key in the charter.',
  ),
  'wallet.holders': final(
    422,
    'The hot key and the holders do not name exactly the keys of the descriptor.',
    'Name each key of the descriptor once, with a member who holds it.',
  ),

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
  'screening.unanswered': later(
    409,
    'The policy wants every destination cleared by the screening service, which has not answered yet.',
    'Wait; where it lasts, ask the operator of the server: countersign status.',
  ),
  'screening.held': later(
    409,
    'The screening service holds a destination.',
    'Look into the case named there; it is asked again until it clears or denies.',
  ),
  'screening.denied': final(
    409,
    'The screening service denies a destination.',
    'Make a new proposal without it.',
  ),
  'screening.unconfigured': later(
    503,
    'A policy in force requires screening, and the server knows no screening service.',
    'Set SCREENING_URL; until then no payment of that wallet is signed.',
  ),
  'screening.unreachable': later(
    503,
    'The screening service does not answer.',
    'Look at the service and the way to it; it is asked again by itself.',
  ),
  'screening.credentials': later(
    503,
    'The screening service refuses the token, or the token cannot be read.',
    'Look at SCREENING_TOKEN_FILE; it is read anew for each question.',
  ),
  'screening.answer.invalid': later(
    503,
    'The screening service answers something that is no answer.',
    'Hold the service against the protocol in policies/README.md.',
  ),
  'signer.pending': later(
    409,
    'The signer has not seen this yet.',
    'Wait some seconds; is the signer running?',
  ),
  'signer.clock': later(
    503,
    'The clock of the signer host was moved, or the host slept: it differs from the time that has passed since the start.',
    'Correct the clock. If it is right, restart the signer: delays begin anew.',
  ),
  'signer.time': later(
    503,
    'The clock of the signer stands before its last record.',
    'Correct the clock of the signer host.',
  ),
  'psbt.too.large': final(413, 'The PSBT or transaction is too large.', 'Split the spend.'),
  'psbt.malformed': final(
    422,
    'The bytes are not a valid PSBT.',
    'Export the PSBT again; it must be binary or base64 and complete.',
  ),
  'psbt.encoding': final(
    422,
    'The PSBT is not in its shortest form, or something stands behind it.',
    'Export it again, with another program if it stays so.',
  ),
  'psbt.field.duplicate': final(
    422,
    'A field of the PSBT occurs twice.',
    'Do not sign. Export it again.',
  ),
  'psbt.modifiable': final(
    422,
    'The PSBT still lets inputs or outputs be added.',
    'Finish the transaction first, so that it cannot be changed any more.',
  ),
  'psbt.silentpayment': final(
    422,
    'An output is a silent payment, which has no script yet.',
    'Pay to an ordinary address.',
  ),
  'psbt.annex': final(
    422,
    'An input carries an annex, which has no meaning yet.',
    'Rebuild the transaction without it.',
  ),
  'psbt.locktime.conflict': final(
    422,
    'The inputs ask for lock times that exclude one another.',
    'Spend those coins in separate transactions.',
  ),
  'psbt.version.unsupported': final(
    422,
    'PSBTs of this version are not supported yet.',
    'Export the PSBT as version 0 (BIP 174).',
  ),
  'psbt.parsers.differ': final(
    422,
    'Two independent parsers do not agree on these bytes.',
    'Rebuild the transaction with another program.',
  ),
  'psbt.transaction.malformed': final(
    422,
    'The unsigned transaction is malformed.',
    'Rebuild the transaction.',
  ),
  'psbt.transaction.version': final(
    422,
    'The transaction is not of version 2.',
    'Rebuild the transaction with version 2.',
  ),
  'psbt.transaction.signed': final(
    422,
    'The unsigned transaction carries signatures.',
    'Export the PSBT before it is finalised.',
  ),
  'psbt.transaction.count': final(
    422,
    'The transaction has no or too many inputs or outputs.',
    'Split the spend.',
  ),
  'psbt.transaction.weight': final(
    422,
    'The signed transaction would be too heavy to be relayed.',
    'Split the spend.',
  ),
  'psbt.transaction.changed': final(
    422,
    'This is not the transaction that was approved.',
    'Sign the transaction of the proposal itself; approvals do not carry over.',
  ),
  'psbt.final': final(
    422,
    'An input is finalised already.',
    'Send the PSBT before it is finalised.',
  ),
  'psbt.sighash': final(
    422,
    'An input asks for a signature that does not cover the whole transaction.',
    'Remove the sighash type or set it to ALL.',
  ),
  'psbt.field.unsupported': final(
    422,
    'A field changes what the PSBT means and is not supported.',
    'Rebuild the PSBT without the field named.',
  ),
  'psbt.field.count': final(
    422,
    'A map of the PSBT holds too many fields.',
    'Rebuild the PSBT without foreign fields.',
  ),
  'psbt.input.utxo.missing': final(
    422,
    'An input lacks its previous transaction.',
    'Export the PSBT with the full previous transactions (non-witness UTXO).',
  ),
  'psbt.input.parent': final(
    422,
    'A previous transaction is not the one that the input spends.',
    'Do not sign. Rebuild the transaction.',
  ),
  'psbt.input.index': final(
    422,
    'An input spends an output that its previous transaction does not have.',
    'Do not sign. Rebuild the transaction.',
  ),
  'psbt.input.amount': final(
    422,
    'An input claims another amount or script than the coin has.',
    'Do not sign. Rebuild the transaction.',
  ),
  'psbt.input.foreign': final(
    422,
    'An input does not belong to the wallet.',
    'Spend coins of this wallet only; check the wallet and the range of addresses.',
  ),
  'psbt.input.duplicate': final(422, 'A coin is spent twice.', 'Rebuild the transaction.'),
  'psbt.input.script': final(
    422,
    'The script attached to an input is not the one of the wallet.',
    'Do not sign. Rebuild the transaction.',
  ),
  'psbt.input.utxo.witness': final(
    422,
    'A witness UTXO is attached to an input that has no witness.',
    'Do not sign. Attach the whole previous transaction instead.',
  ),
  'psbt.taproot.key': final(
    422,
    'The internal key of a taproot input is not the one of the wallet.',
    'Do not sign. Somebody could hold a key that spends alone.',
  ),
  'psbt.taproot.leaf': final(
    422,
    'A script, script tree or signature of a taproot input is for a leaf that the wallet does not have.',
    'Do not sign. Rebuild the transaction.',
  ),
  'psbt.output.type': final(
    422,
    'An output is not of a type that may be paid.',
    'Pay to P2PKH, P2SH, P2WPKH, P2WSH or P2TR addresses only.',
  ),
  'psbt.output.dust': final(
    422,
    'An output is below the dust limit.',
    'Pay at least the amount named.',
  ),
  'psbt.output.amount': final(
    422,
    'The outputs are more than there is bitcoin.',
    'Rebuild the transaction.',
  ),
  'psbt.fee.negative': final(
    422,
    'The outputs are more than the inputs.',
    'Rebuild the transaction.',
  ),
  'psbt.fee.low': final(
    422,
    'The fee is so low that nodes do not relay the transaction.',
    'Pay at least the fee named.',
  ),
  'psbt.change.tampered': final(
    422,
    'An output claims to be change and is not. This may be fraud.',
    'Do not sign. Tell the security officer.',
  ),
  'psbt.change.range': final(
    422,
    'The change goes to an address beyond the range that is watched.',
    'Use the next unused change address.',
  ),
  'psbt.sequence.relative': final(
    422,
    'An input has a relative lock time.',
    'Set the sequence to 0xfffffffd.',
  ),
  'psbt.locktime.time': final(
    422,
    'The lock time is a point in time, not a height.',
    'Set the lock time to 0 or to the height of the tip.',
  ),
  'psbt.locktime.future': later(
    409,
    'The transaction is valid only from a later block on.',
    'Rebuild it with the height of the newest block, or wait for that block.',
  ),
  'psbt.locktime.inactive': final(
    422,
    'A lock time is set, yet every input disables it.',
    'Set the sequences to 0xfffffffd or the lock time to 0.',
  ),
  'psbt.signature.encoding': final(
    422,
    'A signature is not strict DER with low S.',
    'Sign again with another program.',
  ),
  'psbt.signature.sighash': final(
    422,
    'A signature does not cover the whole transaction.',
    'Sign again with SIGHASH_ALL.',
  ),
  'psbt.signature.foreign': final(
    422,
    'A signature is by a key that is not of the wallet.',
    'Sign with a key of the wallet.',
  ),
  'psbt.signature.invalid': final(
    422,
    'A signature does not match the transaction.',
    'Sign again; perhaps an older version was signed.',
  ),
  'psbt.signature.nonce': final(
    422,
    'Two signatures share their nonce: the private key can be computed from them.',
    'Send nothing of this. Replace the program or device that signed, and the key.',
  ),
  'psbt.signature.nonce.reused': final(
    422,
    'A signature has the nonce of an earlier one: the private key can be computed from the two.',
    'Freeze the wallet, tell the security officer, and replace the device and its key: move the funds to a new wallet.',
  ),
  'psbt.signature.incomplete': final(
    422,
    'The signer did not sign every input.',
    'Sign every input.',
  ),
  'psbt.signature.mixed': final(
    422,
    'The signatures are not all by the same key holder.',
    'Send the signatures of one key holder at a time.',
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

  // Receive addresses
  'address.reach': later(
    409,
    'So many addresses wait for the signer, or lie between the attested ones and the next unused one, that no further one may be asked for.',
    'Look whether the signer runs, and ask again in some seconds.',
  ),
  'address.exhausted': final(
    409,
    'The wallet has no further receive address: no wallet looks beyond index 1,000,000.',
    'Use a new wallet.',
  ),
  'address.unattested': later(
    409,
    'The signer has not attested this address: it must not be used.',
    'Look whether the signer runs; then: countersign addresses list WALLET, and addresses show WALLET INDEX.',
  ),
  'address.mismatch': final(
    422,
    'The address is not that which the descriptor of the wallet gives: somebody lies.',
    'Use none of them. Tell the security officer over another channel.',
  ),
  'address.reused': final(
    422,
    'The server names an address that was not asked for by this request.',
    'Use it for nobody. Tell the security officer over another channel.',
  ),
  'address.unknown': final(
    404,
    'No address of this index was asked for.',
    'List the addresses of the wallet.',
  ),
  'attestation.invalid': final(
    422,
    'The key named did not sign this attestation.',
    'Use no address of it. Ask whom it came from for the key, over another channel.',
  ),
  'attestation.unknown': final(
    422,
    'The log of this bundle does not hold the attestation.',
    'Use no address of it, or take a newer bundle.',
  ),

  // Chain
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
  'log.key.invalid': final(
    422,
    'That is no verifier key of a log.',
    'Copy the whole line again: name+id+key.',
  ),
  'log.tile.invalid': final(
    422,
    'A tile or a bundle of entries is missing or malformed.',
    'Investigate the server.',
  ),
  'log.proof.invalid': final(
    422,
    'The proof does not lead to the root.',
    'Investigate the server.',
  ),
  'log.unavailable': later(
    503,
    'The log cannot be written or is still being read.',
    'Wait; nothing is approved meanwhile. If it lasts, look at the database.',
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
  'journal.locked': later(
    409,
    'Another process has the journal open.',
    'End the other signer first; never run two beside one journal.',
  ),
  'journal.exists': final(
    409,
    'There is a journal at this place already.',
    'Keep it: a signer without its own journal must not sign.',
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
  'key.exists': final(
    409,
    'A key file stands there already.',
    'Name another file; a key is never overwritten.',
  ),
  'key.passphrase.short': final(422, 'The passphrase is too short.', 'Choose a longer one.'),
  'key.passphrase.missing': final(
    422,
    'No passphrase was given and there is no terminal to ask on.',
    'Set COUNTERSIGN_PASSPHRASE or name a file descriptor with --passphrase-fd.',
  ),
  'package.invalid': final(422, 'The package is malformed.', 'Export it again.'),
  'package.unauthenticated': final(
    409,
    'The package is self-consistent, not authenticated: no genesis digest was given to hold it against.',
    'Ask the organisation for its genesis digest over another channel and give it by --genesis.',
  ),
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
