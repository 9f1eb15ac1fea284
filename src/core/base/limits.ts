/**
 * Every bound of the product, each with its reason. A list, text, body or loop that is not bounded by one of
 * these is a bug.
 */

/** All bitcoin there will ever be (consensus). */
export const MAX_MONEY_SATS = 2_100_000_000_000_000n;

/** Nesting of JSON: our deepest object, a policy's quorum, needs 12. */
export const JSON_DEPTH = 24;
/** One text in a signed object, UTF-16 units: a descriptor of 15 keys is below 3,000. */
export const JSON_TEXT_LENGTH = 8_192;

/** A leaf of the log: C2SP tlog-tiles prefixes entries by 16 bits. */
export const ENTRY_BYTES = 60_000;
/** A blob beside the log: the largest standard transaction is 400,000 bytes; documents are smaller. */
export const BLOB_BYTES = 1_000_000;

/** Inputs and outputs of one spend: its statement must fit in ENTRY_BYTES. */
export const SPEND_INPUTS = 250;
export const SPEND_OUTPUTS = 250;
/** A PSBT before parsing: hardware wallets take up to 2 MB. */
export const PSBT_BYTES = 2_097_152;
/** Weight units a node relays (standardness). */
export const TRANSACTION_WEIGHT = 400_000;

/** Addresses looked ahead of the highest used one, each branch. */
export const GAP_LIMIT = 1_000;
/** Highest address index, so that a search ends. */
export const ADDRESS_INDEX = 1_000_000;

/** Members of an organisation, devices of a member, groups of a charter. */
export const MEMBERS = 1_000;
export const DEVICES = 16;
export const GROUPS = 64;
/** A label (member, group, wallet, rule, limit): characters. */
export const LABEL_LENGTH = 64;
/** A purpose or reason: characters. */
export const TEXT_LENGTH = 1_000;
/** Entries of one address book. */
export const DESTINATIONS = 10_000;

/** How far ahead of the signer's time a statement may have been issued. */
export const ISSUED_AHEAD_SECONDS = 120;
/** How long a proposal may stay open. */
export const PROPOSAL_SECONDS = 30 * 86_400;
/** How long a statement of a device may stay valid. */
export const STATEMENT_SECONDS = 30 * 86_400;
/** How long a session lives. */
export const SESSION_SECONDS = 15 * 60;
/** Window in which a spend with the payments or the reference of a signed one is refused. */
export const REPEAT_SECONDS = 7 * 86_400;
