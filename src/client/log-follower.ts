import type { SignatureCheck } from '../core/approval/verify.ts';
import { equalBytes, fromHex, toHex } from '../core/base/bytes.ts';
import { FOLLOW_REQUESTS } from '../core/base/limits.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { documentDigest, parseDocument } from '../core/governance/document.ts';
import type { Checkpoint, LogKey } from '../core/log/checkpoint.ts';
import { parseCheckpoint, verifyCheckpoint } from '../core/log/checkpoint.ts';
import { blobsOf, blobsOfCoins, parseEntry } from '../core/log/entry.ts';
import type { MerkleTree } from '../core/log/merkle.ts';
import { leafHash } from '../core/log/merkle.ts';
import { parseNote } from '../core/log/note.ts';
import type { State } from '../core/log/state.ts';
import { admit, advance, createState } from '../core/log/state.ts';
import { TILE_WIDTH, newBundles } from '../core/log/tiles.ts';
import { gather } from './gather.ts';
import type { LogReader } from './log-reader.ts';
import type { LogStore } from './log-store.ts';

/** An entry that stands in the log without effect, and why. */
export interface Skip {
  readonly index: number;
  readonly refusal: Refusal;
}

/** The state of the log up to a checkpoint that was verified. */
export interface Followed {
  readonly state: State;
  /** What statements of a device name as `log`. */
  readonly log: { readonly size: number; readonly root: string };
  /** The signed note of that checkpoint. */
  readonly note: string;
  /** Entries without effect since the last call. */
  readonly skipped: readonly Skip[];
}

export interface FollowerOptions {
  /** Digest of the genesis charter: pinned by whoever follows. */
  readonly genesis: string;
  readonly reader: LogReader;
  readonly store: LogStore;
  readonly verify?: SignatureCheck;
}

/**
 * Reads every entry of a log and folds it (design 3, "One order of events"). Nothing enters the fold before it
 * hashes to a root that the log's key signed; the key is that of the genesis charter, found by its digest. So
 * nobody chooses what a follower sees, and who shows him a second history is refused with `log.fork`.
 */
export class LogFollower {
  readonly #options: FollowerOptions;
  #folded: { readonly state: State; readonly key: LogKey } | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /**
   * The state up to the newest checkpoint. Codes: `document.genesis.mismatch` when the log does not begin with
   * the pinned charter; `log.checkpoint.invalid`, `log.checkpoint.origin`; `log.rolledback`, `log.fork`;
   * `log.proof.invalid` when the entries do not lead to the root; `log.blob.missing` when the fold needs a blob
   * that cannot be had; those of the reader. Throws on network faults.
   */
  async follow(): Promise<Result<Followed>> {
    const { reader, store } = this.#options;
    const note = await reader.checkpoint();
    if (!note.ok) return note;
    const started = await this.#start(note.value);
    if (!started.ok) return started;
    const { state, key } = started.value;
    const checkpoint = verifyCheckpoint(note.value, key);
    if (!checkpoint.ok) return checkpoint;
    const from = state.tree.size;
    const extended = await this.#extend(state.tree, checkpoint.value);
    if (!extended.ok) return extended;
    const ahead = await this.#fetchAhead(extended.value);
    if (!ahead.ok) return ahead;
    this.#folded = null; // a fold that stops half-way is begun again from the store
    const folded = await this.#fold(state, extended.value, this.#fetch);
    if (!folded.ok) return folded;
    if (extended.value.length > 0) store.append(from, extended.value, note.value);
    this.#folded = { state, key };
    return ok({ ...headOf(state), note: note.value, skipped: folded.value });
  }

  /** The state of what is kept, without asking anyone. Codes as {@link follow}; `log.checkpoint.invalid` when nothing is kept. */
  async kept(): Promise<Result<Followed>> {
    const head = this.#options.store.head();
    if (head === null) return refuse('log.checkpoint.invalid', { reason: 'nothing is kept yet' });
    const restored = await this.#restore(head, withheld);
    if (!restored.ok) return restored;
    const { state, skipped } = restored.value;
    return ok({ ...headOf(state), note: head.note, skipped });
  }

