import { assert } from '../../base/assert.ts';
import type { Wallet, WalletKey } from '../wallet.ts';

/** The body of a wallet's descriptor, without checksum, each key expression written anew. */
export function withKeys(wallet: Wallet, write: (key: WalletKey, at: number) => string): string {
  const [body = ''] = wallet.descriptor.split('#');
  let rest = body;
  const written = wallet.keys.map((key, at) => {
    const start = rest.indexOf(key.expression);
    assert(start >= 0, 'keys stand in the descriptor in their order');
    const before = rest.slice(0, start);
    rest = rest.slice(start + key.expression.length);
    return before + write(key, at);
  });
  return written.join('') + rest;
}

/** `[fingerprint/path]xpub`: a key expression without the steps below the xpub. */
export function withoutSteps({ expression, xpub }: WalletKey): string {
  return expression.slice(0, expression.indexOf(xpub) + xpub.length);
}
