import { Transaction } from 'bitcoinjs-lib';
import { sats } from '../../src/core/base/sats.ts';
import { assemble } from '../../src/core/log/assemble.ts';
import type { ProposalRecord } from '../../src/core/log/state.ts';
import { finalise } from '../../src/core/psbt/finalise.ts';
import { parsePartialSignatures } from '../../src/core/psbt/signatures.ts';
import { readSpend } from '../../src/core/psbt/spend.ts';
import type { ChainUnderTest } from './chain-contract.ts';
import { passed } from './psbt.ts';
import { World, approveAll, listedAddress, strangerAddress } from './world.ts';

/** A world whose coins lie on a chain that is there. */
export class WatchedWorld {
  readonly world: World;
  readonly #chain: ChainUnderTest;
  #paid = 100_000;

  constructor(chain: ChainUnderTest) {
    this.#chain = chain;
    this.world = new World({ network: chain.view.network === 'sandbox' ? 'sandbox' : 'regtest' });
    this.world.start();
    this.world.round();
  }

  /** A confirmed coin of the wallet. */
  async coin(amount = 1_000_000): Promise<ReturnType<World['coin']>> {
    const { world } = this;
    const { txid } = await this.#chain.fund(world.wallet.wallet.script(0, 0), sats(amount));
    const raw = (await this.#chain.view.transaction(txid))?.raw ?? new Uint8Array();
    await this.#chain.mine(1);
    const stripped = Transaction.fromBuffer(raw);
    stripped.stripWitnesses();
    const parent = new Uint8Array(stripped.toBuffer());
    world.blob(parent);
    return { parent, branch: 0, index: 0, vout: 0 };
  }

  async proposed(): Promise<ProposalRecord> {
    this.#paid += 1; // the same payment again within a week would be refused
    return this.world.propose({ pays: [[listedAddress, this.#paid]], coins: [await this.coin()] });
  }

  /** Approves and signs as the rules want it, in the log. */
  sign(proposal: ProposalRecord): void {
    approveAll({ world: this.world, proposal });
    this.world.round();
    this.world.now += 60;
    this.world.round();
    if (!this.world.ledger.signed.has(proposal.digest)) throw new Error('it was not signed');
  }

  /** The hot key's signatures of a proposal. */
  signatures(proposal: ProposalRecord): Uint8Array {
    const { world } = this;
    return world.store.get(world.cosign(proposal, world.hot)) ?? new Uint8Array();
  }

  /** What the server would broadcast. */
  final(proposal: ProposalRecord): Uint8Array {
    const made = assemble(
      this.world.state,
      proposal,
      { version: 0, of: proposal },
      this.signatures(proposal),
    );
    return passed(made).raw;
  }

  /** A coin of the wallet spent by who has all of its keys, with no word to anybody. */
  async theft(): Promise<Uint8Array> {
    const { world } = this;
    const pays = [[strangerAddress, 900_000]] as const;
    const coins = [await this.coin()];
    const { statement } = world.draft({ pays, coins });
    const transaction = world.store.get(statement.spend.transaction) ?? new Uint8Array();
    const { wallet } = world.wallet;
    const view = passed(readSpend(wallet, transaction, coins, { highestChange: 20 }));
    const spend = { transaction, coins: view.coins };
    const signatures = [world.hot, world.cosigner].map((key) =>
      passed(parsePartialSignatures(world.store.get(world.cosign(spend, key)) ?? new Uint8Array())),
    );
    return passed(finalise(wallet, spend, signatures)).raw;
  }
}
