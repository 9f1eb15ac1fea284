import { Injectable } from '@nestjs/common';
import type { RefusalCode } from '../../core/base/codes.ts';
import { formatTime } from '../../core/base/time.ts';
import type { Fact } from '../../core/log/entry.ts';
import { Clock } from '../clock.ts';
import { StatementService } from '../log/statement.service.ts';

type Undated<F> = F extends Fact ? Omit<F, 'at'> : never;
/** A fact without its time. */
export type UndatedFact = Undated<Fact>;

/** What another process, or this one before it was killed, has written already. */
const standing: readonly RefusalCode[] = ['fact.duplicate', 'fact.invalid'];

/** Writes what was seen of the chain into the log. */
@Injectable()
export class FactWriter {
  constructor(
    private readonly statements: StatementService,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes a fact. The fold takes each once, so a fact that was written before, by whomever, changes nothing; the next look at
   * the chain says what is still missing. Throws Unavailable when the log cannot be written.
   */
  async write(fact: UndatedFact): Promise<void> {
    const dated: Fact = { ...fact, at: formatTime(this.clock.now()) };
    const outcome = await this.statements.submitEntry({ type: 'fact', fact: dated }, []);
    if (outcome.ok || standing.includes(outcome.refusal.code)) return;
    const { code, facts } = outcome.refusal;
    throw new Error(`the fact ${fact.fact} was refused: ${code} ${JSON.stringify(facts)}`);
  }
}
