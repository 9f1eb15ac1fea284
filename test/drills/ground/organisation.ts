import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zoneOf } from '../../../src/client/time-zone.ts';
import { fromHex, toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import { formatPackageLine } from '../../../src/core/log/package.ts';
import { parsePolicyYaml } from '../../../src/core/policy/yaml.ts';
import { addressOfScript } from '../../../src/core/wallet/network.ts';
import type { AccountKey } from '../../../src/keys/account-key.ts';
import { accountKeyOf } from '../../../src/keys/account-key.ts';
import { initialiseSigner } from '../../../src/signer/initialise.ts';
import type { Prepared } from '../../../src/signer/prepare.ts';
import { prepareSigner } from '../../../src/signer/prepare.ts';
import { receiptKeyOf } from '../../../src/signer/receipt-key.ts';
import type { Founded, FoundingMember, FoundingSpec } from '../../../src/start/founding.ts';
import { foundOrganisation } from '../../../src/start/founding.ts';
import { passed, withChecksum } from '../../support/psbt.ts';

/** An organisation on the sandbox chain whose every secret the drills hold: they give each attacker what he is said to have. */

export const PASSPHRASE = 'worthless keys of a drill';
export const NETWORK = 'sandbox';

export interface WalletPlan {
  readonly id: string;
  /** YAML without its head: {@link policyText}. */
  readonly policy: string;
  /** Who holds a key beside the signer: none makes wpkh of the hot key alone. */
  readonly cosigners?: readonly string[];
  /** Another descriptor of these keys, without checksum, and the sets of keys that spend without the hot one. */
  readonly other?: (keys: {
    readonly hot: string;
    readonly cosigners: readonly string[];
  }) => string;
  /** Whose keys together spend without the hot key. */
  readonly outside?: readonly (readonly string[])[];
}

export interface OrganisationPlan {
  readonly name: string;
  readonly wallets: readonly WalletPlan[];
  readonly governance?: Partial<FoundingSpec['governance']>;
  readonly coolDowns?: FoundingSpec['coolDowns'];
  readonly members?: readonly { readonly id: string; readonly groups: readonly string[] }[];
}

export interface Organisation {
  readonly name: string;
  readonly folder: string;
  readonly genesis: string;
  readonly logSeed: Uint8Array;
  readonly origin: string;
  readonly files: { readonly founding: string; readonly logKey: string };
  readonly members: ReadonlyMap<string, FoundingMember>;
  /** By `wallet/member`. */
  readonly cosigners: ReadonlyMap<string, AccountKey>;
  /** The folder of a wallet's signer, bound to the organisation. */
  signerFolder(wallet: string): Promise<string>;
}

const people: readonly (readonly [string, readonly string[]])[] = [
  ['operator', ['operators']],
  ['operator-2', ['operators']],
  ['alice', ['treasury']],
  ['bob', ['treasury']],
  ['dora', ['treasury']],
  ['carol', ['compliance']],
  ['erin', ['compliance']],
  ['governor-1', ['governors']],
  ['governor-2', ['governors']],
  ['governor-3', ['governors']],
  ['officer', ['officers']],
  ['auditor', ['auditors']],
];

/** A policy that pays what one of the treasury and one of compliance approve; parts may be replaced. */
export function policyText(
  parts: {
    readonly limits?: string;
    readonly rules?: string;
    readonly delay?: string;
    readonly fees?: string;
  } = {},
): string {
  const clause = '{ all: [{ from: treasury, atLeast: 1 }, { from: compliance, atLeast: 1 }] }';
  return `
timezone: UTC
limits: ${parts.limits ?? '[{ name: daily, amount: 10 BTC, per: 24h }]'}
fees: ${parts.fees ?? '{ rate: 1000 sat/vB, share: none, selfSats: 5000 }'}
expires: { approve: 48h, sign: 24h }
rules: ${
    parts.rules ??
    `
  - name: all payments
    when: {}
    require: { approvals: ${clause}, delay: ${parts.delay ?? '0s'} }`
  }
`;
}

const seed = (text: string): Uint8Array => sha256(utf8(`drills/${text}`));

/** Somebody who may be paid: the address of a key that nobody has. */
export function payeeOf(name: string): string {
  const script = fromHex(`0014${toHex(seed(`payee/${name}`)).slice(0, 40)}`);
  const address = addressOfScript(script, NETWORK);
  if (address === null) throw new Error('a P2WPKH script has an address');
  return address;
}

/** Founds it in a new folder. */
export async function found(plan: OrganisationPlan): Promise<Organisation> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-drills-'));
  chmodSync(folder, 0o755); // PostgreSQL runs as another user where we are root
  mkdirSync(join(folder, 'prepared'));
  const { name } = plan;
  const cosigners = new Map(
    plan.wallets.flatMap(({ id, cosigners: holders = [] }) =>
      holders.map((member) => {
        const place = `${id}/${member}`;
        const key = seed(`${name}/${place}`);
        return [place, accountKeyOf(new Uint8Array([...key, ...key]), 'wsh', NETWORK)] as const;
      }),
    ),
  );
  const keyFileOf = (id: string): string => join(folder, 'prepared', `${id}.json`);
  const prepared = await Promise.all(
    plan.wallets.map(async ({ id, cosigners: holders = [] }) => {
      const use = holders.length === 0 ? ('wpkh' as const) : ('wsh' as const);
      const made = { wallet: id, network: NETWORK, use, keyFile: keyFileOf(id) } as const;
      return passed(await prepareSigner({ ...made, passphrase: PASSPHRASE, cost: 'worthless' }));
    }),
  );
  const members = membersOf(plan);
  const logSeed = seed(`${name}/log`);
  const origin = `drills.example/${name}`;
  const founded = passed(
    foundOrganisation(specOf(plan, { members, prepared, cosigners, log: { origin, logSeed } })),
  );
  const files = { founding: join(folder, 'founding.jsonl'), logKey: join(folder, 'log.key') };
  writeFileSync(
    files.founding,
    founded.lines.map((line) => `${formatPackageLine(line)}\n`).join(''),
  );
  writeFileSync(files.logKey, `${toHex(logSeed)}\n`, { mode: 0o600 });
  const { genesis } = founded;
  return {
    ...{ name, folder, genesis, logSeed, origin, files, cosigners },
    members: new Map(members.map((member) => [member.id, member])),
    signerFolder: (id) =>
      bind(founded, id, { keyFile: keyFileOf(id), folder: join(folder, 'signers', id) }),
  };
}

