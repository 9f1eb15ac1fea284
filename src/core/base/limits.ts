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

/** A signed note in UTF-8 bytes: 16 witnesses with post-quantum signatures of 5,000 bytes each (C2SP signed-note). */
export const NOTE_BYTES = 131_072;
/** Signature lines of a note: C2SP asks for 16 at least. */
export const NOTE_SIGNATURES = 32;
/** Extension lines of a checkpoint: we write none; others' are let pass unread. */
export const CHECKPOINT_EXTENSIONS = 16;
/** One line of a package, UTF-16 units: BLOB_BYTES in base64 and half as much again, so that a blob too large is named so. */
export const PACKAGE_LINE_LENGTH = 2_000_000;

/** Inputs and outputs of one spend: its statement must fit in ENTRY_BYTES. */
export const SPEND_INPUTS = 250;
export const SPEND_OUTPUTS = 250;
/** A PSBT before parsing: hardware wallets take up to 2 MB. */
export const PSBT_BYTES = 2_097_152;
/** Fields of one map of a PSBT: 20 keys with derivation and signature each, and room for foreign ones. */
export const PSBT_MAP_FIELDS = 128;
/** Places looked at for one script: keys of ours share one, each more is derived in vain. */
export const CLAIMED_PLACES = 4;
/** Bytes of all distinct previous transactions of one spend together. */
export const PARENT_BYTES = 16_000_000;
/** Weight units a node relays (standardness). */
export const TRANSACTION_WEIGHT = 400_000;

/** A signed message in base64: a signature and a key are below 150 characters, a script of several keys some more. */
export const MESSAGE_SIGNATURE_LENGTH = 1_024;
/** The line that a `message` device signs: a Coldcard takes no more; from 641 on, a Ledger shows a mere hash. */
export const MESSAGE_LINE_LENGTH = 240;
/** Keys of a wallet on each branch that no device may have for its own: those that it begins with. */
export const KEYS_COMPARED = 20;

/** A payment URI (BIP 21): an address, an amount, a label and what others append. */
export const PAYMENT_URI_LENGTH = 1_000;
/**
 * Receive addresses that one member may ask for in an hour, of all wallets: each stays in the log for ever, moves where
 * wallets look for coins, and is derived again by everybody, 0.6 ms each.
 */
export const ADDRESSES_ASKED = 1_000;
/** Addresses looked ahead of the highest used one, each branch. */
export const GAP_LIMIT = 1_000;
/** Addresses beyond those used that one reading anew of a wallet looks for on each branch: a second of deriving. */
export const RESCAN_ADDRESSES = 2_000;
/** Scripts a wallet remembers on each branch, about 10 MB; beyond, they are derived again. */
export const SCRIPT_CACHE = 50_000;
/** Derived key sets a wallet remembers: those of the largest spend many times over. */
export const KEY_CACHE = 4_096;
/** Wallets that are remembered by their descriptors: as many as an organisation founds in a row. */
export const WALLETS_REMEMBERED = 8;
/** Keys of one wsh(multi) (BIP 383: OP_CHECKMULTISIG takes 20). */
export const MULTISIG_KEYS = 20;
/** Keys of a Coldcard multisig file: what its firmware takes. */
export const COLDCARD_KEYS = 15;
/** A name of a wallet in other wallets' files: what a Ledger shows. */
export const WALLET_NAME_LENGTH = 64;
/** A file of another wallet: 20 keys with their origins, three times over, and some words. */
export const WALLET_FILE_LENGTH = 65_536;
/** Nesting of a descriptor: a miniscript of people's decisions is below 10. */
export const DESCRIPTOR_DEPTH = 32;
/** Recovery paths of a wallet that are listed, and key sets that spend without the hot key: more, nobody reads. */
export const RECOVERY_PATHS = 100;
export const OUTSIDE_SETS = 20;
/** What nodes relay of P2WSH: bytes of the script, items before it, opcodes that are no pushes (consensus). */
export const WITNESS_SCRIPT_BYTES = 3_600;
export const WITNESS_ITEMS = 100;
export const SCRIPT_OPCODES = 201;
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
/** Deputies of a charter. */
export const DEPUTIES = 64;
/** Offline recovery keys, and the least time during which governors may veto what those keys ask for. */
export const RECOVERY_KEYS = 16;
export const RECOVERY_SECONDS = 14 * 86_400;
/** Versions of one kind that lone governors bring in force at one signer, one after the other, within this time: enough for a
 * bad day, and too few to keep the others from ever agreeing. */
