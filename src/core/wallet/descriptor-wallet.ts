import { crypto } from 'bitcoinjs-lib';
import type { BIP32Interface } from 'bip32';
import { assert, unreachable } from '../base/assert.ts';
import { concat, toHex } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import { ADDRESS_INDEX, KEY_CACHE, SCRIPT_CACHE } from '../base/limits.ts';
import type { Condition } from './condition.ts';
import { keysOf, missingKeys, withoutWaiting } from './condition.ts';
import type { ParsedDescriptor } from './descriptor.ts';
import { conditionOf } from './fragment.ts';
import { inputWeightOf } from './input-weight.ts';
import type { Branch, WalletKey } from './key-expression.ts';
import type { Network } from './network.ts';
import { addressOfScript } from './network.ts';
import type { Plan, SigningPath, WalletKind } from './plan.ts';
import { planCondition, signedBy } from './plan.ts';
import { itemBytes, satisfactionOf } from './satisfaction.ts';
import type { ScriptTemplate } from './script.ts';
import { fillScript, placesOf, push } from './script.ts';
import type { InputScripts, Satisfaction, TaprootScripts } from './scripts.ts';
import { mapLeaves, taprootScripts, unspendableKey } from './taproot.ts';
import type { Place, SearchBounds, Signing, Wallet } from './wallet.ts';

/** A wallet of a descriptor. Derives each address once as long as it remembers it. */
export class DescriptorWallet implements Wallet {
  readonly descriptor: string;
  readonly network: Network;
  readonly kind: WalletKind;
  readonly signing: Signing;
  readonly condition: Condition;
  readonly signers: ReadonlySet<number>;
  readonly keys: readonly WalletKey[];
  readonly branches: readonly Branch[];
  readonly inputWeight: number;
  readonly inputVbytes: number;
  readonly #plan: Plan;
  readonly #path: SigningPath;
  /** What satisfies the path we sign by. */
  readonly #signed: Condition;
  /** nodes[branch][keyIndex]: the step below the xpub, derived once; the xpub itself where it is fixed. */
  readonly #nodes: readonly (readonly BIP32Interface[])[];
  readonly #keySets = new Map<string, readonly Uint8Array[]>();
  /** By place, as many: the scripts of one input are asked for several times, and those of taproot are dear. */
  readonly #inputScripts = new Map<string, InputScripts>();
  /** By branch: script hex to index, and how many leading indices it holds. */
  readonly #scripts = [new Map<string, number>(), new Map<string, number>()] as const;

