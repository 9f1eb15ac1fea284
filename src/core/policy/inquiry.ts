import type { Seconds } from '../base/time.ts';
import type { Counted } from './account.ts';
import type { OutputKind } from './body.ts';
import type { LocalTime } from './hours.ts';
import { outputKindsOf } from './outputs.ts';
import { countedByOwner } from './payees.ts';
import type { Hits } from './terms.ts';
import { TermLists } from './terms.ts';
import type { Movement, Payment, ScopeKey, Span, Usage, WindowState } from './usage.ts';

/** A spend as the policy sees it: made from the bytes of the transaction and the address book, from nothing declared. */
export interface SpendFacts extends Movement {
  /** Virtual size of the signed transaction at its largest, in vbytes. */
  readonly vbytes: number;
  /** The groups in which the initiator stands. */
  readonly initiatorGroups: readonly string[];
  /** Whether the proposal names a ticket. */
  readonly hasReference: boolean;
}

/** A window under one key of the spend: what it holds and what the spend asks of it. Satoshi, or spends for `count`. */
export interface Asked {
  readonly key: ScopeKey;
  readonly asked: number;
  readonly held: WindowState;
}

/** What a spend is judged at. */
export interface Moment {
  readonly usage: Usage;
  readonly now: Seconds;
  /** In the policy's zone; null when no rule of the policy names hours. */
  readonly local: LocalTime | null;
}

/** What the rules and limits of a policy ask of a spend: each window and each list of terms once, by its number. */
export class Questions {
  readonly terms = new TermLists();
  readonly spans: Span[] = [];

  /** The number of a span; the same span has one number. To one signer the organisation is its wallet. */
  span({ measure, windowSeconds, of: scope }: Span): number {
    const of = scope === 'organisation' ? 'wallet' : scope;
    const known = this.spans.findIndex(
      (one) => one.measure === measure && one.of === of && one.windowSeconds === windowSeconds,
    );
    return known >= 0 ? known : this.spans.push({ measure, of, windowSeconds }) - 1;
  }
}

/**
 * One spend before one policy at one moment. What several rules and limits ask is found once, when it is made; so it
 * says the same for ever, whatever is spent afterwards.
 */
export class Inquiry {
  readonly spend: SpendFacts;
  readonly local: LocalTime | null;
  readonly outputKinds: readonly OutputKind[];
  /** Which lists of terms hold by what the address books list: this alone permits. */
  readonly permitted: Hits;
  /** The same by all that the books say: whatever is permitted, and more. By this rules deny, and ask for approvals. */
  readonly said: Hits;
  /** By the number of the span, under each key of the spend. */
  readonly windows: readonly (readonly Asked[])[];

  constructor(spend: SpendFacts, { terms, spans }: Questions, moment: Moment) {
    const { payments } = spend;
    this.spend = spend;
    this.local = moment.local;
    this.outputKinds = outputKindsOf(payments);
    this.permitted = terms.hits(payments, 'permitted');
    this.said = payments.some(saysMore) ? terms.hits(payments, 'said') : this.permitted;
    this.windows = windowsOf(spend, spans, moment);
  }
}

function windowsOf(
  spend: SpendFacts,
  spans: readonly Span[],
  moment: Moment,
): readonly (readonly Asked[])[] {
  const total = { amount: Number(spend.amountSats), count: 1, fee: Number(spend.feeSats) };
  let owners: readonly Share[] | null = null;
  return spans.map((span) => {
    if (span.of === 'destination') {
      owners ??= sharesOf(spend, total);
      return owners.map(({ key, counted }) => ask(span, key, counted, moment));
    }
    const key = span.of === 'initiator' ? spend.initiator : null;
    return [ask(span, key, total, moment)];
  });
}

interface Share {
  readonly key: ScopeKey;
  readonly counted: Counted;
}

/** What each destination is paid; none for a spend without payments. */
function sharesOf(spend: SpendFacts, { fee }: Counted): readonly Share[] {
  const ownerOf = ({ destination }: Payment): ScopeKey => destination?.owner ?? null;
  const [first] = spend.payments;
  if (first !== undefined && spend.payments.length === 1)
    return [{ key: ownerOf(first), counted: { amount: Number(first.sats), count: 1, fee } }];
  return Array.from(countedByOwner(spend, ownerOf), ([key, counted]) => ({ key, counted }));
}

function ask(span: Span, key: ScopeKey, counted: Counted, { usage, now }: Moment): Asked {
  return { key, asked: counted[span.measure], held: usage.windowState(span, key, now) };
}

/** Whether more is said of whom a payment pays than what permits. */
function saysMore({ destination, inert = null }: Payment): boolean {
  if (inert === null || inert === destination) return false;
  if (inert.owner !== destination?.owner || inert.tags.length !== destination.tags.length)
    return true;
  return inert.tags.some((tag, i) => tag !== destination.tags[i]);
}
