import { Injectable } from '@nestjs/common';
import { Transaction } from 'bitcoinjs-lib';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { screeningOf, screeningRefusal } from '../../core/screening.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogService } from '../log/log.service.ts';
import { assemble, signaturesOf } from './assemble.ts';
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
   * Sends the transaction of a proposal unless the chain holds it. Passes too when another process is at it, or when nothing
   * is signed. Codes: `chain.*`, `screening.held`, `screening.denied`, those of assemble. Throws ChainFault, Unavailable.
   */
  async send(digest: string): Promise<Result<null>> {
    const outcome = await this.transmissions.alone(digest, async () => {
      const state = this.log.state();
      const proposal = state.proposals.get(digest);
      if (proposal === undefined || signaturesOf(state, proposal) === undefined) return ok(null);
      const confirmed = state.facts.get(digest)?.confirmed ?? null;
      return confirmed === null ? this.#send(state, proposal) : ok(null);
    });
    return outcome ?? ok(null);
  }

  async #send(state: State, proposal: ProposalRecord): Promise<Result<null>> {
    const { trouble } = this.chain;
    if (trouble !== null) return { ok: false, refusal: trouble };
    const { digest, txid } = proposal;
    // Signed before it was held or denied. What the network has already is told as it is.
    const withheld = screeningRefusal(screeningOf(state, proposal, []));
    if (withheld !== null && !(await this.#isKnown(txid))) return { ok: false, refusal: withheld };
    const made = await this.#transmission(state, proposal);
    if (!made.ok) return made;
    const { raw } = made.value;
    const { view } = this.chain;
    const isKnown = await this.#isKnown(txid);
    if (!isKnown) {
      const accepted = await view.testMempool(raw);
      if (!accepted.ok) return accepted;
    }
    // Before it is sent, so that a block cannot bring it before we know that it is ours.
    await this.chain.addUnconfirmed(raw);
    if (!isKnown) {
      const sent = await view.broadcast(raw);
      if (!sent.ok) return sent;
    }
    const noted = state.facts.get(digest)?.broadcastAt ?? null;
    if (noted === null) await this.facts.write({ fact: 'broadcast', proposal: digest, txid });
    return ok(null);
  }

  /** A node without index knows its mempool only; what is in a block the follower knows. */
  async #isKnown(txid: string): Promise<boolean> {
    if ((await this.chain.view.transaction(txid)) !== null) return true;
    return ((await this.chain.coins.own(txid))?.height ?? null) !== null;
  }

  /** The bytes to send: those that were kept before, else made now and kept. */
  async #transmission(state: State, proposal: ProposalRecord): Promise<Result<Transmission>> {
    const kept = await this.transmissions.find(proposal.digest);
    // The table is believed in nothing: another transaction in it is never sent.
    if (kept !== undefined && Transaction.fromBuffer(kept.raw).getId() === proposal.txid)
      return ok(kept);
    const address = signaturesOf(state, proposal) ?? '';
    const hot = await this.log.blob(address);
    if (hot === undefined) return refuse('log.blob.missing', { blob: address });
    const final = assemble(state, proposal, hot);
    if (!final.ok) return final;
    const transmission = { proposal: proposal.digest, ...final.value };
    await this.transmissions.add(transmission);
    return ok(transmission);
  }
}
