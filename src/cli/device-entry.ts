import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { hex32, label } from '../core/base/schema.ts';
import { singleKeyScript } from '../core/governance/devices.ts';
import type { CharterDevice } from '../core/governance/document.ts';
import type { Call } from './command.ts';
import { UsageError, required } from './command.ts';

/**
 * A device as a charter names it, of the kind whose option a call gives. `held` are the keys of the wallet that --wallet names
 * which its member holds, as far as they are known here. Codes: `device.key.invalid`, `device.wallet.foreign`.
 */
export function deviceEntry(
  call: Call,
  id: string,
  held: readonly string[],
): Result<CharterDevice> {
  if (!label.safeParse(id).success) throw new UsageError(`"${id}" is no id of a device`);
  const given = ['public-key', 'address', 'wallet'].filter((name) => call.has(name));
  if (given.length !== 1)
    throw new UsageError('a device has one of --public-key, --address and --wallet');
  if (call.has('xpub') && !call.has('wallet')) throw new UsageError('--xpub goes with --wallet');
  const rest = { id, suspended: false };
  if (call.has('public-key')) {
    const key = required(call, 'public-key');
    return hex32.safeParse(key).success
      ? ok({ ...rest, kind: 'secp256k1', key })
      : refuse('device.key.invalid', { device: id });
  }
  if (call.has('address')) {
    const key = required(call, 'address');
    return singleKeyScript(key) === null
      ? refuse('device.key.invalid', { device: id, address: key })
      : ok({ ...rest, kind: 'message', key });
  }
  const wallet = required(call, 'wallet');
  const [only, ...more] = held;
  const key = call.text('xpub') ?? only;
  if (key === undefined) return refuse('device.wallet.foreign', { device: id, wallet });
  if (!call.has('xpub') && more.length > 0)
    throw new UsageError(`which one? name it by --xpub: ${held.join(', ')}`);
  return ok({ ...rest, kind: 'psbt', wallet, key });
}
