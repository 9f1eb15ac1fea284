import { openFreezes } from '../core/authorise.ts';
import type { Facts, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { newestSigned } from '../core/log/admit-version.ts';
import { assemble } from '../core/log/assemble.ts';
import { createLedger } from '../core/log/ledger.ts';
import type { ProposalRecord, State, VersionRecord } from '../core/log/state.ts';
import { isCancelled } from '../core/policy/facts.ts';
import type { FinalTransaction } from '../core/psbt/finalise.ts';
import { screeningOf, screeningRefusal } from '../core/screening.ts';
import type { HandedSignature, WatchParts } from './watch-parts.ts';

/** How long the server has to bring what is signed into the mempool of our node. */
const PATIENCE_MS = 60_000;
/** Blocks above a spend after which nothing brings it back. */
const FINAL_BLOCKS = 100;

interface Due {
  readonly handed: HandedSignature;
  readonly proposal: ProposalRecord;
  readonly of: ProposalRecord | VersionRecord;
}

/**
 * Hands signed transactions to the network that our own node does not know a minute after their signer handed them in: whoever runs
 * the server can sit on a payment, but no longer keep it. Of each proposal the newest signed version; nothing that is
 * cancelled, ended, held by screening, or of a frozen wallet: those are left to the server.
 */
export class Resend {
  readonly #parts: WatchParts;
  /** By proposal and version: since when our node does not know it. */
  readonly #missing = new Map<string, number>();
  readonly #final = new Map<string, FinalTransaction>();
  readonly #done = new Set<string>();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** One look at all of them. Requires a node in order whose blocks were read. Throws ChainFault. */
  async look(): Promise<void> {
    const state = this.#parts.log()?.state;
    if (state === undefined) return;
    for (const due of this.#due(state)) await this.#see(state, due);
  }

  /** The newest of each proposal, as far as it may be sent, in the order of signing. */
  #due(state: State): readonly Due[] {
    const handed = this.#parts.signatures(state).filter((one) => !this.#done.has(keyOf(one)));
    const cancelled = new Set(
      handed.map(({ proposal }) => state.proposals.get(proposal)?.statement.cancels),
    );
    const newest = new Map(handed.map((one) => [one.proposal, one]));
    for (const one of handed)
      if (one.version > (newest.get(one.proposal)?.version ?? 0)) newest.set(one.proposal, one);
    return [...newest.values()].flatMap((one) => {
      const proposal = state.proposals.get(one.proposal);
      const of = one.version === 0 ? proposal : proposal?.versions[one.version - 1];
      if (proposal === undefined || of === undefined) return []; // the log that we have read lacks it
      if (proposal.statement.wallet.id !== one.wallet) return [];
      if ((newestSigned(state, proposal)?.version ?? 0) > one.version) return [];
      if (cancelled.has(proposal.digest) || isWithheld(state, proposal)) return [];
      return this.#isInBlock(one, of) ? [] : [{ handed: one, proposal, of }];
    });
  }

  /** A block spends one of its coins: by it, or otherwise. */
  #isInBlock(handed: HandedSignature, { view }: Due['of']): boolean {
    const { store } = this.#parts;
    for (const { outpoint } of view.spend.inputs) {
      const [txid = '', vout = ''] = outpoint.split(':');
      const height = store.coin([txid, Number(vout)])?.spentHeight ?? null;
      if (height === null) continue;
      const key = keyOf(handed);
      this.#missing.delete(key);
      if (height + FINAL_BLOCKS <= (store.tip()?.height ?? 0)) {
        this.#done.add(key);
        this.#final.delete(key);
      }
      return true;
    }
    return false;
  }

  async #see(state: State, due: Due): Promise<void> {
    const key = keyOf(due.handed);
    const made = this.#assembled(state, due);
    const isKnown = made.ok && (await this.#parts.chain.transaction(made.value.txid)) !== null;
    const since = this.#missing.get(key) ?? this.#parts.elapsedMs();
    this.#missing.set(key, isKnown ? this.#parts.elapsedMs() : since);
    if (isKnown || this.#parts.elapsedMs() - since < PATIENCE_MS) return;
    const sent = made.ok ? await this.#send(made.value) : made;
    if (sent.ok && !sent.value.isNew) return;
    const { wallet, proposal: digest } = due.handed;
    const { name } = due.proposal;
    const facts = { wallet, proposal: digest, txid: made.ok ? made.value.txid : due.of.txid };
    if (sent.ok) this.#tellSent(name, facts);
    else
      this.#parts.alarm(
        'unsent',
        `the signed payment ${name} is not in the mempool, and cannot be sent\nThe server did not broadcast ${facts.txid}, and the node here does not take it: ${sent.refusal.code} ${JSON.stringify(sent.refusal.facts)}`,
        { ...facts, code: sent.refusal.code, reason: sent.refusal.facts['mapped'] ?? null },
      );
  }

  #tellSent(name: string, facts: Facts): void {
    this.#parts.alarm(
      'unsent',
      `the server sat on the signed payment ${name}: it was broadcast from here\nA minute after it was signed the node here did not know ${String(facts['txid'])}. Find out why the server does not broadcast.`,
      facts,
    );
  }

  #assembled(state: State, { handed, proposal, of }: Due): Result<FinalTransaction> {
    const key = keyOf(handed);
    const known = this.#final.get(key);
    if (known !== undefined) return ok(known);
    const { version, signatures } = handed;
    const made = assemble(state, proposal, { version, of }, signatures);
    if (made.ok) this.#final.set(key, made.value);
    return made;
  }

  async #send({ raw }: FinalTransaction): Promise<Result<{ readonly isNew: boolean }>> {
    const { chain } = this.#parts;
    const accepted = await chain.testMempool(raw);
    if (!accepted.ok) return refuse(accepted.refusal.code, accepted.refusal.facts);
    const sent = await chain.broadcast(raw);
    return sent.ok ? ok({ isNew: sent.value.known === 'new' }) : sent;
  }
}

function isWithheld(state: State, proposal: ProposalRecord): boolean {
  const { id } = proposal.statement.wallet;
  const ledger = state.ledgers.get(id) ?? createLedger();
  return (
    proposal.ended !== null ||
    isCancelled(state, proposal) ||
    openFreezes(state, ledger, id).length > 0 ||
    screeningRefusal(screeningOf(state, proposal, [])) !== null
  );
}

function keyOf({ proposal, version }: HandedSignature): string {
  return `${proposal}/${String(version)}`;
}
