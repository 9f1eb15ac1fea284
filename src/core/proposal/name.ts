import { wordlist } from '@scure/bip39/wordlists/english.js';
import { fromHex } from '../base/bytes.ts';

/**
 * Four words of a digest (44 bits, BIP 39 English list), to talk about a proposal. Words prove nothing: four
 * words collide in seconds. What proves is the payments on a second display.
 */
export function proposalName(digest: string): string {
  const bytes = fromHex(digest.slice(0, 12));
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  const words: string[] = [];
  for (let shift = 37n; shift >= 4n; shift -= 11n)
    words.push(wordlist[Number((bits >> shift) & 2047n)] ?? '');
  return words.join('-');
}
