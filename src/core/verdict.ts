import type { DeviceKind } from './approval/device-kind.ts';
import type { Lost } from './approval/standing.ts';
import type { RefusalCode } from './base/codes.ts';
import type { Facts, Refusal } from './base/result.ts';
import type { Seconds } from './base/time.ts';
import type { LimitState, RuleTrace } from './policy/evaluate.ts';
import type { LeafFilled, LeafMissing } from './policy/quorum.ts';
import type { ScreeningTrace } from './screening.ts';

/** What authorise.ts says of a proposal, with its reasons. */

export interface ClauseTrace {
  readonly rule: string;
  readonly met: boolean;
  readonly filled: readonly LeafFilled[];
  readonly missing: readonly LeafMissing[];
}

export interface ApprovalTrace {
  readonly member: string;
  /** That signed the statement; or, beside it, the wallet device that signed the coins. */
  readonly device: string;
  readonly kind: DeviceKind;
  /** The signer's first sight. */
  readonly seen: string | null;
  /** A quorum must be first seen before. */
  readonly until: string;
  /** Why it counts no more; null while it stands. */
  readonly lost: Lost | null;
}

/** Why, as data: console and CLI render it. */
export interface Trace {
  readonly limits: readonly LimitState[];
  readonly rules: readonly RuleTrace[];
  readonly clauses: readonly ClauseTrace[];
  readonly approvals: readonly ApprovalTrace[];
  /** Null where nobody is paid. */
  readonly screening: ScreeningTrace | null;
  readonly delaySeconds: number;
  /** When the quorum was first full. */
  readonly quorumAt: string | null;
  /** After this the approvals are used up. */
  readonly signBy: string | null;
}

export interface Verdict {
  /**
   * `refused`: no further approval changes it. `invalidated`: refused because something that it counted on is gone since
   * it was proposed; the code is the cause. `pending`: something is missing, the code says what. `waiting`: the delay
   * runs. `authorised`: the signer signs. `signed`: a receipt says it did.
   */
  readonly outcome: 'refused' | 'invalidated' | 'pending' | 'waiting' | 'authorised' | 'signed';
  /** Null when authorised or signed. */
  readonly refusal: Refusal | null;
  /** The quorum is full, every limit holds and the coins are free: the signer takes the budget. */
  readonly reserve: boolean;
  /** The earliest time of signing, once the quorum is full. */
  readonly notBefore: Seconds | null;
  readonly trace: Trace;
}

const emptyTrace: Trace = {
  limits: [],
  rules: [],
  clauses: [],
  approvals: [],
  screening: null,
  delaySeconds: 0,
  quorumAt: null,
  signBy: null,
};

/** A verdict of an outcome; a code where it is not yes. */
export function verdict(
  outcome: Verdict['outcome'],
  code: RefusalCode | null,
  facts: Facts = {},
  rest: Partial<Verdict> = {},
): Verdict {
  const refusal = code === null ? null : { code, facts };
  return { outcome, refusal, reserve: false, notBefore: null, trace: emptyTrace, ...rest };
}