export const LONE_TIGHTENINGS = 8;
export const LONE_SECONDS = 86_400;
/** Combinations of documents in force and waiting under which one governor's change is looked at; beyond, it takes the quorum. */
export const ANALYSIS_SETTINGS = 32;
/** Freezes that one statement lifts: it must fit in ENTRY_BYTES many times over. */
export const LIFTS = 100;
/** Entries of one address book. */
export const DESTINATIONS = 10_000;

/** How far ahead of the signer's time a statement may have been issued. */
export const ISSUED_AHEAD_SECONDS = 120;
/** How far the signer's clock may stand before its last record: more is a wrong clock (design 3, step 4). */
export const SIGNER_CLOCK_SECONDS = 300;
/** How old the newest answer of a sentinel may be while its wallet is spent from (design 3, "Sentinel"). */
export const SENTINEL_SECONDS = 600;
/** Sentinels of an organisation. */
export const SENTINELS = 8;
/** Items of a mailbox in one answer: each is below 4,000 bytes. More come with the next poll. */
export const MAILBOX_ITEMS = 100;
/** Every "no" of one member by one sentinel that a signer keeps until its log holds what it is about; beyond, the oldest go. */
export const HEARD_WAITING = 100;
/** Approvals that one notice announces. */
export const NOTICE_OBJECTS = 1_000;
/** A checkpoint in a poll, in base64: a note with the log's line and those of some witnesses. */
export const POLLED_NOTE_LENGTH = 8_000;
/** Hashes of a consistency proof: two for each level of a tree of 2^53 leaves are enough. */
export const PROOF_HASHES = 128;
/** Statements that one device hands to a sentinel in a day: who steals one must not fill the mailbox that all signers read. */
export const MAILBOX_DEVICE_ITEMS = 1_000;
/** How far a signer may have read beyond the end of a mailbox that was rolled back: more is no honest claim. */
export const MAILBOX_AHEAD = 10_000;
/** Bodies that a sentinel reads: of a poll a note and a proof as JSON in JSON; of a notice its objects; of a "no" itself. */
export const POLL_BYTES = 300_000;
export const NOTICE_BYTES = 131_072;
export const STATEMENT_BYTES = 65_536;
export const RECEIPTS_BYTES = 5_000_000;
/** Proof lines that a C2SP witness must be ready to take. */
export const WITNESS_PROOF_LINES = 63;
/** Requests a second of one address at a sentinel, and how many at once: a signer sends seven a second, and several may share one. */
export const SENTINEL_RATE = 50;
export const SENTINEL_BURST = 500;
/** Callers whose rate is known at a time: a bucket has 100 bytes. */
export const RATED_KEYS = 10_000;
/** Payments and statements that one message to people tells in full: more, nobody reads on a telephone. */
export const ALARM_ITEMS = 20;
/** Alarms that one message channel tries in one round. */
export const ALARMS_SENT = 50;
/** How long a message to people is tried to be delivered. */
export const ALARM_SECONDS = 7 * 86_400;
/** Receipts that a signer posts in one request: each is below 2,000 bytes, a hot signature of 250 inputs 70,000. */
export const RECEIPTS_POSTED = 50;
/** One receipt as text: the longest record has nine hashes, keys and signatures. */
export const RECEIPT_LENGTH = 4_000;
/** The blob that a receipt names, in base64: 250 signatures in their JSON are below 60,000 bytes. */
export const SIGNATURES_BASE64_LENGTH = 80_000;
/** Confirmations after which a transaction counts as settled. */
export const SETTLED_CONFIRMATIONS = 6;
/** Blocks that one call mines on the sandbox, and play money that it hands out at once. */
export const SANDBOX_BLOCKS = 100;
export const SANDBOX_SATS = 100_000_000_000;
/** How long a proposal may stay open. */
export const PROPOSAL_SECONDS = 30 * 86_400;
/** An answer of the screening service: 250 destinations with their references are below 50,000 bytes. */
export const SCREENING_ANSWER_BYTES = 65_536;
/** A bearer token: what an HTTP header takes everywhere. */
export const SCREENING_TOKEN_LENGTH = 4_096;
/** How long a clear is good without asking again: lists of sanctions change daily. */
export const SCREENING_CLEAR_SECONDS = 86_400;
/** Newest proposals whose addresses are known when a payee is compared with them: two seconds to take in. */
export const KNOWN_PROPOSALS = 50_000;
/** Newest receive addresses of a wallet that are known then: below a second to derive. */
export const KNOWN_ASKED = 1_000;
/** Fee bumps of one proposal: nodes take each only at a higher fee (BIP 125), and people give up before. */
export const REPLACEMENTS = 20;
/** Satoshi a virtual byte that a replacement pays more at least: what nodes asked until Bitcoin Core 30, which asks a tenth. */
export const INCREMENTAL_FEE_RATE = 1;
/** How long a proposal that nobody approves counts as asked for (design 4, point 7). */
export const ASKED_SECONDS = 3_600;
/**
 * Documents of one member that nobody has signed yet: who steals a session must not fill the log with them. One that did
 * not enter the log counts for an hour: looking at it may take a second or two, in which nobody else is served.
 */