  async #start(note: string): Promise<Result<{ state: State; key: LogKey }>> {
    if (this.#folded !== null) return ok(this.#folded);
    const head = this.#options.store.head();
    if (head !== null) {
      const restored = await this.#restore(head, this.#fetch);
      if (restored.ok) this.#folded = restored.value;
      return restored;
    }
    const key = await this.#learnKey(note);
    return key.ok ? ok({ state: createState(this.#options.genesis), key: key.value }) : key;
  }

  /** What is kept is verified again: a disk is not more to be believed than a server. */
  async #restore(
    head: NonNullable<ReturnType<LogStore['head']>>,
    bring: Bring,
  ): Promise<Result<{ state: State; key: LogKey; skipped: readonly Skip[] }>> {
    const { genesis, store } = this.#options;
    const leaves = [...store.leaves(head.size)];
    const key = keyIn(leaves.slice(0, TILE_WIDTH), genesis, (sha256) => store.blob(sha256));
    if (!key.ok) return key;
    const checkpoint = verifyCheckpoint(head.note, key.value);
    if (!checkpoint.ok) return checkpoint;
    const state = createState(genesis);
    const root = rootWith(state.tree, leaves);
    if (!equalBytes(root, checkpoint.value.root))
      return refuse('log.proof.invalid', { size: leaves.length, reason: 'what is kept here' });
    const folded = await this.#fold(state, leaves, bring);
    return folded.ok ? ok({ state, key: key.value, skipped: folded.value }) : folded;
  }

  /** The genesis stands among the first entries; its digest proves it, so an unverified bundle may bring it. */
  async #learnKey(note: string): Promise<Result<LogKey>> {
    const { genesis, reader, store } = this.#options;
    const parsed = parseNote(note);
    if (!parsed.ok) return parsed;
    const head = parseCheckpoint(parsed.value.text);
    if (!head.ok) return head;
    const [bundle] = newBundles(0, Math.min(head.value.size, TILE_WIDTH));
    if (bundle === undefined) return refuse('document.genesis.mismatch', { genesis, size: 0 });
    const leaves = await reader.entries(bundle);
    if (!leaves.ok) return leaves;
    for (const leaf of leaves.value) {
      const entry = parseEntry(leaf);
      if (!entry.ok || entry.value.type !== 'document') continue;
      const blob = await reader.blob(entry.value.document);
      if (isAbsent(blob)) continue;
      if (!blob.ok) return blob;
      store.putBlobs(new Map([[entry.value.document, blob.value]]));
      const key = keyOf(blob.value, genesis);
      if (key !== null) return ok(key);
    }
    return refuse('document.genesis.mismatch', { genesis, size: head.value.size });
  }

  /** The leaves between what is known and the checkpoint, proven to lead to its root. */
  async #extend(tree: MerkleTree, checkpoint: Checkpoint): Promise<Result<readonly Uint8Array[]>> {
    const from = tree.size;
    const facts = { size: checkpoint.size, known: from };
    if (checkpoint.size < from) {
      const same = equalBytes(tree.rootAt(checkpoint.size), checkpoint.root);
      return refuse(same ? 'log.rolledback' : 'log.fork', facts);
    }
    const bundles = newBundles(from, checkpoint.size);
    const fetched = await gather(bundles, FOLLOW_REQUESTS, (one) =>
      this.#options.reader.entries(one),
    );
    if (!fetched.ok) return fetched;
    const first = (bundles[0]?.index ?? 0) * TILE_WIDTH;
    const leaves = fetched.value.flat().slice(from - first);
    const root = rootWith(tree, leaves);
    if (equalBytes(root, checkpoint.root)) return ok(leaves);
    const roots = { ...facts, root: toHex(checkpoint.root), recomputed: toHex(root) };
    return refuse(from === 0 ? 'log.proof.invalid' : 'log.fork', roots);
  }