/** Keys are the same in every organisation: what is signed in one must be worth nothing in another. */
function membersOf({ members = [] }: OrganisationPlan): readonly FoundingMember[] {
  return [...people, ...members.map(({ id, groups }) => [id, groups] as const)].map(
    ([id, groups]) => ({
      id,
      groups,
      operators: null,
      device: { id: 'cli', secretKey: seed(`device/${id}`) },
    }),
  );
}

function specOf(
  plan: OrganisationPlan,
  made: {
    readonly members: readonly FoundingMember[];
    readonly prepared: readonly Prepared[];
    readonly cosigners: ReadonlyMap<string, AccountKey>;
    readonly log: { readonly origin: string; readonly logSeed: Uint8Array };
  },
): FoundingSpec {
  const { members, prepared, cosigners, log } = made;
  const hotOf = (id: string): Prepared => {
    const found = prepared.find(({ wallet }) => wallet === id);
    if (found === undefined) throw new Error(`${id} was prepared`);
    return found;
  };
  return {
    network: NETWORK,
    log: { origin: log.origin, key: receiptKeyOf(log.logSeed).publicKey },
    members,
    governance: { group: 'governors', atLeast: 2, delaySeconds: 0, ...plan.governance },
    coolDowns: plan.coolDowns ?? { deviceSeconds: 0, destinationSeconds: 0 },
    recovery: null,
    initiators: ['operators'],
    officers: ['officers'],
    wallets: plan.wallets.map((wallet) => {
      const { id, policy, cosigners: holders = [] } = wallet;
      const hot = hotOf(id);
      const keys = holders.map((member) => ({ member, key: keyOf(cosigners, `${id}/${member}`) }));
      const body = passed(parsePolicyYaml(`policy: ${id}\n${policy}`, zoneOf));
      const { xpub, expression, receiptKey: signerKey } = hot;
      const base = {
        id,
        hotKey: { xpub, expression },
        cosigners: keys,
        signerKey,
        birth: 0,
        policy: body,
      };
      if (wallet.other === undefined) return base;
      const descriptor = withChecksum(
        wallet.other({
          hot: `${expression}/<0;1>/*`,
          cosigners: keys.map(({ key }) => `${key.expression}/<0;1>/*`),
        }),
      );
      const outside = (wallet.outside ?? []).map((set) =>
        set.map((member) => `${keyOf(cosigners, `${id}/${member}`).expression}/<0;1>/*`),
      );
      return { ...base, other: { descriptor, outside } };
    }),
    destinations: ['exchange'].map((id) => {
      const address = payeeOf(id);
      return { id, owner: id, address, script: scriptHexOf(id), tags: [] };
    }),
    at: Math.floor(Date.now() / 1000) - 120,
  };
}

function scriptHexOf(name: string): string {
  return `0014${toHex(seed(`payee/${name}`)).slice(0, 40)}`;
}

function keyOf(cosigners: ReadonlyMap<string, AccountKey>, place: string): AccountKey {
  const key = cosigners.get(place);
  if (key === undefined) throw new Error(`no key at ${place}`);
  return key;
}

async function bind(
  founded: Founded,
  wallet: string,
  { keyFile, folder }: { readonly keyFile: string; readonly folder: string },
): Promise<string> {
  const document = founded.wallets.get(wallet);
  if (document === undefined) throw new Error(`no wallet ${wallet}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { genesis, charter } = founded;
  const documents = { charter: canonicalBytes(charter), walletDocument: canonicalBytes(document) };
  const rest = { genesis, wallet, folder, keyFile, ...documents };
  passed(await initialiseSigner({ ...rest, passphrase: PASSPHRASE, cost: 'worthless' }));
  return folder;
}
