import { address as encoding, networks } from 'bitcoinjs-lib';
import type { Network as NetworkParameters } from 'bitcoinjs-lib';
import { unreachable } from '../base/assert.ts';
import { concat } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { outputTypeOf } from './output-type.ts';

/** Every network Countersign knows. `sandbox` is the simulated chain inside it. */
export type Network = 'mainnet' | 'testnet4' | 'signet' | 'regtest' | 'sandbox';

export const networkNames: readonly Network[] = [
  'mainnet',
  'testnet4',
  'signet',
  'regtest',
  'sandbox',
];

/** Longest address there is: bech32m of 40 bytes with the prefix bcrt (BIP 173 bounds it to 90). */
const ADDRESS_LENGTH = 90;

/**
 * Version bytes and prefixes of a network. Several networks share them, so an address or a key tells the
 * family only; the genesis block tells the network.
 */
export function networkParameters(network: Network): NetworkParameters {
  switch (network) {
    case 'mainnet':
      return networks.bitcoin;
    case 'testnet4':
    case 'signet':
      return networks.testnet;
    case 'regtest':
    case 'sandbox':
      return networks.regtest;
    default:
      return unreachable(network);
  }
}

/** Hash of the first block, hex in display order. The sandbox's is built by src/server/chain/sandbox-block.ts. */
export function genesisBlock(network: Network): string {
  switch (network) {
    case 'mainnet':
      return '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';
    case 'testnet4':
      return '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043';
    case 'signet':
      return '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6';
    case 'regtest':
      return '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
    case 'sandbox':
      return '24227b524283c117f0b8180249dd1dbe985daf0633f8f2750e542b8867b9607f';
    default:
      return unreachable(network);
  }
}

/**
 * The output script of an address. Accepts P2PKH, P2SH, P2WPKH, P2WSH and P2TR only (bech32 in one case, BIP
 * 173/350). Refuses with `address.invalid`, or `address.network` when it is right on another network.
 */
export function scriptOfAddress(address: string, network: Network): Result<Uint8Array> {
  if (address.length > ADDRESS_LENGTH) return refuse('address.invalid', { reason: 'too long' });
  const here = decodeAddress(address, networkParameters(network));
  if (here !== null) return ok(here);
  for (const other of networkNames) {
    if (decodeAddress(address, networkParameters(other)) === null) continue;
    return refuse('address.network', { address, network });
  }
  return refuse('address.invalid', { network });
}

/** The address of an output script, or null when the script is not of a type that has one here. */
export function addressOfScript(script: Uint8Array, network: Network): string | null {
  const { bech32, pubKeyHash, scriptHash } = networkParameters(network);
  switch (outputTypeOf(script)) {
    case 'p2pkh':
      return encoding.toBase58Check(script.slice(3, 23), pubKeyHash);
    case 'p2sh':
      return encoding.toBase58Check(script.slice(2, 22), scriptHash);
    case 'p2wpkh':
    case 'p2wsh':
      return encoding.toBech32(script.slice(2), 0, bech32);
    case 'p2tr':
      return encoding.toBech32(script.slice(2), 1, bech32);
    case null:
      return null;
  }
}

function decodeAddress(address: string, parameters: NetworkParameters): Uint8Array | null {
  const script = fromBech32(address, parameters) ?? fromBase58(address, parameters);
  return script !== null && outputTypeOf(script) !== null ? script : null;
}

function fromBech32(address: string, { bech32 }: NetworkParameters): Uint8Array | null {
  try {
    const { version, prefix, data } = encoding.fromBech32(address);
    if (prefix !== bech32 || version > 1) return null;
    return concat(Uint8Array.of(version === 0 ? 0 : 0x51, data.length), data);
  } catch {
    return null; // the library says no by throwing
  }
}

function fromBase58(address: string, parameters: NetworkParameters): Uint8Array | null {
  try {
    const { version, hash } = encoding.fromBase58Check(address);
    if (version === parameters.pubKeyHash)
      return concat(Uint8Array.of(0x76, 0xa9, 0x14), hash, Uint8Array.of(0x88, 0xac));
    if (version === parameters.scriptHash)
      return concat(Uint8Array.of(0xa9, 0x14), hash, Uint8Array.of(0x87));
    return null;
  } catch {
    return null; // the library says no by throwing
  }
}