  constructor({ descriptor, plan, keys, nodes, branches }: ParsedDescriptor, network: Network) {
    const path = signedBy(plan);
    assert(path !== null, 'a descriptor is read only when some path needs no waiting');
    this.descriptor = descriptor;
    this.network = network;
    this.kind = plan.kind;
    this.#plan = plan;
    this.#path = path;
    this.signing = signingOf(plan, path);
    this.condition = planCondition(plan);
    this.#signed = path.type === 'key' ? path : withoutWaiting(conditionOf(path.script.fragment));
    this.signers = new Set(keysOf(this.#signed));
    this.keys = keys;
    this.branches = branches;
    this.#nodes = [0, 1].map((branch) =>
      nodes.map((node, at) => (this.#isFixed(at) ? node : node.derive(branch))),
    );
    this.inputWeight = inputWeightOf(plan, path);
    this.inputVbytes = Math.ceil(this.inputWeight / 4);
  }

  script(branch: Branch, index: number): Uint8Array {
    const keyHash = (): Uint8Array => crypto.hash160(this.keyAt(0, branch, index));
    const { redeemScript, witnessScript, taproot } = this.scripts(branch, index);
    if (taproot !== null) return concat(Uint8Array.of(0x51, 0x20), taproot.outputKey);
    if (redeemScript !== null)
      return concat(Uint8Array.of(0xa9, 0x14), crypto.hash160(redeemScript), Uint8Array.of(0x87));
    if (witnessScript !== null) return payToWitnessScript(witnessScript);
    return this.kind === 'pkh'
      ? concat(Uint8Array.of(0x76, 0xa9, 0x14), keyHash(), Uint8Array.of(0x88, 0xac))
      : concat(Uint8Array.of(0x00, 0x14), keyHash());
  }

  address(branch: Branch, index: number): string {
    const address = addressOfScript(this.script(branch, index), this.network);
    assert(address !== null, 'scripts of a wallet have an address');
    return address;
  }

  keyAt(keyIndex: number, branch: Branch, index: number): Uint8Array {
    const key = this.#keysAt(branch, index)[keyIndex];
    assert(key !== undefined, 'a key index lies within the descriptor');
    return key;
  }

  scripts(branch: Branch, index: number): InputScripts {
    const place = `${branch}/${index}`;
    const known = this.#inputScripts.get(place);
    if (known !== undefined) return known;
    const made = this.#makeScripts(branch, index);
    const oldest = this.#inputScripts.keys().next();
    if (this.#inputScripts.size >= KEY_CACHE && oldest.done !== true)
      this.#inputScripts.delete(oldest.value);
    this.#inputScripts.set(place, made);
    return made;
  }

  #makeScripts(branch: Branch, index: number): InputScripts {
    const plan = this.#plan;
    switch (plan.type) {
      case 'single': {
        const keyHash = (): Uint8Array => crypto.hash160(this.keyAt(0, branch, index));
        const redeemScript =
          plan.kind === 'sh-wpkh' ? concat(Uint8Array.of(0x00, 0x14), keyHash()) : null;
        return { redeemScript, witnessScript: null, taproot: null };
      }
      case 'wsh': {
        const witnessScript = this.#fill(plan.script, branch, index);
        const isNested = plan.kind.startsWith('sh-');
        const redeemScript = isNested ? payToWitnessScript(witnessScript) : null;
        return { redeemScript, witnessScript, taproot: null };
      }
      case 'tr':
        return {
          redeemScript: null,
          witnessScript: null,
          taproot: this.#taproot(plan, branch, index),
        };
      default:
        return unreachable(plan);
    }
  }

  missing(signed: ReadonlySet<number>): number {
    return missingKeys(this.#signed, signed);
  }

  satisfy(
    branch: Branch,
    index: number,
    signatures: ReadonlyMap<number, Uint8Array>,
  ): Satisfaction | null {
    const path = this.#path;
    if (path.type === 'script')
      return this.#satisfyScript(path.script, { branch, index }, signatures);
    const signature = signatures.get(path.key);
    if (signature === undefined) return null;
    const empty = new Uint8Array(0);
    if (this.signing === 'taproot-key') return { scriptSig: empty, witness: [signature] };
    const key = this.keyAt(path.key, branch, index);
    if (this.signing === 'legacy')
      return { scriptSig: concat(push(signature), push(key)), witness: [] };
    const { redeemScript } = this.scripts(branch, index);
    return {
      scriptSig: redeemScript === null ? empty : push(redeemScript),
      witness: [signature, key],
    };
  }

  find(script: Uint8Array, highest: SearchBounds): Place | null {
    const sought = toHex(script);
    for (const branch of this.branches) {
      const index = this.#search(sought, branch, branch === 0 ? highest.receive : highest.change);
      if (index !== null) return { branch, index };
    }
    return null;
  }

  #search(sought: string, branch: Branch, highest: number): number | null {
    assert(highest <= ADDRESS_INDEX, 'a search is bounded');
    const known = this.#scripts[branch];
    for (let index = known.size; index <= highest && index < SCRIPT_CACHE; index++)
      known.set(toHex(this.script(branch, index)), index);
    const found = known.get(sought);
    if (found !== undefined) return found <= highest ? found : null;
    for (let index = SCRIPT_CACHE; index <= highest; index++)
      if (toHex(this.script(branch, index)) === sought) return index;
    return null;
  }

  #satisfyScript(
    script: ScriptTemplate,
    { branch, index }: Place,
    signatures: ReadonlyMap<number, Uint8Array>,
  ): Satisfaction | null {
    const context = this.signing === 'taproot-leaf' ? 'leaf' : 'wsh';
    const keyOf = (key: number): Uint8Array => this.#keyIn(key, branch, index);
    const place = placesOf(script, keyOf);
    const stack = satisfactionOf(script.fragment, {
      has: (key) => signatures.has(place(key)),
      // Bytes first; then the keys first in the descriptor, each weighing more than all before it.
      cost: (item) =>
        itemBytes(item, context) * 2 ** this.keys.length +
        (item.type === 'signature' ? 2 ** place(item.key) : 0),
      prefer: 'cheapest',
    });
    if (stack === null) return null;
    const items = stack.items.map((item) => {
      switch (item.type) {
        case 'signature':
          return signatures.get(place(item.key)) ?? new Uint8Array(0);
        case 'publicKey':
          return keyOf(place(item.key));
        case 'zero':
          return new Uint8Array(0);
        case 'one':
          return Uint8Array.of(1);
        default:
          return unreachable(item);
      }
    });
    const { redeemScript, witnessScript, taproot } = this.scripts(branch, index);
    const leaf = taproot?.leaf ?? null;
    return {
      scriptSig: redeemScript === null ? new Uint8Array(0) : push(redeemScript),
      witness: [
        ...items,
        ...(witnessScript === null ? [] : [witnessScript]),
        ...(leaf === null ? [] : [leaf.script, leaf.controlBlock]),
      ],
    };
  }

  #taproot(plan: Extract<Plan, { type: 'tr' }>, branch: Branch, index: number): TaprootScripts {
    const internalKey =
      plan.internal === null ? unspendableKey : xOnly(this.keyAt(plan.internal, branch, index));
    const tree =
      plan.tree === null
        ? null
        : mapLeaves(plan.tree, (script) => this.#fill(script, branch, index));
    const built = taprootScripts(internalKey, tree);
    const at = this.#path.type === 'script' ? this.#path.leaf : null;
    return { ...built, leaf: at === null ? null : (built.leaves[at] ?? null) };
  }

  #fill(script: ScriptTemplate, branch: Branch, index: number): Uint8Array {
    return fillScript(script, (key) => this.#keyIn(key, branch, index));
  }

  /** A key as scripts hold it. */
  #keyIn(key: number, branch: Branch, index: number): Uint8Array {
    const bytes = this.keyAt(key, branch, index);
    return this.#plan.type === 'tr' ? xOnly(bytes) : bytes;
  }

  #isFixed(key: number): boolean {
    return this.keys[key]?.isFixed === true;
  }

