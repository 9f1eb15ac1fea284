import { fromHex } from '../../src/core/base/bytes.ts';
import { addressOfScript, scriptOfAddress } from '../../src/core/wallet/network.ts';
import { toHex } from '../../src/core/base/bytes.ts';

/** An address of regtest that begins as another does: its script shares the first 30 bits, six characters, and no more. */
export function lookAlikeOf(address: string): string {
  const script = scriptOfAddress(address, 'regtest');
  if (!script.ok) throw new Error(`no address: ${address}`);
  const bytes = Uint8Array.from(script.value, (byte, at) => (at < 6 ? byte : byte ^ 0xff));
  // The bits 31 and 32 of the program belong to the seventh character.
  bytes[5] = (bytes[5] ?? 0) ^ 0x03;
  const made = addressOfScript(bytes, 'regtest');
  if (made === null) throw new Error('a P2WPKH or P2WSH script has an address');
  return made;
}

/** The output script of an address, hex. */
export function scriptHex(address: string): string {
  const script = scriptOfAddress(address, 'regtest');
  if (!script.ok) throw new Error(`no address: ${address}`);
  return toHex(script.value);
}

/** Any P2WPKH address of regtest, by a number. */
export function addressOf(number: number): string {
  const program = number.toString(16).padStart(40, '0');
  const made = addressOfScript(fromHex(`0014${program}`), 'regtest');
  if (made === null) throw new Error('a P2WPKH script has an address');
  return made;
}
