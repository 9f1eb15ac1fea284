import { Injectable, Logger } from '@nestjs/common';
import type { RefusalCode } from '../../core/base/codes.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { State } from '../../core/log/state.ts';
import type { ScreeningAnswer } from '../../core/screening.ts';
import { worstAnswer } from '../../core/screening.ts';
import { Clock } from '../clock.ts';
import { ServerConfig, StartRefused } from '../config.ts';
import { LogService } from '../log/log.service.ts';
import { FactWriter } from '../signing/fact-writer.ts';
import { ScreeningClient } from './screening-client.ts';
import { isAsked } from './screening-due.ts';
import { ScreeningFault } from './screening-fault.ts';
import { questionOf, readAnswer } from './screening-question.ts';
import { ScreeningStore } from './screening.store.ts';

/** How one question ended. `over`: there is nothing to ask, or another process asks. `unknown`: not in our log yet, or our log is behind. */
export type Asking = ScreeningAnswer | 'over' | 'unknown' | ScreeningFault;

/** What the server says of the service to whoever watches it. */
export interface ScreeningStatus {
  readonly configured: boolean;
  /** Whether a policy in force requires it. */
  readonly required: boolean;
  /** Why nobody is cleared at present, or null. */
  readonly fault: RefusalCode | null;
}

/** Where answers are written, by which clock. */
@Injectable()
export class ScreeningWriter {
  constructor(
    readonly facts: FactWriter,
    readonly clock: Clock,
  ) {}
}

/**
 * Asks the screening service about proposals and writes its answers into the log. Both may be done twice: the question names
 * the proposal, and the fold takes an answer once; so a process may be killed between the two.
 */
@Injectable()
export class ScreeningService {
  readonly #logger = new Logger('screening');
  readonly #client: ScreeningClient | null;
  /** What was told last: each trouble once. */
  #told: string | null = null;

  constructor(
    private readonly config: ServerConfig,
    private readonly log: LogService,
    private readonly store: ScreeningStore,
    private readonly writer: ScreeningWriter,
  ) {
    this.#client = config.screening === null ? null : new ScreeningClient(config.screening);
  }

  get isConfigured(): boolean {
    return this.#client !== null;
  }

  /** How long a destination that is held waits before it is asked about again. */
  get againSeconds(): number {
    return this.config.screening?.againSeconds ?? 0;
  }

  /** Throws StartRefused when the token cannot be read: a start is when somebody looks. */
  async checkStart(): Promise<void> {
    try {
      await this.#client?.checkToken();
    } catch (error) {
      if (error instanceof ScreeningFault)
        throw new StartRefused('SCREENING_TOKEN_FILE does not hold a token that can be read');
      throw error;
    }
    this.tellUnconfigured();
  }

  /** Gives up what is being asked: it is asked again at the next start. */
  close(): void {
    this.#client?.close();
  }

  /** The proposals that the service is asked about. */
  asked(): readonly string[] {
    const state = this.log.state();
    const now = this.writer.clock.now();
    return [...state.proposals.values()]
      .filter((proposal) => isAsked(state, proposal, now))
      .map(({ digest }) => digest);
  }

  /** Asks about a proposal where that is due, and writes the answer into the log. Throws Unavailable. */
  async ask(digest: string): Promise<Asking> {
    if (!this.log.state().proposals.has(digest)) return 'unknown';
    return (await this.store.alone(digest, () => this.#ask(digest))) ?? 'over';
  }

  async #ask(digest: string): Promise<Asking> {
    // Another process may have asked just now, and this one not have read what it was answered.
    if (!(await this.log.isCurrent())) return 'unknown';
    const state = this.log.state();
    const proposal = state.proposals.get(digest);
    if (this.#client === null || proposal === undefined) return 'over';
    if (!isAsked(state, proposal, this.writer.clock.now())) return 'over';
    let destinations;
    try {
      destinations = readAnswer(proposal, await this.#client.ask(questionOf(state, proposal)));
    } catch (error) {
      if (!(error instanceof ScreeningFault)) throw error;
      await this.store.note(error.code);
      this.#tell(`${error.message}: who is not cleared waits where the policy requires it`);
      return error;
    }
    await this.store.note(null);
    this.#tell(null);
    await this.writer.facts.write({
      fact: 'screening',
      proposal: digest,
      destinations: [...destinations],
    });
    const answer = worstAnswer(destinations);
    if (answer === 'deny') this.#logger.error(`ALERT: proposal ${digest} is denied by screening`);
    return answer;
  }

  /** How it stands; `failure` is that of the last question, of whichever process. */
  status(failure: string | null): ScreeningStatus {
    const required = this.log.ready && isRequired(this.log.state());
    const configured = this.isConfigured;
    const fault = configured
      ? (faultCodes.find((code) => code === failure) ?? null)
      : required
        ? 'screening.unconfigured'
        : null;
    return { configured, required, fault };
  }

  /** Tells the operator once when a policy requires what this server cannot do. */
  tellUnconfigured(): void {
    if (this.isConfigured) return;
    this.#tell(
      isRequired(this.log.state())
        ? 'ALERT: screening.unconfigured: a policy in force requires screening, and SCREENING_URL is not set: its payments are not signed'
        : null,
    );
  }

  #tell(line: string | null): void {
    if (line === this.#told) return;
    this.#told = line;
    if (line === null) this.#logger.warn('screening is in order');
    else this.#logger.error(line);
  }
}

const faultCodes = [
  'screening.unreachable',
  'screening.credentials',
  'screening.answer.invalid',
] as const;

/** Whether the policy in force at any signer holds payments until they are cleared. */
function isRequired(state: State): boolean {
  return [...state.wallets.keys()].some(
    (wallet) => currentDocuments(state, wallet)?.policy?.document.body.screening === 'required',
  );
}
