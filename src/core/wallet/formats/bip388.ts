import { z } from 'zod';
import { isPlainText } from '../../base/canonical.ts';
import { toHex } from '../../base/bytes.ts';
import { JSON_TEXT_LENGTH, MULTISIG_KEYS, WALLET_NAME_LENGTH } from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { Network } from '../network.ts';
import { unspendableKey } from '../taproot.ts';
import type { Wallet } from '../wallet.ts';
import { parseWallet } from '../wallet.ts';
import { withKeys, withoutSteps } from './with-keys.ts';

/** A descriptor whose keys stand apart, `@0`, `@1`: what hardware wallets register. Source: BIP 388. */
export interface WalletPolicy {
  readonly template: string;
  /** `[fingerprint/path]xpub`, by the number of their placeholder. */
  readonly keys: readonly string[];
}

/**
 * The policy of a wallet. Hardened steps are written `'`, as devices want them. Code `wallet.format.unfit`: a fixed key, or the
 * bare one that nobody can sign by, which a template cannot hold.
 */
export function policyOf(wallet: Wallet): Result<WalletPolicy> {
  if (wallet.keys.some(({ isFixed }) => isFixed))
    return refuse('wallet.format.unfit', { format: 'bip388', kind: wallet.kind });
  const template = withKeys(wallet, (_key, at) => `@${String(at)}/**`);
  if (template.includes(toHex(unspendableKey)))
    return refuse('wallet.format.unfit', { format: 'bip388', kind: wallet.kind });
  const keys = wallet.keys.map((key) => withoutSteps(key).replace(/h(?=[/\]])/g, "'"));
  return ok({ template, keys });
}

const numberShape = '(0|[1-9][0-9]{0,9})';
const placeholder = new RegExp(
  `@${numberShape}/(?:\\*\\*|<${numberShape};${numberShape}>/\\*)`,
  'g',
);
const keyShape = /^(?:\[[0-9a-fA-F]{8}(?:\/[0-9]{1,10}[h']?)*\])?[1-9A-HJ-NP-Za-km-z]{4,120}$/;
/** A key that is written out; hashes of miniscript are as long. */
const bareKey = /(?<!sha256\(|hash256\(|ripemd160\(|hash160\()\b[0-9A-Za-z]{40}/;

/**
 * The descriptor of a policy, without checksum; whether it is one of a wallet, parseWallet tells. Codes:
 * `wallet.template.malformed` (a placeholder of another form, a key written out), `.order` (placeholders are not numbered by
 * first occurrence, or are not as many as the keys), `.repeated` (a key twice with the same step), `wallet.key.invalid`,
 * `wallet.descriptor.unsupported` (musig).
 */
export function descriptorOfPolicy({ template, keys }: WalletPolicy): Result<string> {
  if (/\bmusig\(/.test(template))
    return refuse('wallet.descriptor.unsupported', { function: 'musig' });
  const rest = template.replace(placeholder, '');
  if (rest.includes('@') || bareKey.test(rest)) return refuse('wallet.template.malformed');
  const key = keys.findIndex((written) => !keyShape.test(written));
  if (key >= 0) return refuse('wallet.key.invalid', { key });
  const uses = Array.from(template.matchAll(placeholder), ([, at = '', left, right]) => ({
    key: Number(at),
    steps: [left ?? '0', right ?? '1'],
  }));
  const order = [...new Set(uses.map((use) => use.key))];
  if (order.length !== keys.length || order.some((found, at) => found !== at))
    return refuse('wallet.template.order', { placeholders: order.length, keys: keys.length });
  const places = uses.flatMap((use) => use.steps.map((step) => `${String(use.key)}/${step}`));
  if (new Set(places).size !== places.length) return refuse('wallet.template.repeated');
  return ok(
    template.replace(placeholder, (_use, at: string, left = '0', right = '1') => {
      return `${keys[Number(at)] ?? ''}/<${String(left)};${String(right)}>/*`;
    }),
  );
}

const fileSchema = z.looseObject({
  name: z.string().max(WALLET_NAME_LENGTH).refine(isPlainText).optional(),
  descriptor_template: z.string().max(JSON_TEXT_LENGTH),
  keys_info: z.array(z.string().max(200)).max(MULTISIG_KEYS),
});

/** A policy with its name as JSON, in the names that clients of hardware wallets use. Codes of {@link policyOf}. */
export function writePolicy(wallet: Wallet, name: string): Result<string> {
  const policy = policyOf(wallet);
  if (!policy.ok) return policy;
  const { template, keys } = policy.value;
  const file = { name, descriptor_template: template, keys_info: keys };
  return ok(`${JSON.stringify(file, null, 2)}\n`);
}

/** Reads what {@link writePolicy} writes. Codes: `wallet.file.malformed`, of {@link descriptorOfPolicy} and parseWallet. */
export function readPolicy(
  file: unknown,
  network: Network,
): Result<{ readonly name: string | null; readonly wallet: Wallet }> {
  const read = fileSchema.safeParse(file);
  if (!read.success)
    return refuse('wallet.file.malformed', { reason: 'no descriptor_template and keys_info' });
  const { name = null, descriptor_template: template, keys_info: keys } = read.data;
  const body = descriptorOfPolicy({ template, keys });
  if (!body.ok) return body;
  const wallet = parseWallet(body.value, network, { checksum: 'optional' });
  return wallet.ok ? ok({ name, wallet: wallet.value }) : wallet;
}
