import { assert } from '../../core/base/assert.ts';
import { blobAddress } from '../../core/base/digest.ts';
import { ADDRESS_INDEX } from '../../core/base/limits.ts';
import type { Facts, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import { fromHex } from '../../core/base/bytes.ts';
import { highestChangeSigned } from '../../core/log/admit-proposal.ts';
import type { DestinationsBody } from '../../core/governance/document.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { selectCoins } from '../../core/proposal/select.ts';
import { buildTransaction } from '../../core/psbt/build.ts';
import type { InspectedPsbt } from '../../core/psbt/inspect.ts';
import type { SpendView } from '../../core/psbt/spend.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import type { Network } from '../../core/wallet/network.ts';
import { scriptOfAddress } from '../../core/wallet/network.ts';
import type { Coin } from '../chain/coin.store.ts';
import type { AskedPayment } from './drafts.schema.ts';

/** What looks odd, but refuses nothing. */
export interface Warning {
  readonly code: string;
  readonly facts: Facts;
}

/** A transaction of the wallet, proven from its bytes as everybody after us will prove it. */
export interface Plan {
  readonly transaction: Uint8Array;
  readonly view: SpendView;
  readonly warnings: readonly Warning[];
}

export interface Payment {
  readonly script: Uint8Array;
  readonly sats: Sats;
}

/** Scripts of the payments. Codes: `destination.unknown`, `address.invalid`, `address.network`. */
export function resolvePayments(
  book: DestinationsBody['entries'],
  network: Network,
  asked: readonly AskedPayment[],
): Result<readonly Payment[]> {
  const payments: Payment[] = [];
  for (const payment of asked) {
    const amount = sats(payment.sats);
    if ('destination' in payment) {
      const { destination } = payment;
      const listed = book.find(({ id }) => id === destination);
      if (listed === undefined) return refuse('destination.unknown', { destination });
      payments.push({ script: fromHex(listed.script), sats: amount });
      continue;
    }
    const script = scriptOfAddress(payment.address, network);
    if (!script.ok) return script;
    payments.push({ script: script.value, sats: amount });
  }
  return ok(payments);
}

/** Highest index on branch 1 that the fold takes for change. */
export function highestChange(state: State, { id, body }: WalletRecord): number {
  return Math.min(ADDRESS_INDEX, highestChangeSigned(state, id) + body.gapLimit);
}

export interface Ask {
  readonly wallet: WalletRecord;
  readonly payments: readonly Payment[];
  readonly feeRate: number;
  readonly coins: readonly Coin[];
  /** Lowest unused one. */
  readonly changeIndex: number;
  readonly highestChange: number;
  /** Height of the tip: a transaction that no block before can hold gains nobody by fee sniping. */
  readonly lockTime: number;
  /** Where among the outputs change goes, from 0 to their number: its place must not tell which output it is. */
  readonly changePlace: (outputs: number) => number;
}

/** A chosen and built transaction, before it is proven by its parents. */
export interface Built {
  readonly transaction: Uint8Array;
  /** In the order of the inputs. */
  readonly coins: readonly Coin[];
  readonly warnings: readonly Warning[];
}

/** Chooses coins and builds the transaction. Codes: those of selectCoins. */
export function build(ask: Ask): Result<Built> {
  const { wallet, payments, lockTime } = ask;
  const changeIndex = Math.min(ask.changeIndex, ask.highestChange);
  const changeScript = wallet.wallet.script(1, changeIndex);
  const { coins, feeRate } = ask;
  const selected = selectCoins({ wallet: wallet.wallet, coins, payments, feeRate, changeScript });
  if (!selected.ok) return selected;
  const { coins: chosen, changeSats, feeSats } = selected.value;
  const outputs = [...payments];
  if (changeSats !== null)
    outputs.splice(ask.changePlace(outputs.length), 0, { script: changeScript, sats: changeSats });
  const inputs = chosen.map(({ txid, vout }) => ({ outpoint: `${txid}:${vout}` }));
  return ok({
    transaction: buildTransaction({ inputs, outputs, lockTime }),
    coins: chosen,
    warnings:
      changeSats === null ? [{ code: 'change.none', facts: { feeSats: Number(feeSats) } }] : [],
  });
}

/** Proves what was built, by the bytes of the parents. Codes: those of readSpend, `psbt.input.parent`. */
export function prove(
  ask: Pick<Ask, 'wallet' | 'highestChange'>,
  built: Built,
  parents: ReadonlyMap<string, Uint8Array>,
): Result<Plan> {
  const claims = built.coins.map(({ txid, branch, index }) => {
    const parent = parents.get(txid);
    assert(parent !== undefined, 'the transaction of a followed coin is kept');
    return { parent, branch, index };
  });
  const bounds = { highestChange: ask.highestChange };
  const view = readSpend(ask.wallet.wallet, built.transaction, claims, bounds);
  if (!view.ok) return view;
  return ok({ transaction: built.transaction, view: view.value, warnings: built.warnings });
}

/** The plan of an uploaded PSBT. Its signatures are left: they come with approvals. */
export function planOf({ transaction, view, warnings }: InspectedPsbt): Plan {
  return { transaction, view, warnings };
}

/**
 * The fee rate asked for or estimated. A node of one's own on regtest never has an estimate, and needs none. Code
 * `chain.fee.unknown`.
 */
export function feeRateOf(rate: number | null, network: Network): Result<number> {
  if (rate !== null) return ok(rate);
  return network === 'regtest' || network === 'sandbox' ? ok(1) : refuse('chain.fee.unknown');
}

/** Whether the next block can hold the transaction. Code `psbt.locktime.future`. */
export function checkLockTime(lockTime: number, tip: number): Result<null> {
  return lockTime <= tip ? ok(null) : refuse('psbt.locktime.future', { lockTime, tip });
}

/** Claims as they go into the coins blob, each with its previous transaction. */
export function coinsOf({ view }: Plan) {
  const addresses = new Map<Uint8Array, string>();
  return view.coins.map(({ parent, branch, index }) => {
    const address = addresses.get(parent) ?? blobAddress(parent);
    addresses.set(parent, address);
    return { parent: address, branch, index, bytes: parent };
  });
}
