/**
 * The one registry of warnings: what looks odd in a spend or a wallet and refuses nothing. Dotted and stable as the codes of refusals
 * (codes.ts); a refusal that is only told beforehand keeps its own code.
 */
export const warnings = {
  'fields.dropped': 'The PSBT holds fields that nobody here knows. They were dropped.',
  'coins.claimed':
    'The amounts of taproot coins are claims of the PSBT: signatures will cover them, no previous transaction was seen.',
  'inputs.legacy':
    'The coins are of the oldest kind: the transaction has its id only once it is signed, and a miner could change it.',
  'fee.high': 'The fee is above 5 % of what is paid.',
  'change.receive': 'Change goes to a receive address of this wallet. It counts as a payment.',
  'change.many': 'Several outputs are change.',
  'change.foreign': 'An output names keys that are not of this wallet. It counts as a payment.',
  'change.none': 'What is left over is too little to keep and goes to the fee.',
  'change.used':
    'Change goes to an address that was used before: everybody will see whose both are.',
  'change.planned':
    'Change goes to an address that another open proposal uses too: everybody will see whose both are.',
  'recovery.open':
    'Recovery keys can spend coins now, without the signer and its policy. Move them: countersign propose --consolidate --refresh.',
  'recovery.soon':
    'The recovery path of coins opens within thirty days. Move them in time: countersign propose --consolidate --refresh.',
} as const satisfies Record<string, string>;

export type WarningCode = keyof typeof warnings;
