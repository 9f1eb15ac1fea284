import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** What a PSBT does, and what a signer refuses. */
export const spendingCodes = {
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
} as const satisfies Record<string, CodeEntry>;
