import { z } from 'zod';
import { fromHex } from '../../core/base/bytes.ts';
import { SPEND_OUTPUTS } from '../../core/base/limits.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import { screeningReference } from '../../core/log/entry.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import type { ScreenedDestination } from '../../core/screening.ts';
import { paidScripts, screeningAnswers } from '../../core/screening.ts';
import { addressOfScript } from '../../core/wallet/network.ts';
import { ScreeningFault } from './screening-fault.ts';

/**
 * What the service is told (policies/README.md): what leaves is public once it is broadcast, but for the owner's id in the address
 * book, the wallet's id and the ticket. No purpose, no member, no label, no tag.
 */
export interface ScreeningQuestion {
  /** Its digest: however often it is asked about, the same. */
  readonly proposal: string;
  readonly network: string;
  readonly wallet: string;
  /** The ticket that the proposal names. */
  readonly reference: string | null;
  /** Each script that it pays, once. */
  readonly destinations: readonly {
    readonly script: string;
    /** Null where a script has none. */
    readonly address: string | null;
    readonly sats: number;
    /** Of the address book; null: not listed. */
    readonly owner: string | null;
  }[];
}

/** The question about a proposal. */
export function questionOf(state: State, proposal: ProposalRecord): ScreeningQuestion {
  const { network, wallet, reference } = proposal.statement;
  const entries = currentDocuments(state, wallet.id)?.destinations?.document.body.entries ?? [];
  const owners = new Map(entries.map(({ script, owner }) => [script, owner]));
  return {
    proposal: proposal.digest,
    network,
    wallet: wallet.id,
    reference,
    destinations: paidScripts(proposal.view.spend).map(({ script, sats }) => ({
      script,
      address: addressOfScript(fromHex(script), network),
      sats,
      owner: owners.get(script) ?? null,
    })),
  };
}

/** What the service answers. Strict: a field that we do not know might be a "but". */
const answerSchema = z.strictObject({
  destinations: z
    .array(
      z.strictObject({
        script: z.string().regex(/^([0-9a-f]{2})*$/),
        answer: z.enum(screeningAnswers),
        reference: screeningReference.nullish(),
      }),
    )
    .max(SPEND_OUTPUTS),
});

/**
 * The answer about each destination of a proposal, in order. Throws `screening.answer.invalid` when it is of another form
 * or does not name every destination exactly once: half an answer is none.
 */
export function readAnswer(
  { view }: Pick<ProposalRecord, 'view'>,
  body: string,
): readonly ScreenedDestination[] {
  const parsed = answerSchema.safeParse(parseJson(body));
  if (!parsed.success)
    throw new ScreeningFault('screening.answer.invalid', { reason: 'not of the form' });
  const { destinations } = parsed.data;
  const paid = paidScripts(view.spend);
  const answers = new Map(destinations.map((one) => [one.script, one]));
  const found = paid.flatMap(({ output, script }) => {
    const one = answers.get(script);
    return one === undefined
      ? []
      : [{ output, answer: one.answer, reference: one.reference ?? null }];
  });
  if (found.length !== paid.length || destinations.length !== paid.length)
    throw new ScreeningFault('screening.answer.invalid', { reason: 'not each destination once' });
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