  /** Folds the leaves, and brings a blob when the fold asks for one: what an entry without effect names need not exist. */
  async #fold(
    state: State,
    leaves: readonly Uint8Array[],
    bring: Bring,
  ): Promise<Result<readonly Skip[]>> {
    const { store, verify } = this.#options;
    const blobs = (sha256: string) => store.blob(sha256);
    const tools = verify === undefined ? { blobs } : { blobs, verify };
    const skipped: Skip[] = [];
    for (const leaf of leaves) {
      let admission = admit(state, leaf, tools);
      while (admission.kind === 'missing') {
        const brought = await bring(admission.blob);
        if (!brought.ok) return brought;
        admission = admit(state, leaf, tools);
      }
      const index = advance(state, leaf, admission);
      if (admission.kind === 'skip') skipped.push({ index, refusal: admission.refusal });
    }
    return ok(skipped);
  }

  /** Fetches what the leaves name, several at once, before the fold asks: their own blobs, then the parents of coins. */
  async #fetchAhead(leaves: readonly Uint8Array[]): Promise<Result<null>> {
    const { store } = this.#options;
    const entries = leaves.flatMap((leaf) => {
      const entry = parseEntry(leaf);
      return entry.ok ? [entry.value] : [];
    });
    const own = await this.#fetchPresent(entries.flatMap(blobsOf));
    if (!own.ok) return own;
    const parents = entries.flatMap((entry) => {
      const coins = entry.type === 'statement' ? entry.coins : null;
      const blob = coins === null ? undefined : store.blob(coins);
      return blob === undefined ? [] : blobsOfCoins(blob);
    });
    return this.#fetchPresent(parents);
  }

  async #fetchPresent(named: readonly string[]): Promise<Result<null>> {
    const { store } = this.#options;
    const wanted = [...new Set(named)].filter((sha256) => store.blob(sha256) === undefined);
    const fetched = await gather(wanted, FOLLOW_REQUESTS, async (sha256) => {
      const found = await this.#fetch(sha256);
      return isAbsent(found) ? ok(null) : found;
    });
    return fetched.ok ? ok(null) : fetched;
  }

  /** Code `log.blob.missing` when the reader has none, or the store cannot take it; the reader's. */
  readonly #fetch: Bring = async (sha256) => {
    const { reader, store } = this.#options;
    const blob = await reader.blob(sha256);
    if (!blob.ok) return blob;
    store.putBlobs(new Map([[sha256, blob.value]]));
    return store.blob(sha256) === undefined ? withheld(sha256) : ok(null);
  };
}

/** Puts a blob into the store. */
type Bring = (sha256: string) => Promise<Result<null>>;

const withheld: Bring = (sha256) => Promise.resolve(refuse('log.blob.missing', { sha256 }));

function isAbsent(found: Result<unknown>): boolean {
  return !found.ok && found.refusal.code === 'log.blob.missing';
}

/** The root that the tree would have with these leaves; the tree stays as it is. */
function rootWith(tree: MerkleTree, leaves: readonly Uint8Array[]): Uint8Array {
  const size = tree.size;
  try {
    for (const leaf of leaves) tree.append(leafHash(leaf));
    return tree.root();
  } finally {
    tree.truncate(size);
  }
}

function headOf(state: State): Pick<Followed, 'state' | 'log'> {
  return { state, log: { size: state.tree.size, root: toHex(state.tree.root()) } };
}

function keyIn(
  leaves: readonly Uint8Array[],
  genesis: string,
  blobs: (sha256: string) => Uint8Array | undefined,
): Result<LogKey> {
  for (const leaf of leaves) {
    const entry = parseEntry(leaf);
    if (!entry.ok || entry.value.type !== 'document') continue;
    const blob = blobs(entry.value.document);
    const key = blob === undefined ? null : keyOf(blob, genesis);
    if (key !== null) return ok(key);
  }
  return refuse('document.genesis.mismatch', { genesis, size: leaves.length });
}

/** The log's key, when the blob is the charter with this digest. */
function keyOf(blob: Uint8Array, genesis: string): LogKey | null {
  const parsed = parseDocument(blob);
  if (!parsed.ok || documentDigest(parsed.value) !== genesis) return null;
  if (parsed.value.kind !== 'charter') return null;
  const { origin, key } = parsed.value.body.log;
  return { origin, key: fromHex(key) };
}