export const DOCUMENTS_UNSIGNED = 20;
export const DOCUMENT_PLACE_SECONDS = 3_600;
/** How long a statement of a device may stay valid. */
export const STATEMENT_SECONDS = 30 * 86_400;
/** How long a session lives. */
export const SESSION_SECONDS = 15 * 60;
/** Window in which a spend with the payments or the reference of a signed one is refused. */
export const REPEAT_SECONDS = 7 * 86_400;

/** An answer of a Bitcoin node: a block of 4,000,000 bytes in hex, and its envelope. */
export const RPC_ANSWER_BYTES = 8_100_000;
/** Coins of which a node is asked at once whether the mempool spends them: its answer is below a tenth of RPC_ANSWER_BYTES. */
export const SPENDERS_ASKED = 2_000;
/** How long a Bitcoin node may take to answer before it counts as unreachable. */
export const RPC_SECONDS = 30;
/** The highest fee rate taken from an estimate, satoshi a virtual byte: the peaks of 2017 and 2024 stayed below. */
export const FEE_RATE_ESTIMATE = 2_000;
/**
 * What an input is expected to cost when it is spent without haste, satoshi a virtual byte: what Bitcoin Core assumes
 * (-consolidatefeerate). Below it merging coins saves, above it sparing them does.
 */
export const LONG_TERM_FEE_RATE = 10;
/** Steps of one search for coins that need no change, some milliseconds: Bitcoin Core takes as many. */
export const SELECTION_TRIES = 100_000;
/** Change that a random draw aims at in satoshi, so that it is useful: Bitcoin Core's least. */
export const DRAWN_CHANGE_SATS = 50_000;
/** Coins of one address that are spent together: as Bitcoin Core; a public deposit address may hold thousands. */
export const ADDRESS_COINS = 100;
/** Coins up to it are small, in satoshi: when fees are high an input eats a hundredth of them. */
export const SMALL_COIN_SATS = 1_000_000;
/** Coins that one consolidation merges unless somebody asks for more: a hardware wallet signs them within minutes. */
export const CONSOLIDATION_INPUTS = 50;
/** How long before a recovery path opens people are told: time to gather the signers of a wallet. */
export const RECOVERY_WARNING_SECONDS = 30 * 86_400;
/** Coins of one wallet that selection looks at: more than forty times what one spend can hold. */
export const COINS_READ = 10_000;
/** A file of labels: those of a wallet with 10,000 addresses and as many coins. */
export const LABELS_BYTES = 8_000_000;
/** One label in characters (BIP 329), and labels that one request brings. */
export const COIN_LABEL_LENGTH = 255;
export const LABELS_POSTED = 500;
/** Deposits, spends and open signatures of one wallet and day that one answer tells: a busy exchange has fewer. */
export const RECONCILED_ROWS = 5_000;
/** How long a draft holds its coins: reading and signing it takes minutes (design 3, "Details"). */
export const DRAFT_SECONDS = 600;
/** Wallets that one follower watches. */
export const WALLETS = 1_000;

