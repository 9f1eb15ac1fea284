import { Injectable } from '@nestjs/common';
import { Transaction } from 'bitcoinjs-lib';
import { assert } from '../../core/base/assert.ts';
import { reversed, toHex } from '../../core/base/bytes.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { SignedTransaction } from '../../core/log/admit-version.ts';
import { newestSigned } from '../../core/log/admit-version.ts';
import { assemble } from '../../core/log/assemble.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { isCancelled } from '../../core/policy/facts.ts';
import { screeningOf, screeningRefusal } from '../../core/screening.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogService } from '../log/log.service.ts';
import { FactWriter } from './fact-writer.ts';
import type { Transmission } from './transmission.store.ts';
import { TransmissionStore } from './transmission.store.ts';

/**
 * Hands signed transactions to the network. Every step may be done twice: the bytes are kept before they are sent, the node
 * takes a transaction once, the log takes the fact once. So a process may be killed between any two.
 */
@Injectable()
export class BroadcastService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly transmissions: TransmissionStore,
    private readonly facts: FactWriter,
  ) {}

  /**
   * Sends the newest signed transaction of a proposal unless the chain holds one of them. Passes too when another process is
   * at it, when nothing is signed, when a signed proposal cancels it, or a block spent its coins otherwise. Codes: `chain.*`, `screening.held`,
   * `screening.denied`, those of assemble. Throws ChainFault, Unavailable.
   */
  async send(digest: string): Promise<Result<null>> {
    const outcome = await this.transmissions.alone(digest, async () => {
      const state = this.log.state();
      const proposal = state.proposals.get(digest);
      const signed = proposal === undefined ? undefined : newestSigned(state, proposal);
      if (proposal === undefined || signed === undefined) return ok(null);
      if (isCancelled(state, proposal)) return ok(null);
      // A block spent a coin of it otherwise: it comes back with a reorganisation, or never.
      if ((await this.chain.coins.own(signed.txid))?.conflicted === true) return ok(null);
      const confirmed = state.facts.get(digest)?.confirmed ?? null;
      return confirmed === null ? this.#send(state, proposal, signed) : ok(null);
    });
    return outcome ?? ok(null);
  }

  async #send(
    state: State,
    proposal: ProposalRecord,
    signed: SignedTransaction,
  ): Promise<Result<null>> {
    const { trouble } = this.chain;
    if (trouble !== null) return { ok: false, refusal: trouble };
    const { digest } = proposal;
    const { txid } = signed;
    // Signed before it was held or denied. What the network has already is told as it is.
    const withheld = screeningRefusal(screeningOf(state, proposal, []));
    if (withheld !== null && !(await this.#isKnown(txid))) return { ok: false, refusal: withheld };
    const made = await this.#transmission(state, proposal, signed);
    if (!made.ok) return made;
    const { raw } = made.value;
    const sent = await this.#handOver(txid, raw);
    if (!sent.ok) return sent;
    const noted = state.facts.get(digest)?.broadcasts ?? [];
    if (!noted.includes(txid))
      await this.facts.write({ fact: 'broadcast', proposal: digest, txid });
    return ok(null);
  }

  async #handOver(txid: string, raw: Uint8Array): Promise<Result<null>> {
    const { view } = this.chain;
    const isKnown = await this.#isKnown(txid);
    // Before it is sent, so that a block cannot bring it before we know that it is ours; also where the mempool does not take
    // it, so that a child may pay for it.
    await this.chain.addUnconfirmed(raw);
    if (isKnown) return ok(null);
    const accepted = await view.testMempool(raw);
    if (!accepted.ok) {
      const parent = await this.#missingParent(raw, accepted.refusal);
      return parent === null ? accepted : view.broadcastPackage(parent, raw);
    }
    const sent = await view.broadcast(raw);
    return sent.ok ? ok(null) : sent;
  }

  /** The one transaction of ours that a child spends and the mempool does not hold, or null. */
  async #missingParent(raw: Uint8Array, { facts }: Refusal): Promise<Uint8Array | null> {
    if (facts['mapped'] !== 'inputs-missing') return null;
    const txids = Transaction.fromBuffer(raw).ins.map(({ hash }) => toHex(reversed(hash)));
    const [txid = '', ...others] = new Set(txids);
    if (others.length > 0) return null;
    const parent = await this.transmissions.find(txid);
    if (parent === undefined || (await this.#isKnown(txid))) return null;
    // The table is believed in nothing, and no child carries along what is replaced, cancelled or withheld.
    const state = this.log.state();
    const proposal = state.proposals.get(parent.proposal);
    const isMeant =
      proposal !== undefined &&
      newestSigned(state, proposal)?.txid === txid &&
      Transaction.fromBuffer(parent.raw).getId() === txid &&
      !isCancelled(state, proposal) &&
      screeningRefusal(screeningOf(state, proposal, [])) === null;
    return isMeant ? parent.raw : null;
  }

  /** A node without index knows its mempool only; what is in a block the follower knows. */
  async #isKnown(txid: string): Promise<boolean> {
    if ((await this.chain.view.transaction(txid)) !== null) return true;
    return ((await this.chain.coins.own(txid))?.height ?? null) !== null;
  }

  /** The bytes to send: those that were kept before, else made now and kept. */
  async #transmission(
    state: State,
    proposal: ProposalRecord,
    signed: SignedTransaction,
  ): Promise<Result<Transmission>> {
    const kept = await this.transmissions.find(signed.txid);
    // The table is believed in nothing: another transaction in it is never sent.
    if (kept !== undefined && Transaction.fromBuffer(kept.raw).getId() === signed.txid)
      return ok(kept);
    const hot = await this.log.blob(signed.signatures);
    if (hot === undefined) return refuse('log.blob.missing', { blob: signed.signatures });
    const final = assemble(state, proposal, signed, hot);
    if (!final.ok) return final;
    assert(final.value.txid === signed.txid, 'what was approved is what is broadcast');
    const transmission = { proposal: proposal.digest, ...final.value };
    await this.transmissions.add(transmission);
    return ok(transmission);
  }
}
