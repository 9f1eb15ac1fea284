import type { SignatureCheck } from '../../core/approval/verify.ts';
import { verifyDeviceSignature } from '../../core/approval/verify.ts';
import { assert } from '../../core/base/assert.ts';
import { equalBytes, toHex } from '../../core/base/bytes.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import { applyReceipt, createLedger } from '../../core/log/ledger.ts';
import type { Receipt } from '../../core/log/receipt.ts';
import type { State } from '../../core/log/state.ts';
import { admit, advance, createState } from '../../core/log/state.ts';
import { signInputs, verifyPartialSignatures } from '../../core/psbt/signatures.ts';
import { decide } from '../../signer/decide.ts';
import { nobodysWord } from '../../signer/sentinels.ts';
import type { Good } from './good-package.ts';
import { DELAY, makeGood, receiptPublic, START } from './good-package.ts';
import type { Parcel } from './mutate-parcel.ts';
import { mutateParcel } from './mutate-parcel.ts';
import { Random } from './random.ts';

/**
 * The mutation run over packages: a log whose signer would sign one payment is changed in one field at a time, as whoever holds
 * the log's key could, with hashes mended; a signer that starts from nothing but the pinned genesis reads it. It may refuse
 * and wait, but whatever it signs is the payment that people approved.
 */

/** A package that made the signer sign something else, or brought it down. */
export interface PackageFault {
  readonly seed: number;
  readonly number: number;
  readonly parcel: Parcel;
  /** The field. */
  readonly changed: string;
  readonly what: string;
}

export interface PackageRun {
  readonly looked: number;
  /** Of them so many were signed all the same: what was changed did not matter. */
  readonly signed: number;
  /** By code, of entries without effect. */
  readonly skipped: ReadonlyMap<string, number>;
  readonly fault: PackageFault | null;
}

/** Changes one field `count` times. `step` is told how many were looked at, every hundred. */
export function fuzzPackages(
  { count, seed: from }: { readonly count: number; readonly seed: number },
  step: (looked: number) => void = () => undefined,
): PackageRun {
  const random = new Random(from);
  const good = makeGood();
  const verify = remembering(verifyDeviceSignature);
  const skipped = new Map<string, number>();
  const whole = look(good, good.parcel, verify, skipped);
  assert(whole.fault === null && whole.signed === 1, 'the good package is signed');
  skipped.clear();
  let signed = 0;
  for (let number = 0; number < count; number++) {
    const { parcel, changed } = mutateParcel(good.parcel, random);
    const seen = lookSafely(good, parcel, verify, skipped);
    signed += seen.signed;
    if (seen.fault !== null) {
      const fault = { seed: from, number, parcel, changed, what: seen.fault };
      return { looked: number + 1, signed, skipped, fault };
    }
    if ((number + 1) % 100 === 0) step(number + 1);
  }
  return { looked: count, signed, skipped, fault: null };
}

interface Seen {
  readonly signed: number;
  readonly fault: string | null;
}

function lookSafely(...given: Parameters<typeof look>): Seen {
  try {
    return look(...given);
  } catch (error) {
    return { signed: 0, fault: `threw ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** A fresh signer reads the parcel, now and when the delay is over. */
function look(
  good: Good,
  { entries, blobs }: Parcel,
  verify: SignatureCheck,
  skipped: Map<string, number>,
): Seen {
  const state = createState(good.genesis);
  for (const leaf of entries) {
    const admission = admit(state, leaf, { blobs: (name) => blobs.get(name), verify });
    // Nobody has the blob: a signer waits there for ever.
    if (admission.kind === 'missing') return { signed: 0, fault: null };
    if (admission.kind === 'skip')
      skipped.set(admission.refusal.code, (skipped.get(admission.refusal.code) ?? 0) + 1);
    advance(state, leaf, admission);
  }
  const wallet = state.wallets.get('hot-1');
  // A signer is bound to its wallet document: with another it refuses (document.stale).
  if (wallet?.root.digest !== good.wallet.root.digest) return { signed: 0, fault: null };
  return sign(good, state);
}

function sign(good: Good, state: State): Seen {
  const ledger = createLedger();
  const log = { size: state.tree.size, root: toHex(state.tree.root()) };
  const write = (
    record: Readonly<Record<string, unknown>> & { readonly record: Receipt['record'] },
    now: Seconds,
  ): void => {
    const { position, previous } = ledger;
    const frame = { org: good.genesis, wallet: 'hot-1', signer: receiptPublic, epoch: 1 };
    applyReceipt(ledger, {
      ...frame,
      ...{ position, previous, at: formatTime(now), log },
      ...record,
    } as Receipt);
  };
  const firstAddress = good.wallet.wallet.address(0, 0);
  const walletDigest = good.wallet.root.digest;
  const keyProof = good.sign.proveKey(good.genesis, walletDigest, firstAddress);
  write({ record: 'started', walletDigest, firstAddress, keyProof }, START);
  let signed = 0;
  for (const now of [START, START + DELAY + 1])
    for (const action of decide({ state, ledger, wallet: 'hot-1', now, word: nobodysWord })) {
      if (action.record !== 'sign') {
        write(action, now);
        continue;
      }
      const wrong = wrongSignature(good, state, action.proposal);
      if (wrong !== null) return { signed, fault: wrong };
      signed += 1;
      if (signed > 1) return { signed, fault: 'signed twice' };
      write({ record: 'intent', proposal: action.proposal }, now);
      write({ record: 'signed', proposal: action.proposal, signatures: '00'.repeat(32) }, now);
    }
  return { signed, fault: null };
}

/** Why what would be signed is not what was approved, or null: the bytes, and what the signatures are over. */
function wrongSignature(good: Good, state: State, name: string): string | null {
  const proposal = state.proposals.get(name);
  assert(proposal !== undefined, 'what was judged is in the state');
  if (!equalBytes(proposal.transaction, good.approved.transaction))
    return `signed ${toHex(proposal.transaction)}`;
  const signatures = signInputs(good.wallet.wallet, proposal, {
    keyIndex: good.wallet.hotKeyIndex,
    sign: good.sign.sign,
  });
  const verified = verifyPartialSignatures(good.wallet.wallet, good.approved, signatures);
  return verified.ok ? null : `signed another message: ${verified.refusal.code}`;
}

/** Most signatures are the same in every package. */
function remembering(check: SignatureCheck): SignatureCheck {
  const known = new Map<string, boolean>();
  return (key, said, signature) => {
    const name = `${key}/${said}/${signature}`;
    const before = known.get(name);
    if (before !== undefined) return before;
    const found = check(key, said, signature);
    known.set(name, found);
    return found;
  };
}
