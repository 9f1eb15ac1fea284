import type { OnApplicationShutdown } from '@nestjs/common';
import { Injectable, Logger } from '@nestjs/common';
import { authorise } from '../../core/authorise.ts';
import { SHADOW_OPEN } from '../../core/base/limits.ts';
import { createLedger } from '../../core/log/ledger.ts';
import type { Receipt } from '../../core/log/receipt.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { statementDigest } from '../../core/approval/statement.ts';
import type { Result } from '../../core/base/result.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import { parsePolicyBody } from '../../core/policy/body.ts';
import { fare } from '../../core/policy/replay-policy.ts';
import { faredReport } from '../../core/policy/replay-report.ts';
import { Clock } from '../clock.ts';
import { POLL_MS } from '../log/bounds.ts';
import { LogService } from '../log/log.service.ts';
import type { NumberedEntry } from '../log/projection.store.ts';
import { SequencerService } from '../log/sequencer.service.ts';
import type { Saying } from './shadow.store.ts';
import { ShadowStore } from './shadow.store.ts';

interface Shadow {
  readonly id: string;
  readonly wallet: string;
  readonly policy: Result<PolicyBody>;
}

/**
 * Judges proposals by the shadow policies, beside what is in force and after it: only when entries are committed, out of
 * the way of whoever waits for them, and into tables that nothing reads but the list of differences. What fails here is
 * noted or logged and goes nowhere else.
 */
@Injectable()
export class ShadowJudge implements OnApplicationShutdown {
  readonly #logger = new Logger('shadow');
  /** Digests of proposals, and wallets whose open proposals are all due. */
  readonly #proposals = new Set<string>();
  readonly #wallets = new Set<string>();
  #shadows: readonly Shadow[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(
    private readonly log: LogService,
    private readonly store: ShadowStore,
    private readonly clock: Clock,
    sequencer: SequencerService,
  ) {
    sequencer.afterCommit((entries) => {
      for (const { entry } of entries) this.#touch(entry);
      void this.settled();
    });
  }

  /** Judges all open proposals of a wallet: its shadow is another one now. */
  async renew(wallet: string): Promise<void> {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#wallets.add(wallet);
    await this.settled();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.settled();
  }

  /** Resolves when everything committed so far is judged. Never rejects. */
  async settled(): Promise<void> {
    await this.#running;
    if (this.#proposals.size + this.#wallets.size === 0) return;
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  /** What an entry may have changed the verdict on. */
  #touch(entry: NumberedEntry['entry']): void {
    switch (entry.type) {
      case 'statement': {
        const { statement } = entry;
        if (statement.type === 'proposal') this.#proposals.add(statementDigest(statement));
        if (statement.type === 'approval') this.#proposals.add(statement.proposal);
        if (statement.type === 'freeze') this.#wallets.add(statement.wallet);
        return;
      }
      case 'receipt':
        this.#touchedBy(entry.receipt);
        return;
      case 'fact':
        if (entry.fact.fact === 'screening') this.#proposals.add(entry.fact.proposal);
        return;
      case 'document':
      case 'version':
        return;
    }
  }

  #touchedBy(receipt: Receipt): void {
    if ('proposal' in receipt) this.#proposals.add(receipt.proposal);
    // First sights may fill a quorum of the shadow that no other receipt tells of.
    else this.#wallets.add(receipt.wallet);
  }

  async #work(): Promise<void> {
    // After whoever waits for the entries has his answer.
    await new Promise((resolve) => setImmediate(resolve));
    const proposals = [...this.#proposals];
    const wallets = [...this.#wallets];
    this.#proposals.clear();
    this.#wallets.clear();
    try {
      await this.#read();
      if (this.#shadows.length === 0) return;
      for (const { shadow, saying } of this.#judge(proposals, wallets))
        await this.store.note(shadow, saying);
    } catch (error) {
      this.#logger.error(error instanceof Error ? error.message : String(error));
    }
  }

  async #read(): Promise<void> {
    if (performance.now() < this.#readAt + POLL_MS) return;
    const rows = await this.store.current();
    this.#shadows = rows.map(({ id, wallet, policy }) => ({
      id,
      wallet,
      policy: parsePolicyBody(policy),
    }));
    this.#readAt = performance.now();
  }

  /** Everything at one moment of the state: it goes on while rows are written. */
  #judge(
    digests: readonly string[],
    wallets: readonly string[],
  ): readonly { readonly shadow: string; readonly saying: Saying }[] {
    const state = this.log.state();
    return this.#shadows.flatMap((shadow) => {
      const due = new Set(digests.flatMap((digest) => state.proposals.get(digest) ?? []));
      const isAll = wallets.includes(shadow.wallet) || wallets.includes('*');
      if (isAll) for (const proposal of openProposals(state, shadow.wallet)) due.add(proposal);
      return [...due]
        .filter(({ statement }) => statement.wallet.id === shadow.wallet)
        .map((proposal) => ({ shadow: shadow.id, saying: this.#say(state, proposal, shadow) }));
    });
  }

  #say(state: State, proposal: ProposalRecord, shadow: Shadow): Saying {
    const { digest } = proposal;
    const { policy } = shadow;
    // It was checked when it was attached; a table can be edited.
    if (!policy.ok) return { proposal: digest, fared: null, fault: policy.refusal.code };
    try {
      const ledger = state.ledgers.get(shadow.wallet) ?? createLedger();
      const now = ledger.signed.get(digest)?.at ?? Math.max(this.clock.now(), ledger.at);
      const happened = authorise(state, ledger, digest, now);
      const fared = fare({ state, ledger, proposal, now }, happened, policy.value);
      return { proposal: digest, fared: faredReport(fared), fault: null };
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      return { proposal: digest, fared: null, fault };
    }
  }
}

/** The newest that nothing has ended. */
function openProposals(state: State, wallet: string): readonly ProposalRecord[] {
  const signed = state.ledgers.get(wallet)?.signed;
  return [...state.proposals.values()]
    .filter(
      ({ statement, ended, digest }) =>
        statement.wallet.id === wallet && ended === null && signed?.has(digest) !== true,
    )
    .slice(-SHADOW_OPEN);
}
