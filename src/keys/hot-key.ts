import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Network } from '../core/wallet/network.ts';
import type { HotKey } from './account-key.ts';
import { AccountSigner } from './account-key.ts';
import { fixedKey } from './fixed-key.ts';
import { parseModulePlace } from './module-place.ts';
import { openModuleKey } from './pkcs11.ts';

/** A hot key that is ready to sign. */
export interface OpenHotKey extends HotKey {
  /** Lets go of what holds the key. */
  close(): void;
}

/**
 * The hot key of a key file: what the file holds, or where in a module the key stays; `xpub` is what the file shows of it. The PIN
 * is of the module. Codes: `key.module.*`; `key.invalid` where the module holds another key.
 */
export async function openHotKey(
  secret: string,
  { xpub, pin }: { readonly xpub: string; readonly pin: string | null },
): Promise<Result<OpenHotKey>> {
  const network = familyOf(xpub);
  if (!secret.startsWith('pkcs11:')) {
    const { xpub: own, sign, proveKey } = new AccountSigner(secret, network);
    return ok({ xpub: own, sign, proveKey, close: () => undefined });
  }
  const place = parseModulePlace(secret);
  if (!place.ok) return place;
  const opened = await openModuleKey(place.value, pin ?? '');
  if (!opened.ok) return opened;
  const key = fixedKey(opened.value, network);
  const close = (): void => {
    opened.value.close();
  };
  if (key.xpub === xpub) return ok({ ...key, close });
  close();
  return refuse('key.invalid', { reason: 'the module holds another key', xpub: key.xpub });
}

/** The wallet's network is known once its document is read; all test networks share one version of keys (BIP 32). */
function familyOf(xpub: string): Network {
  return xpub.startsWith('xpub') ? 'mainnet' : 'regtest';
}
