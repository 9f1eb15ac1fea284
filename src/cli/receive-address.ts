import { groupAddress } from '../core/approval/group-address.ts';
import { ADDRESS_INDEX } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { formatTime } from '../core/base/time.ts';
import type { AddressRecord, Attested } from '../core/log/addresses.ts';
import { addressesOf } from '../core/log/addresses.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import type { Call } from './command.ts';
import { wholeNumber } from './command.ts';
import type { Desk } from './desk.ts';

/** How long a signer may take: it reads the log three times a second, and its receipt is in a checkpoint a second later. */
const WAIT_SECONDS = 30;
const PAUSE_MS = 500;
const TOLD_EVERY_MS = 5_000;

/** An address that its signer has attested in the log that was followed here, derived here again. */
export interface AttestedAddress {
  readonly wallet: string;
  readonly index: number;
  readonly address: string;
  readonly attested: Attested;
}

/** Time that is left of what somebody is ready to wait, from the first wait on, told now and then. */
export class Patience {
  readonly #call: Call;
  #began: number | null = null;
  readonly #endMs: number;
  #toldMs = -TOLD_EVERY_MS;

  /** `--wait SECONDS`, or the default. */
  constructor(call: Call) {
    this.#call = call;
    this.#endMs = (wholeNumber(call, 'wait') ?? WAIT_SECONDS) * 1_000;
  }

  /** Pauses and is true, or false when there is no time left. */
  async goesOn(what: string): Promise<boolean> {
    this.#began ??= performance.now();
    const passed = performance.now() - this.#began;
    if (passed >= this.#endMs) return false;
    if (passed - this.#toldMs >= TOLD_EVERY_MS) {
      this.#call.io.say(`${what} (${String(Math.round(passed / 1_000))} s) …`);
      this.#toldMs = passed;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return true;
  }
}

/** The address of an index by the wallet's own descriptor, or undefined where there is none. */
export function ownAddress({ wallet }: WalletRecord, index: number): string | undefined {
  return index <= ADDRESS_INDEX ? wallet.address(0, index) : undefined;
}

/**
 * Waits until the followed log holds the attestation of the address that a request of ours asked for. Codes: those of the
 * follower, `address.unattested`; `address.reused` when it was asked for by another request; `address.mismatch` when the signer
 * says another address than the descriptor.
 */
export async function awaitAttestation(
  desk: Desk,
  wallet: WalletRecord,
  asked: { readonly index: number; readonly request: string; readonly patience: Patience },
): Promise<Result<AttestedAddress>> {
  const { index, request, patience } = asked;
  const facts = { wallet: wallet.id, index };
  do {
    const followed = await desk.follow();
    if (!followed.ok) return followed;
    const { state, skipped } = followed.value;
    const lie = skipped.find(
      ({ refusal }) =>
        refusal.code === 'receipt.invalid' &&
        refusal.facts['wallet'] === wallet.id &&
        refusal.facts['index'] === index,
    );
    if (lie !== undefined) return refuse('address.mismatch', { ...facts, entry: lie.index });
    const record = addressesOf(state, wallet.id).get(index);
    if (record !== undefined && record.request !== request) return refuse('address.reused', facts);
    if (record !== undefined && record.attested !== null)
      return ok(attestedAddress(wallet, index, record.attested));
  } while (await patience.goesOn(`Waiting for the signer of ${wallet.id} to attest the address`));
  return refuse('address.unattested', facts);
}

/** An attested address of the followed log. Codes: `address.unknown`, `address.unattested`. */
export function findAttested(
  state: State,
  wallet: WalletRecord,
  index: number,
): Result<AttestedAddress> {
  const facts = { wallet: wallet.id, index };
  const record: AddressRecord | undefined = addressesOf(state, wallet.id).get(index);
  if (record === undefined) return refuse('address.unknown', facts);
  if (record.attested === null) return refuse('address.unattested', facts);
  return ok(attestedAddress(wallet, index, record.attested));
}

// The fold compared the receipt's address with the descriptor's; this is the descriptor's.
function attestedAddress(
  { id, wallet }: WalletRecord,
  index: number,
  attested: Attested,
): AttestedAddress {
  return { wallet: id, index, address: wallet.address(0, index), attested };
}

/** For programs. */
export function addressJson({ wallet, index, address, attested }: AttestedAddress) {
  return { wallet, index, address, attested: { ...attested, at: formatTime(attested.at) } };
}

/** For people: the address in full and in groups of four, and whose word it is. */
export function addressLines(found: AttestedAddress, label: string | null): readonly string[] {
  const { wallet, index, address, attested } = found;
  const { signer, at, position } = attested;
  return [
    `Address ${String(index)} of ${wallet}${label === null ? '' : `, "${label}"`}:`,
    address,
    groupAddress(address),
    `Attested by signer ${signer} at ${formatTime(at)}, position ${String(position)}, and derived here again.`,
  ];
}
