import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import { descriptorChecksum } from '../checksum.ts';
import type { Network } from '../network.ts';
import type { Wallet } from '../wallet.ts';
import { parseWallet } from '../wallet.ts';
import { checkFirstAddress } from './first-address.ts';
import { withKeys, withoutSteps } from './with-keys.ts';

/** The first line of every record of BIP 129. */
export const bsmsVersion = 'BSMS 1.0';
const bothBranches = '/0/*,/1/*';
const noRestrictions = 'No path restrictions';

/**
 * The descriptor record of a wallet (round 2), a template with its paths, not encrypted. It carries neither token nor
 * signature: holders compare the first address. Source: BIP 129.
 */
export function writeDescriptorRecord(wallet: Wallet): string {
  const template = withKeys(wallet, (key) => (key.isFixed ? key.xpub : `${withoutSteps(key)}/**`));
  return [bsmsVersion, template, bothBranches, wallet.address(0, 0), ''].join('\n');
}

/**
 * Reads a descriptor record that is not encrypted: a template with the paths of both branches, or a descriptor with
 * `<0;1>/*`. Requires the lines of a file that holds no private key. A template may go without checksum: the first address
 * stands for it. Codes: `wallet.file.malformed`, `wallet.bsms.version`, `.paths`, `wallet.descriptor.checksum`,
 * `wallet.address.mismatch`, those of parseWallet.
 */
export function readDescriptorRecord(lines: readonly string[], network: Network): Result<Wallet> {
  const [version, descriptor = '', paths = '', address = '', ...more] = lines;
  if (version !== bsmsVersion) return refuse('wallet.bsms.version', { known: bsmsVersion });
  if (lines.length < 4 || more.length > 0)
    return refuse('wallet.file.malformed', { reason: 'a descriptor record has four lines' });
  const isTemplate = descriptor.includes('/**');
  if (paths !== bothBranches && (isTemplate || paths !== noRestrictions))
    return refuse('wallet.bsms.paths', { needed: bothBranches });
  const written = isTemplate ? expandTemplate(descriptor) : ok(descriptor);
  if (!written.ok) return written;
  const wallet = parseWallet(written.value, network, { checksum: 'optional' });
  if (!wallet.ok) return wallet;
  const checked = checkFirstAddress(wallet.value, address);
  return checked.ok ? wallet : checked;
}

function expandTemplate(template: string): Result<string> {
  const [body = '', checksum, ...more] = template.split('#');
  const expected = descriptorChecksum(body) ?? '';
  if (more.length > 0 || (checksum !== undefined && checksum !== expected))
    return refuse('wallet.descriptor.checksum', { expected });
  return ok(body.replaceAll('/**', '/<0;1>/*'));
}
