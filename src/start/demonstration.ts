import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import type { DestinationsBody } from '../core/governance/document.ts';
import { zoneOf } from '../client/time-zone.ts';
import type { PolicyBody } from '../core/policy/body.ts';
import { parsePolicyYaml } from '../core/policy/yaml.ts';
import type { Network } from '../core/wallet/network.ts';
import { parseWallet } from '../core/wallet/wallet.ts';
import type { AccountKey } from '../keys/account-key.ts';
import { accountKeyOf } from '../keys/account-key.ts';
import type { CharterEntry } from '../sentinel/initialise.ts';
import type { Prepared } from '../signer/prepare.ts';
import { receiptKeyOf } from '../signer/receipt-key.ts';
import type { FoundingMember, FoundingSpec } from './founding.ts';
import { descriptorOf } from './founding.ts';

/**
 * The demonstration organisation: thirteen people of whom each has one device, and two wallets. Among operators,
 * approvers and governors is somebody more than is needed, so that each may lose his device. Its keys are worthless by
 * design: they are made on one machine and sealed by a passphrase that is printed here.
 */
export const DEMONSTRATION_PASSPHRASE = 'demonstration';
/** Its only sentinel, as the charter names it. */
export const DEMONSTRATION_SENTINEL = 'watch-1';

/** Good randomness; tests hand in their own. */
export type Random = (bytes: number) => Uint8Array;

export const demonstrationMembers: readonly {
  readonly id: string;
  readonly groups: readonly string[];
}[] = [
  { id: 'operator', groups: ['operators'] },
  { id: 'operator-2', groups: ['operators'] },
  { id: 'alice', groups: ['treasury'] },
  { id: 'bob', groups: ['treasury'] },
  { id: 'dave', groups: ['treasury'] },
  { id: 'carol', groups: ['compliance'] },
  { id: 'erin', groups: ['compliance'] },
  { id: 'governor-1', groups: ['governors'] },
  { id: 'governor-2', groups: ['governors'] },
  { id: 'governor-3', groups: ['governors'] },
  { id: 'governor-4', groups: ['governors'] },
  { id: 'officer', groups: ['officers'] },
  { id: 'auditor', groups: ['auditors'] },
];

/** hot-1 is wsh(sortedmulti(2,hot1,alice)), hot-2 is wpkh(hot2). */
export const demonstrationWallets = [
  { id: 'hot-1', use: 'wsh', cosigners: ['alice'] },
  { id: 'hot-2', use: 'wpkh', cosigners: [] },
] as const;

/** The address book: who it belongs to, and its tags. */
const destinations: readonly { readonly id: string; readonly tags: readonly string[] }[] = [
  { id: 'exchange-a', tags: ['exchange'] },
  { id: 'exchange-b', tags: ['exchange'] },
  { id: 'customer-tanaka', tags: ['customer'] },
  { id: 'customer-suzuki', tags: ['customer'] },
  { id: 'hosting', tags: ['supplier'] },
  { id: 'sanctioned', tags: ['blocked'] },
];

/** Only where coins are worth nothing. Code `demonstration.network`. */
export function checkDemonstrationNetwork(network: Network): Result<null> {
  return network === 'sandbox' || network === 'regtest'
    ? ok(null)
    : refuse('demonstration.network', { network });
}

/** The people's secrets: a device each, and cosigner keys where a wallet names them. */
export interface DemonstrationKeys {
  readonly members: readonly FoundingMember[];
  readonly cosigners: ReadonlyMap<string, AccountKey>;
  /** Ed25519 seed of the log. */
  readonly logSeed: Uint8Array;
}

export function demonstrationKeys(network: Network, random: Random): DemonstrationKeys {
  const holders = new Set<string>(demonstrationWallets.flatMap(({ cosigners }) => cosigners));
  return {
    members: demonstrationMembers.map(({ id, groups }) => ({
      id,
      groups,
      operators: null,
      device: { id: 'cli', secretKey: random(32) },
    })),
    cosigners: new Map(
      [...holders].map((member) => [member, accountKeyOf(random(64), 'wsh', network)]),
    ),
    logSeed: random(32),
  };
}

export interface DemonstrationInput {
  readonly network: Network;
  readonly keys: DemonstrationKeys;
  /** Of each wallet, what its signer prepared. */
  readonly signers: ReadonlyMap<string, Prepared>;
  readonly sentinel: CharterEntry;
  readonly policies: ReadonlyMap<string, PolicyBody>;
  readonly random: Random;
  readonly at: Seconds;
}

/** The spec of the demonstration organisation. Code `demonstration.network`. */
export function demonstrationSpec(input: DemonstrationInput): Result<FoundingSpec> {
  const { network, keys, signers, sentinel, policies, random, at } = input;
  const allowed = checkDemonstrationNetwork(network);
  if (!allowed.ok) return allowed;
  return ok({
    network,
    log: {
      origin: 'countersign.example/demonstration',
      key: receiptKeyOf(keys.logSeed).publicKey,
    },
    members: keys.members,
    governance: { group: 'governors', atLeast: 3, delaySeconds: 0 },
    coolDowns: { deviceSeconds: 0, destinationSeconds: 0 },
    recovery: null,
    sentinels: [sentinel],
    sentinelsNeeded: 1,
    initiators: ['operators'],
    officers: ['officers'],
    wallets: demonstrationWallets.map(({ id, cosigners }) => {
      const signer = found(signers, id);
      return {
        id,
        hotKey: { xpub: signer.xpub, expression: signer.expression },
        cosigners: cosigners.map((member) => ({ member, key: found(keys.cosigners, member) })),
        signerKey: signer.receiptKey,
        birth: 0,
        policy: found(policies, id),
      };
    }),
    destinations: destinations.map(({ id, tags }) => ({
      id,
      owner: id,
      ...freshAddress(network, random),
      tags: [...tags],
    })),
    at,
  });
}

/** An address of a key that is thrown away: payments of the demonstration go nowhere. */
function freshAddress(
  network: Network,
  random: Random,
): Pick<DestinationsBody['entries'][number], 'address' | 'script'> {
  const key = accountKeyOf(random(64), 'wpkh', network);
  const wallet = parseWallet(descriptorOf([key]), network);
  if (!wallet.ok) throw new Error(`bug: ${wallet.refusal.code}`);
  return { address: wallet.value.address(0, 0), script: toHex(wallet.value.script(0, 0)) };
}

function found<V>(map: ReadonlyMap<string, V>, key: string): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`bug: the demonstration lacks ${key}`);
  return value;
}

/** The policies of the demonstration's wallets, from the project's policies folder. Codes: those of parsePolicyYaml. */
export function readDemonstrationPolicies(folder: string): Result<ReadonlyMap<string, PolicyBody>> {
  const policies = new Map<string, PolicyBody>();
  for (const { id } of demonstrationWallets) {
    const text = readFileSync(join(folder, `demo-${id}.policy.yaml`), 'utf8');
    const policy = parsePolicyYaml(text, zoneOf);
    if (!policy.ok) return policy;
    policies.set(id, policy.value);
  }
  return ok(policies);
}
