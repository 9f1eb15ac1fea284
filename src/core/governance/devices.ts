import type { DeviceKind } from '../approval/device-kind.ts';
import type { Statement } from '../approval/statement.ts';
import { hex64, messageSignature } from '../base/schema.ts';
import { addressOfScript, networkNames, scriptOfAddress } from '../wallet/network.ts';
import { outputTypeOf } from '../wallet/output-type.ts';
import type { CharterDevice } from './document.ts';

/** What devices of each kind are: what their key pins, what they sign, and what they lend to an approval. */

/**
 * The output script of the address of a `message` device, or null: it must be of one key, and written as wallets write it.
 * P2SH counts as P2WPKH within, which the signature proves. Networks are told apart by the statement and not by the address.
 */
export function singleKeyScript(address: string): Uint8Array | null {
  for (const network of networkNames) {
    const script = scriptOfAddress(address, network);
    if (!script.ok) continue;
    const isOne = outputTypeOf(script.value) !== 'p2wsh';
    return isOne && addressOfScript(script.value, network) === address ? script.value : null;
  }
  return null;
}

/** Whether a device of a kind signs such statements: sessions and proposals take a key in the CLI. */
export function signsStatement(kind: DeviceKind, type: Statement['type']): boolean {
  switch (kind) {
    case 'secp256k1':
      return true;
    case 'message':
      return type !== 'session' && type !== 'proposal';
    case 'psbt':
    case 'webauthn':
      return false;
  }
}

/** Whether a signature has the form that devices of a kind make. */
export function fitsKind(kind: DeviceKind, signature: string): boolean {
  switch (kind) {
    case 'secp256k1':
      return hex64.safeParse(signature).success;
    case 'message':
      return messageSignature.safeParse(signature).success;
    case 'psbt':
    case 'webauthn':
      return false;
  }
}

/** Devices that a person makes statements with. */
export function signsForItself({ kind }: CharterDevice): boolean {
  return signsStatement(kind, 'approval');
}

/**
 * The kinds that devices lend together to approvals of spends of a wallet: each its own, and `psbt` where one of the others
 * makes the statement. `wallet` null: of no wallet in particular, or of one that takes no partial signature before the
 * verdict.
 */
export function kindsLent(
  devices: readonly CharterDevice[],
  wallet: string | null,
): readonly DeviceKind[] {
  const own = devices.filter(signsForItself).map(({ kind }) => kind);
  const shows = devices.some((device) => device.kind === 'psbt' && device.wallet === wallet);
  return [...new Set<DeviceKind>(own.length > 0 && shows ? [...own, 'psbt'] : own)];
}
