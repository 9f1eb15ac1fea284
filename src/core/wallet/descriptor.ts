import type { BIP32Interface } from 'bip32';
import { toHex } from '../base/bytes.ts';
import { JSON_TEXT_LENGTH, MULTISIG_KEYS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { descriptorChecksum } from './checksum.ts';
import { parseExpression } from './expression.ts';
import type { Branch, ParsedKey, WalletKey } from './key-expression.ts';
import { holdsPrivateKey, parseKey } from './key-expression.ts';
import type { Network } from './network.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './read-plan.ts';

/** A descriptor taken apart. `nodes` are the extended public keys of `keys`, in the same order. */
export interface ParsedDescriptor {
  /** With its checksum. */
  readonly descriptor: string;
  readonly plan: Plan;
  readonly branches: readonly Branch[];
  readonly keys: readonly WalletKey[];
  readonly nodes: readonly BIP32Interface[];
}

/** `checksum: 'required'` and `branches: 'both'` for wallet documents, the others for a person's own inspection. */
export interface DescriptorOptions {
  readonly checksum?: 'required' | 'optional';
  readonly branches?: 'both' | 'any';
}

/**
 * Reads a descriptor of BIP 380 of a kind that a treasury has (read-plan.ts). Requires nothing of the text.
 * Refusals never repeat it: it may hold a mistyped secret.
 * Codes: `wallet.key.*`, `wallet.descriptor.*`, `wallet.threshold`, `wallet.multipath`, `wallet.miniscript.*`.
 */
export function parseDescriptor(
  text: string,
  network: Network,
  options: DescriptorOptions = {},
): Result<ParsedDescriptor> {
  if (text.length > JSON_TEXT_LENGTH)
    return refuse('wallet.descriptor.malformed', { reason: 'too long' });
  if (holdsPrivateKey(text)) return refuse('wallet.key.private');
  const checked = verifyChecksum(text, options.checksum ?? 'required');
  if (!checked.ok) return checked;
  const tree = parseExpression(checked.value.body);
  if (!tree.ok) return tree;
  const keys = new KeyRing(network);
  const plan = readPlan(tree.value, (expression) => keys.add(expression));
  if (!plan.ok) return plan;
  const branches = keys.branches(options.branches ?? 'both');
  if (!branches.ok) return branches;
  const fixed = keys.checkFixed(plan.value);
  if (!fixed.ok) return fixed;
  return ok({
    descriptor: checked.value.descriptor,
    plan: plan.value,
    branches: branches.value,
    keys: keys.parsed.map(({ key }) => key),
    nodes: keys.parsed.map(({ node }) => node),
  });
}

function verifyChecksum(
  text: string,
  demand: 'required' | 'optional',
): Result<{ body: string; descriptor: string }> {
  const [body = '', found, ...more] = text.split('#');
  const expected = descriptorChecksum(body);
  if (more.length > 0 || expected === null)
    return refuse('wallet.descriptor.malformed', { reason: 'a character stands where none may' });
  const descriptor = `${body}#${expected}`;
  if (found === undefined && demand === 'required')
    return refuse('wallet.descriptor.checksum.missing', { expected });
  if (found !== undefined && found !== expected)
    return refuse('wallet.descriptor.checksum', { expected });
  return ok({ body, descriptor });
}

/** The keys of one descriptor in the order of their text. */
class KeyRing {
  readonly parsed: ParsedKey[] = [];
  readonly #network: Network;
  /** Point and chain code to position: the texts of one key may differ. */
  readonly #seen = new Map<string, number>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Its position. Codes: those of parseKey, `wallet.key.duplicate`, `wallet.threshold`. */
  add(expression: string): Result<number> {
    const at = this.parsed.length;
    if (at >= MULTISIG_KEYS)
      return refuse('wallet.threshold', { keys: at + 1, most: MULTISIG_KEYS });
    const found = parseKey(expression, this.#network);
    if (!found.ok) return refuse(found.refusal.code, { ...found.refusal.facts, key: at });
    const { node } = found.value;
    const identity = toHex(node.publicKey) + toHex(node.chainCode);
    const first = this.#seen.get(identity);
    if (first !== undefined) return refuse('wallet.key.duplicate', { first, second: at });
    this.#seen.set(identity, at);
    this.parsed.push(found.value);
    return ok(at);
  }

  /** The branches that all keys have. */
  branches(demand: 'both' | 'any'): Result<readonly Branch[]> {
    const ranged = this.parsed.filter(({ key }) => !key.isFixed);
    const [first, ...others] = ranged.map(({ branches }) => branches);
    if (first === undefined) return refuse('wallet.multipath');
    if (others.some((branches) => branches.join() !== first.join()))
      return refuse('wallet.multipath');
    return demand === 'both' && first.length !== 2 ? refuse('wallet.multipath') : ok(first);
  }

  /**
   * One key may be fixed, in a P2WSH script beside one that is not: else addresses would be the same, or a key would show that
   * its holder cannot sign by (a module has no BIP 340). Code `wallet.key.fixed`.
   */
  checkFixed(plan: Plan): Result<null> {
    const fixed = this.parsed.flatMap(({ key }, at) => (key.isFixed ? [at] : []));
    return fixed.length === 0 || (fixed.length === 1 && plan.type === 'wsh')
      ? ok(null)
      : refuse('wallet.key.fixed', { keys: fixed, kind: plan.kind });
  }
}
