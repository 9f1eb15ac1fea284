import type { Wallet } from '../wallet/wallet.ts';

/** Bytes of Bitcoin's CompactSize of a count. Requires 0 <= count < 2^32. */
export function compactSizeBytes(count: number): number {
  if (count < 0xfd) return 1;
  return count <= 0xffff ? 3 : 5;
}

/** Worst-case weight units of a transaction once every input is signed (BIP 141). */
export function transactionWeight(
  wallet: Wallet,
  inputs: number,
  outputs: readonly { readonly script: Uint8Array }[],
): number {
  const versionLockTimeCounts = 4 + 4 + compactSizeBytes(inputs) + compactSizeBytes(outputs.length);
  const outputBytes = outputs.reduce(
    (sum, { script }) => sum + 8 + compactSizeBytes(script.length) + script.length,
    0,
  );
  const markerAndFlag = 2;
  return 4 * (versionLockTimeCounts + outputBytes) + markerAndFlag + inputs * wallet.inputWeight;
}

/** {@link transactionWeight} in virtual bytes, rounded up. */
export function estimateVbytes(
  wallet: Wallet,
  inputs: number,
  outputs: readonly { readonly script: Uint8Array }[],
): number {
  return Math.ceil(transactionWeight(wallet, inputs, outputs) / 4);
}