/** A policy file: the longest of ours is below 8,000 bytes. */
export const POLICY_TEXT_LENGTH = 100_000;
/** Rules and limits of a policy: each is evaluated for each spend, and a person must be able to read them. */
export const POLICY_RULES = 100;
export const POLICY_LIMITS = 100;
/** Terms of one condition. */
export const POLICY_TERMS = 64;
/** Spans of hours in one condition: two for each day of the week and as many holidays' worth. */
export const POLICY_SPANS = 28;
export const MINUTES_OF_DAY = 1_440;
/** How far ahead opening hours are looked for: every hour of the week comes twice, should a change of offset skip it once. */
export const HOURS_AHEAD_SECONDS = 15 * 86_400;
/** Assertions of a policy, and compromised people that one may name: the search grows with every person. */
export const POLICY_ASSERTIONS = 20;
export const COMPROMISED = 5;
/** Forms of spend that a policy tells apart: an ordinary one has below 50. */
export const ANALYSIS_FORMS = 4_096;
/** Classes of payees that conditions tell apart while the address book is not known: nine tags make as many. */
export const ANALYSIS_CLASSES = 512;
/** Stretches that one sum of windows is built from, such as every minute for two weeks. */
export const ANALYSIS_LENGTHS = 20_160;
/** Spends, and payments in them, that one attack is played through with; what takes more is told as not exact. */
export const ANALYSIS_SPENDS = 4_000;
export const ANALYSIS_PAYMENTS = 10_000;
/** Spends tried in all the plans of one attack, about a second. */
export const ANALYSIS_TRIES = 20_000;
/** Sets of people of one size that are played through, those who may move most first. */
export const ANALYSIS_ATTACKS = 8;
/** Steps of one analysis of policies, a few seconds: whoever writes a policy decides how hard it is to analyse. */
export const ANALYSIS_STEPS = 2_000_000;
/** Proofs of assertions that are remembered by what they rest on: fifty members have so many refused in an hour. */
export const PROOFS_KEPT = 1_000;
/** How long the server lets one analysis run, below the half minute that a client waits; and how many wait for theirs. */
export const ANALYSIS_SECONDS = 20;
export const ANALYSES_WAITING = 8;
/** Entries, and characters of their package, that the server replays for a request: more would not be done in that time. */
export const REPLAY_ENTRIES = 10_000;
export const REPLAY_LENGTH = 64_000_000;
/** Open proposals that a shadow policy judges at once when it is attached or a document comes in force, the newest. */
export const SHADOW_OPEN = 1_000;
/** Examples of either direction that a comparison gives: what more there is becomes visible when these are dealt with. */
export const ANALYSIS_EXAMPLES = 10;
/** Earlier spends of one example: more than any limit of ours counts, and still judged within a second. */
export const HISTORY_SPENDS = 10_000;
/** Earlier spends that one spend file tells: fifty a day for forty days. */
export const SPEND_FILE_SPENDS = 2_000;
/** The largest size of a transaction in vbytes: TRANSACTION_WEIGHT / 4. */
export const FEE_VBYTES = 100_000;
/** Offsets of one time zone: two a year for half a century; no zone is farther from UTC than 16 hours. */
export const ZONE_OFFSETS = 128;
export const ZONE_OFFSET = 57_600;
/** The last second of the year 9999: our times are written with four digits. */
export const ZONE_UNTIL = 253_402_300_799;
/** Nesting and leaves of one quorum: 16 leaves have at most 324 alternatives, each a small matching. */
export const CLAUSE_DEPTH = 4;
export const CLAUSE_LEAVES = 16;
/** The longest sliding window: a year with its leap day. */
export const WINDOW_SECONDS = 366 * 86_400;
/** Satoshi spent in all that one index counts up to, 69 million BTC: with one more spend its sums stay below 2^53. */
export const BUDGET_SATS = 6_900_000_000_000_000;
/** Initiators or owners of whom one limit is told at once, the fullest first: more than a person looks through. */
export const BUDGET_KEYS = 100;
/** Readings of the address books for which an index keeps the sums of owners: a few books are named at a time. */
export const LOOKS_KEPT = 4;
/** The highest cap of a fee rate, satoshi a virtual byte; the record of 2024 was below 3,000. */
export const FEE_RATE_SAT_PER_VBYTE = 10_000;

/** A key file: two extended private keys and eight slots fit in a tenth of it. */
export const KEY_FILE_BYTES = 65_536;
/** Ways to open one key file. */
export const KEY_SLOTS = 8;
/** Sets of unlockers that open one key file together: four of eight. */
export const KEY_QUORUMS = 70;
/** Cost of scrypt as log2 N: below the first a stolen file is guessed, above the second a hostile file eats the memory. */
export const SCRYPT_LOG_LEAST = 14;
export const SCRYPT_LOG_MOST = 20;
/** Characters of a passphrase. */
export const PASSPHRASE_LEAST = 8;
export const PASSPHRASE_MOST = 1_024;

/** An answer of the API in bytes: a page of 100 proposals of 250 inputs and outputs each is about 5 MB. */
export const ANSWER_BYTES = 16_777_216;
/** Requests that one follower of the log has under way at a time. */
export const FOLLOW_REQUESTS = 8;
/** Payments read from one batch file: a spend has no more outputs. */
export const BATCH_BYTES = 65_536;
