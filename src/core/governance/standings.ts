import { openFreezes } from '../authorise.ts';
import type { Seconds } from '../base/time.ts';
import type { Ledger } from '../log/ledger.ts';
import { createLedger } from '../log/ledger.ts';
import type { Authority } from '../log/receipt.ts';
import type { DocumentRecord, FreezeRecord, Signer, State } from '../log/state.ts';
import type { LeafMissing, Voice } from '../policy/quorum.ts';
import { solveClause } from '../policy/quorum.ts';
import type { InForce } from './in-force.ts';
import { concernsOf, inForce } from './in-force.ts';
import type { Standing } from './steps.ts';
import { governors, governorVoice, standingOf, voicesOfSigners } from './steps.ts';

/**
 * How documents and freezes stand at each signer, by the receipts in the log: for people to look at. What a signer does
 * about them is decided by steps.ts, in its own ledger.
 */
export interface StandingAt {
  readonly wallet: string;
  /** `unread`: the signer has not begun. `ready`: its next round brings it in force. The rest as steps.ts says. */
  readonly stands: 'in-force' | 'replaced' | 'unread' | Standing['stands'];
  /** By whose word it is in force, or will be; null while signatures are missing. */
  readonly by: Authority | null;
  /** The earliest time at which it comes in force, while its delay runs. */
  readonly from: Seconds | null;
  /** In force since, and until when it was. */
  readonly since: Seconds | null;
  readonly until: Seconds | null;
  /** What the governance clauses still ask for, and who may give it. Empty where nothing is missing. */
  readonly missing: readonly LeafMissing[];
  /** Who signed it, but has no say on what changes his own place. */
  readonly barred: readonly string[];
  /** The version that stands in its way, or why it cannot stand beside what is in force. */
  readonly because: string | null;
}

const nothing = {
  by: null,
  from: null,
  since: null,
  until: null,
  missing: [],
  barred: [],
  because: null,
} as const;

/** How a document stands at every signer that it concerns, in the order of the wallets, at the later of `clock` and a signer's own time. */
export function standingsOf(
  state: State,
  record: DocumentRecord,
  clock: Seconds,
): readonly StandingAt[] {
  const { kind, id } = record.document;
  const own = kind === 'wallet' || kind === 'policy';
  return [...state.wallets.keys()]
    .filter((wallet) => !own || wallet === id)
    .map((wallet) => {
      const ledger = state.ledgers.get(wallet) ?? createLedger();
      const now = Math.max(clock, ledger.at);
      return { wallet, ...standingAt(state, ledger, record, now) };
    });
}

function standingAt(
  state: State,
  ledger: Ledger,
  record: DocumentRecord,
  now: Seconds,
): Omit<StandingAt, 'wallet'> {
  const history = ledger.forced[record.document.kind];
  const place = history.findIndex(({ document }) => document === record.digest);
  const forced = history[place];
  if (forced !== undefined) {
    const { by, at: since } = forced;
    const until = history[place + 1]?.at ?? null;
    return { ...nothing, stands: until === null ? 'in-force' : 'replaced', by, since, until };
  }
  const force = inForce(state, ledger);
  if (force === null) return { ...nothing, stands: 'unread' };
  const asked = { force, record, now };
  const found = standingOf(state, ledger, asked);
  const common = { ...nothing, stands: found.stands };
  switch (found.stands) {
    case 'ready':
      return { ...common, by: found.by };
    case 'waiting':
      return { ...common, by: found.by, from: found.from };
    case 'unsigned':
      return { ...common, ...lackingOf(state, ledger, asked) };
    case 'vetoed':
      return { ...common, because: found.members.join(', ') };
    case 'forked':
      return { ...common, because: found.other };
    case 'unfit':
      return { ...common, because: found.code };
    case 'stale':
      return common;
  }
}

function lackingOf(
  state: State,
  ledger: Ledger,
  asked: { readonly force: InForce; readonly record: DocumentRecord; readonly now: Seconds },
): Pick<StandingAt, 'missing' | 'barred'> {
  const { force, record, now } = asked;
  const charter = force.charter.document.body;
  const hasNoSay = (member: string) => concernsOf(force, record, member);
  const may = voicesOf(state, ledger, force, now).filter(({ member }) => !hasNoSay(member));
  const { missing } = solveClause(charter.governance.clause, governors(state, ledger, asked), may);
  return { missing, barred: [...record.approvals.keys()].filter(hasNoSay).sort() };
}

/** Every governor whose signature would count now, with the kinds of all his devices that do. */
function voicesOf(state: State, ledger: Ledger, force: InForce, now: Seconds): readonly Voice[] {
  const charter = force.charter.document.body;
  return charter.members.flatMap(({ id, devices }) => {
    const voices = devices.flatMap((device) =>
      governorVoice(state, ledger, { charter, member: id, device: device.id, now }),
    );
    const [first] = voices;
    return first === undefined ? [] : [{ ...first, kinds: voices.flatMap(({ kinds }) => kinds) }];
  });
}

/** A freeze that some signer has not lifted. */
export interface OpenFreeze {
  readonly freeze: FreezeRecord;
  /** Wallets that it stops. */
  readonly wallets: readonly {
    readonly wallet: string;
    /** What the clauses still ask for before this wallet's signer lifts it; empty: its next round does. */
    readonly missing: readonly LeafMissing[];
  }[];
}

/** The freezes that stand at some signer, in the order of the log. */
export function openFreezesOf(state: State, clock: Seconds): readonly OpenFreeze[] {
  const open = [...state.wallets.keys()].map((wallet) => {
    const ledger = state.ledgers.get(wallet) ?? createLedger();
    return { wallet, ledger, freezes: new Set(openFreezes(state, ledger, wallet)) };
  });
  return state.freezes.flatMap((freeze) => {
    const wallets = open
      .filter(({ freezes }) => freezes.has(freeze))
      .map(({ wallet, ledger }) => ({
        wallet,
        missing: missingLifts(state, ledger, freeze.lifts, Math.max(clock, ledger.at)),
      }));
    return wallets.length === 0 ? [] : [{ freeze, wallets }];
  });
}

function missingLifts(
  state: State,
  ledger: Ledger,
  lifts: ReadonlyMap<string, Signer>,
  now: Seconds,
): readonly LeafMissing[] {
  const force = inForce(state, ledger);
  if (force === null) return [];
  const charter = force.charter.document.body;
  const voices = voicesOfSigners(state, ledger, lifts, { force, now });
  const may = voicesOf(state, ledger, force, now);
  return solveClause(charter.governance.clause, voices, may).missing;
}
