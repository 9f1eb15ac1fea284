import { createReadStream } from 'node:fs';
import type { Followed } from '../client/log-follower.ts';
import { LogFollower } from '../client/log-follower.ts';
import type { LogStore } from '../client/log-store.ts';
import { leavesBeyond, MemoryLogStore } from '../client/log-store.ts';
import { readPackage } from '../client/package-content.ts';
import { packageLogReader } from '../client/package-log-reader.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { createLedger } from '../core/log/ledger.ts';
import { replay } from '../core/log/replay.ts';
import { signerTime } from './decide.ts';
import type { Explained } from './explain.ts';
import { explain } from './explain.ts';
import { signerFolder } from './folder.ts';
import { compareWithLog, Journal } from './journal.ts';

/** What a package is judged for, on a host without network. */
export interface PackageQuestion {
  readonly file: string;
  readonly genesis: string;
  readonly wallet: string;
  /** The signer's own, whose journal is followed on; null: by the receipts in the log alone. */
  readonly folder: string | null;
  /** One proposal, or null for all that are open. */
  readonly proposal: string | null;
  readonly now: Seconds;
}

/** What the signer would decide over a package, and the log that it was decided over. */
export interface PackageAnswer {
  readonly genesis: string;
  readonly wallet: string;
  readonly size: number;
  readonly root: string;
  readonly now: Seconds;
  /** Whose memory of first sights and reservations it was. */
  readonly memory: 'journal' | 'log';
  readonly proposals: readonly Explained[];
}

/**
 * Verifies a package wholly and explains what the signer of a wallet would decide. Without a folder the package is the whole
 * log, and every receipt in it is judged again; with one, its journal holds what came before, and must agree with the package.
 * Nothing is written to either. Codes: those of readPackage, of the follower, of Journal.open; `package.incomplete`,
 * `package.replay.mismatch`, `journal.*`, `wallet.unknown`, `proposal.unknown`, `signer.time`.
 */
export async function decidePackage(question: PackageQuestion): Promise<Result<PackageAnswer>> {
  if (question.folder === null) return byLog(question);
  const opened = Journal.open(signerFolder(question.folder).journal);
  if (!opened.ok) return opened;
  try {
    return await byJournal(question, opened.value);
  } finally {
    opened.value.close();
  }
}

async function byLog(question: PackageQuestion): Promise<Result<PackageAnswer>> {
  const { genesis, wallet } = question;
  const store = new MemoryLogStore();
  const followed = await followPackage(question.file, genesis, store);
  if (!followed.ok) return followed;
  const { state, log } = followed.value;
  const leaves = [...store.leaves(log.size)];
  const blobs = (sha256: string) => store.blob(sha256);
  const replayed = replay(genesis, leaves.length, (at) => leaves[at] ?? new Uint8Array(), {
    blobs,
  });
  if ('code' in replayed) return { ok: false, refusal: replayed };
  const wrong = replayed.findings.find(({ kind }) => kind === 'receipt');
  if (wrong !== undefined) return { ok: false, refusal: wrong.refusal };
  const ledger = state.ledgers.get(wallet) ?? createLedger();
  return answer(question, followed.value, { ledger, memory: 'log' });
}

async function byJournal(
  question: PackageQuestion,
  journal: Journal,
): Promise<Result<PackageAnswer>> {
  const { genesis, wallet } = question;
  const { identity, ledger } = journal;
  if (identity.genesis !== genesis || identity.wallet !== wallet)
    return refuse('journal.invalid', { reason: 'it is of another organisation or wallet' });
  const followed = await followPackage(question.file, genesis, new BesideStore(journal.log));
  if (!followed.ok) return followed;
  const compared = compareWithLog(journal, followed.value.state.ledgers.get(wallet));
  if (!compared.ok) return compared;
  return answer(question, followed.value, { ledger, memory: 'journal' });
}

/** The state of a package, proven from the pinned genesis on; what the store holds is where it begins. */
export async function followPackage(
  file: string,
  genesis: string,
  store: LogStore,
): Promise<Result<Followed>> {
  const content = await readPackage(createReadStream(file, 'utf8'), 'segment');
  if (!content.ok) return content;
  const reader = packageLogReader(content.value, store.head()?.size ?? 0);
  return new LogFollower({ genesis, reader, store }).follow();
}

function answer(
  { genesis, wallet, proposal, now: clock }: PackageQuestion,
  { state, log }: Followed,
  { ledger, memory }: { readonly ledger: Ledger; readonly memory: PackageAnswer['memory'] },
): Result<PackageAnswer> {
  if (!state.wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
  if (proposal !== null && state.proposals.get(proposal)?.statement.wallet.id !== wallet)
    return refuse('proposal.unknown', { proposal, wallet });
  const now = signerTime(ledger, clock);
  if (!now.ok) return now;
  const asked = { state, ledger, wallet, now: now.value };
  const open = [...state.proposals.values()].filter(({ digest, statement }) =>
    proposal === null ? statement.wallet.id === wallet : digest === proposal,
  );
  const proposals = open.flatMap(
    (one) => explain(asked, one, proposal === null ? 'open' : 'any') ?? [],
  );
  return ok({ genesis, wallet, ...log, now: now.value, memory, proposals });
}

/** What is kept, and in memory what is read beyond it: to look ahead without writing. */
class BesideStore implements LogStore {
  readonly #kept: LogStore;
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #leaves: Uint8Array[] = [];
  #note: string | null = null;

  constructor(kept: LogStore) {
    this.#kept = kept;
  }

  head(): { size: number; note: string } | null {
    const kept = this.#kept.head();
    const size = (kept?.size ?? 0) + this.#leaves.length;
    return this.#note === null ? kept : { size, note: this.#note };
  }

  leaves(size: number): Iterable<Uint8Array> {
    const kept = this.#kept.leaves(Math.min(size, this.#kept.head()?.size ?? 0));
    return [...kept, ...this.#leaves].slice(0, size);
  }

  blob(sha256: string): Uint8Array | undefined {
    return this.#blobs.get(sha256) ?? this.#kept.blob(sha256);
  }

  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void {
    for (const [sha256, bytes] of blobs) this.#blobs.set(sha256, bytes);
  }

  append(from: number, leaves: readonly Uint8Array[], note: string): void {
    this.#leaves.push(...leavesBeyond(this.head()?.size ?? 0, from, leaves));
    this.#note = note;
  }
}
