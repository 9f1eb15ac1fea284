import { randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { LogFollower } from '../client/log-follower.ts';
import { readPackage } from '../client/package-content.ts';
import { packageLogReader } from '../client/package-log-reader.ts';
import { formatPostedReceipt } from '../client/receipt-file.ts';
import { fromUtf8, toHex } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { RECEIPTS_POSTED } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { signerFolder } from './folder.ts';
import { Journal } from './journal.ts';
import type { SignedReceipt } from './receipt-key.ts';
import { receiptKeyOf } from './receipt-key.ts';
import { Sentinels } from './sentinels.ts';
import type { SignerEvent } from './signer.ts';
import { Signer } from './signer.ts';
import type { Unlocked, Unlocking } from './unlock.ts';
import { unlockSigner } from './unlock.ts';

/** A round of the signer over a package, for a host without network. */
export interface RoundOptions extends Unlocking {
  readonly file: string;
  readonly genesis: string;
  readonly wallet: string;
  /** New file for the receipts. */
  readonly out: string;
  /** How long it goes on: the delays of spends run while it does, and begin anew with each round. */
  readonly waitSeconds: Seconds;
  /** The host's clock, held against the time that passes. */
  readonly clock: () => Result<Seconds>;
  readonly tell: (event: SignerEvent) => void;
}

const TICK_MS = 1_000;

/**
 * Decides over a package as the running signer does over its server, signs, journals, and writes the receipts that the package
 * does not hold into a file: a person carries it back (`countersign receipts post`). Returns how many. Codes: those of
 * Signer.tick and of Journal.open, `key.*`, `package.*`; `journal.invalid` for another organisation or wallet. Throws when the
 * file of receipts is there already.
 */
export async function packageRound(options: RoundOptions): Promise<Result<{ receipts: number }>> {
  const content = await readPackage(createReadStream(options.file, 'utf8'), 'segment');
  if (!content.ok) return content;
  const opened = Journal.open(signerFolder(options.folder).journal);
  if (!opened.ok) return opened;
  const journal = opened.value;
  // Before anything is signed: what cannot be carried back is better not made.
  const out = openSync(options.out, 'wx', 0o600);
  let isWritten = false;
  try {
    const { identity, log } = journal;
    if (identity.genesis !== options.genesis || identity.wallet !== options.wallet)
      return refuse('journal.invalid', { reason: 'it is of another organisation or wallet' });
    const reader = packageLogReader(content.value, log.head()?.size ?? 0);
    const follower = new LogFollower({ genesis: identity.genesis, reader, store: log });
    const followed = await follower.follow();
    if (!followed.ok) return followed;
    const inLog = followed.value.state.ledgers.get(identity.wallet)?.position ?? 0;
    const keys = await unlockSigner(journal, options);
    if (!keys.ok) return keys;
    try {
      const signer = signerOf(journal, follower, keys.value, options);
      const ticked = await tickFor(signer, options.waitSeconds);
      if (!ticked.ok) return ticked;
    } finally {
      keys.value.hotKey.close();
    }
    const receipts = writeReceipts(out, journal, inLog);
    isWritten = true;
    return ok({ receipts });
  } finally {
    closeSync(out);
    // What was journalled meanwhile the next round writes.
    if (!isWritten) rmSync(options.out);
    journal.close();
  }
}

function signerOf(
  journal: Journal,
  follower: LogFollower,
  { seed, hotKey, custody }: Unlocked,
  { clock, tell }: RoundOptions,
): Signer {
  const receiptKey = receiptKeyOf(seed);
  return new Signer({
    ...{ journal, receiptKey, account: hotKey, follower, custody, clock, tell },
    // Nobody can be reached: what it would post is written to the file at the end.
    api: { postReceipts: () => Promise.resolve(ok(null)) },
    sentinels: new Sentinels({
      apis: new Map(),
      journal,
      sign: receiptKey.signDigest,
      nonce: () => toHex(randomBytes(32)),
      steadyMs: () => performance.now(),
      tell,
    }),
  });
}

async function tickFor(signer: Signer, waitSeconds: Seconds): Promise<Result<null>> {
  const end = performance.now() + waitSeconds * 1_000;
  for (;;) {
    const ticked = await signer.tick();
    if (!ticked.ok || performance.now() >= end) return ticked;
    await pause(Math.min(TICK_MS, Math.max(1, end - performance.now())));
  }
}

function writeReceipts(out: number, journal: Journal, from: number): number {
  let position = from;
  while (position < journal.ledger.position) {
    const batch = journal.receiptsFrom(position, RECEIPTS_POSTED);
    for (const one of batch) writeSync(out, formatPostedReceipt(postedOf(one, journal)));
    position += batch.length;
  }
  fsyncSync(out);
  return position - from;
}

function postedOf({ receipt, signature }: SignedReceipt, journal: Journal) {
  const blob = receipt.record === 'signed' ? journal.log.blob(receipt.signatures) : undefined;
  return {
    receipt: fromUtf8(canonicalBytes(receipt)) ?? '',
    signature,
    blobs: blob === undefined ? [] : [blob],
  };
}