  /** Public keys in the order of the descriptor. */
  #keysAt(branch: Branch, index: number): readonly Uint8Array[] {
    assert(this.branches.includes(branch), 'the descriptor has the branch');
    assert(Number.isInteger(index) && index >= 0 && index <= ADDRESS_INDEX, 'an index is bounded');
    const place = `${branch}/${index}`;
    const known = this.#keySets.get(place);
    if (known !== undefined) return known;
    const keys = (this.#nodes[branch] ?? []).map(
      (node, at) => (this.#isFixed(at) ? node : node.derive(index)).publicKey,
    );
    const oldest = this.#keySets.keys().next();
    if (this.#keySets.size >= KEY_CACHE && oldest.done !== true) this.#keySets.delete(oldest.value);
    this.#keySets.set(place, keys);
    return keys;
  }
}

function signingOf(plan: Plan, path: SigningPath): Signing {
  if (plan.type === 'tr') return path.type === 'key' ? 'taproot-key' : 'taproot-leaf';
  return plan.kind === 'pkh' ? 'legacy' : 'segwit';
}

/** Without the byte that tells the parity (BIP 340). */
function xOnly(key: Uint8Array): Uint8Array {
  return key.slice(1);
}

function payToWitnessScript(witnessScript: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x00, 0x20), sha256(witnessScript));
}
