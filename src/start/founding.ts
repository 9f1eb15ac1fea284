import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';
import type { DocumentStatement } from '../core/approval/statement.ts';
import { statementDigest } from '../core/approval/statement.ts';
import { assert } from '../core/base/assert.ts';
import { fromHex, toHex } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import { STATEMENT_SECONDS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import type {
  CharterBody,
  CountersignDocument,
  DestinationsBody,
  WalletBody,
} from '../core/governance/document.ts';
import { documentDigest } from '../core/governance/document.ts';
import { entryBytes } from '../core/log/entry.ts';
import { emptyRoot } from '../core/log/merkle.ts';
import type { PackageLine } from '../core/log/package.ts';
import { admit, advance, createState } from '../core/log/state.ts';
import type { PolicyBody } from '../core/policy/body.ts';
import { descriptorChecksum } from '../core/wallet/checksum.ts';
import type { Network } from '../core/wallet/network.ts';
import { genesisBlock } from '../core/wallet/network.ts';
import { parseWallet } from '../core/wallet/wallet.ts';
import { AccountSigner } from '../keys/account-key.ts';
import type { AccountKey } from '../keys/account-key.ts';

/**
 * Founds an organisation: writes its documents and has everyone sign who must, with all keys in one hand. That is
 * right for the demonstration and for tests and for nothing else: a real organisation founds itself on many devices.
 */

export interface FoundingMember {
  readonly id: string;
  readonly groups: readonly string[];
  /** The people behind a service account, or null for a person. */
  readonly operators: readonly string[] | null;
  /** One secp256k1 device each. */
  readonly device: { readonly id: string; readonly secretKey: Uint8Array };
}

export interface FoundingWallet {
  readonly id: string;
  /** Makes wpkh of the hot key alone, or n-of-n wsh(sortedmulti) of it and the cosigners. */
  readonly hotKey: Pick<AccountKey, 'xpub' | 'expression'>;
  readonly cosigners: readonly { readonly member: string; readonly key: AccountKey }[];
  /** Of the same keys, with its checksum, where the wallet is of another kind; and the key sets that spend without the hot key. */
  readonly other?: { readonly descriptor: string; readonly outside: WalletBody['outside'] };
  /** Ed25519 public key of the signer's receipts. */
  readonly signerKey: string;
  /** Highest block before which no coin of it exists. */
  readonly birth: number;
  readonly policy: PolicyBody;
}

export interface FoundingSpec {
  readonly network: Network;
  readonly log: { readonly origin: string; readonly key: string };
  readonly members: readonly FoundingMember[];
  readonly governance: {
    readonly group: string;
    readonly atLeast: number;
    readonly delaySeconds: number;
  };
  readonly coolDowns: CharterBody['coolDowns'];
  readonly recovery: CharterBody['recovery'];
  /** None unless given. */
  readonly sentinels?: CharterBody['sentinels'];
  /** How many of them must have answered before a signer signs; 0 unless given. */
  readonly sentinelsNeeded?: number;
  readonly initiators: readonly string[];
  readonly officers: readonly string[];
  readonly wallets: readonly FoundingWallet[];
  readonly destinations: DestinationsBody['entries'];
  /** When everything is signed. */
  readonly at: Seconds;
}

export interface Founded {
  /** Digest of the genesis charter: what everyone pins. */
  readonly genesis: string;
  readonly charter: CountersignDocument;
  readonly wallets: ReadonlyMap<string, CountersignDocument>;
  /** The first entries of the log in order, each after the blobs that it names. */
  readonly lines: readonly PackageLine[];
}

/**
 * The founding of a spec; the same spec gives the same bytes. Every entry is folded before it is returned, so that
 * what is written down is what a log will take. Codes: those of parseWallet
 * and of the fold.
 */
export function foundOrganisation(spec: FoundingSpec): Result<Founded> {
  for (const wallet of spec.wallets) {
    const parsed = parseWallet(descriptorOf(keysOf(wallet)), spec.network);
    if (!parsed.ok) return parsed;
  }
  const charter = charterOf(spec);
  const genesis = documentDigest(charter);
  const notary = new Notary(spec, genesis);
  notary.publish(charter);
  for (const member of spec.members) notary.sign(member, charter, 'confirm');
  for (const governor of notary.governors) notary.sign(governor, charter, 'approve');
  const wallets = new Map(
    spec.wallets.map((wallet) => [wallet.id, walletOf(spec, genesis, wallet)]),
  );
  const others: CountersignDocument[] = [
    ...wallets.values(),
    ...spec.wallets.map(({ id, policy }) =>
      versionOne(genesis, { kind: 'policy', id, body: policy }),
    ),
    versionOne(genesis, {
      kind: 'destinations',
      id: 'address-book',
      body: { entries: spec.destinations },
    }),
  ];
  for (const document of others) {
    notary.publish(document);
    for (const governor of notary.governors.slice(0, spec.governance.atLeast))
      notary.sign(governor, document, 'approve');
  }
  for (const wallet of spec.wallets) {
    const document = wallets.get(wallet.id);
    assert(document !== undefined, 'every wallet has its document');
    for (const { member, key } of wallet.cosigners)
      notary.sign(notary.member(member), document, keyProofOf(spec, genesis, document, key));
  }
  const checked = checkFolds(genesis, notary.lines);
  return checked.ok ? ok({ genesis, charter, wallets, lines: notary.lines }) : checked;
}

function charterOf(spec: FoundingSpec): CountersignDocument {
  const { group, atLeast, delaySeconds } = spec.governance;
  const body: CharterBody = {
    protocol: 1,
    demonstration: true,
    members: spec.members.map(({ id, groups, operators, device }) => {
      const key = xOnlyPointFromScalar(device.secretKey);
      return {
        id,
        groups: [...groups],
        devices: [{ id: device.id, kind: 'secp256k1', key: toHex(key), suspended: false }],
        operators: operators === null ? null : [...operators],
        suspended: false,
      };
    }),
    governance: { group, clause: { from: group, atLeast, kinds: null }, delaySeconds },
    deputies: [],
    initiators: [...spec.initiators],
    officers: [...spec.officers],
    coolDowns: spec.coolDowns,
    log: spec.log,
    signers: spec.wallets.map(({ id, signerKey }) => ({ wallet: id, key: signerKey, epoch: 1 })),
    sentinels: [...(spec.sentinels ?? [])],
    sentinelsNeeded: spec.sentinelsNeeded ?? 0,
    recovery: spec.recovery,
  };
  return { kind: 'charter', org: null, id: 'charter', version: 1, previous: null, body };
}

type Content =
  | { readonly kind: 'wallet'; readonly id: string; readonly body: WalletBody }
  | { readonly kind: 'policy'; readonly id: string; readonly body: PolicyBody }
  | { readonly kind: 'destinations'; readonly id: string; readonly body: DestinationsBody };

function versionOne(genesis: string, content: Content): CountersignDocument {
  return { ...content, org: genesis, version: 1, previous: null };
}

/** wpkh of one key, n-of-n wsh(sortedmulti) of several, with its checksum (BIP 380, 389). */
export function descriptorOf(accounts: readonly Pick<AccountKey, 'expression'>[]): string {
  const keys = accounts.map(({ expression }) => `${expression}/<0;1>/*`).join(',');
  const single = accounts.length === 1;
  const plain = single ? `wpkh(${keys})` : `wsh(sortedmulti(${accounts.length},${keys}))`;
  const checksum = descriptorChecksum(plain);
  assert(checksum !== null, 'a descriptor that we wrote has a checksum');
  return `${plain}#${checksum}`;
}

function keysOf(wallet: FoundingWallet): readonly Pick<AccountKey, 'expression'>[] {
  return [wallet.hotKey, ...wallet.cosigners.map(({ key }) => key)];
}

function walletOf(
  spec: FoundingSpec,
  genesis: string,
  wallet: FoundingWallet,
): CountersignDocument {
  return versionOne(genesis, {
    kind: 'wallet',
    id: wallet.id,
    body: {
      network: spec.network,
      genesisBlock: genesisBlock(spec.network),
      descriptor: wallet.other?.descriptor ?? descriptorOf(keysOf(wallet)),
      hotKey: wallet.hotKey.xpub,
      holders: wallet.cosigners.map(({ member, key }) => ({ member, key: key.xpub })),
      birth: wallet.birth,
      gapLimit: 20,
      custody: false,
      outside: wallet.other?.outside ?? [],
    },
  });
}

interface KeyProof {
  readonly firstAddress: string;
  readonly keyProof: { readonly key: string; readonly signature: string };
}

function keyProofOf(
  spec: FoundingSpec,
  genesis: string,
  document: CountersignDocument,
  key: AccountKey,
): KeyProof {
  assert(document.kind === 'wallet', 'a key is proven to a wallet');
  const wallet = parseWallet(document.body.descriptor, spec.network);
  assert(wallet.ok, 'the descriptor was parsed before');
  const firstAddress = wallet.value.address(0, 0);
  const signer = new AccountSigner(key.xprv, spec.network);
  return {
    firstAddress,
    keyProof: signer.proveKey(genesis, documentDigest(document), firstAddress),
  };
}

/** Writes the entries down, in order, and remembers what each member said before. */
class Notary {
  readonly lines: PackageLine[] = [];
  readonly governors: readonly FoundingMember[];
  readonly #spec: FoundingSpec;
  readonly #genesis: string;
  /** Former statement by member and document. */
  readonly #former = new Map<string, string>();
  #index = 0;

  constructor(spec: FoundingSpec, genesis: string) {
    this.#spec = spec;
    this.#genesis = genesis;
    this.governors = spec.members.filter(({ groups }) => groups.includes(spec.governance.group));
  }

  member(id: string): FoundingMember {
    const found = this.#spec.members.find((member) => member.id === id);
    assert(found !== undefined, 'a cosigner is a member');
    return found;
  }

  publish(document: CountersignDocument): void {
    const bytes = canonicalBytes(document);
    const sha256 = blobAddress(bytes);
    this.lines.push({ type: 'blob', sha256, bytes });
    this.#append(entryBytes({ type: 'document', document: sha256 }));
  }

  sign(
    member: FoundingMember,
    document: CountersignDocument,
    said: 'approve' | 'confirm' | KeyProof,
  ): void {
    const object = documentDigest(document);
    const place = `${member.id}/${object}`;
    const { at } = this.#spec;
    const statement: DocumentStatement = {
      type: 'document',
      org: this.#genesis,
      member: member.id,
      device: member.device.id,
      previous: this.#former.get(place) ?? null,
      // Nobody has seen a checkpoint yet: the empty tree is the start of every log (design 3, "Documents").
      log: { size: 0, root: toHex(emptyRoot()) },
      issuedAt: formatTime(at),
      expiresAt: formatTime(at + STATEMENT_SECONDS),
      document: object,
      decision: said === 'approve' ? 'approve' : 'confirm',
      firstAddress: typeof said === 'string' ? null : said.firstAddress,
      keyProof: typeof said === 'string' ? null : said.keyProof,
    };
    const digest = statementDigest(statement);
    this.#former.set(place, digest);
    const signature = toHex(signSchnorr(fromHex(digest), member.device.secretKey));
    this.#append(entryBytes({ type: 'statement', statement, signature, coins: null }));
  }

  #append(bytes: Uint8Array): void {
    this.lines.push({ type: 'entry', index: this.#index, bytes });
    this.#index += 1;
  }
}

function checkFolds(genesis: string, lines: readonly PackageLine[]): Result<null> {
  const state = createState(genesis);
  const blobs = new Map<string, Uint8Array>();
  for (const line of lines) {
    if (line.type === 'blob') blobs.set(line.sha256, line.bytes);
    if (line.type !== 'entry') continue;
    const admission = admit(state, line.bytes, { blobs: (sha256) => blobs.get(sha256) });
    if (admission.kind === 'skip') return { ok: false, refusal: admission.refusal };
    advance(state, line.bytes, admission);
  }
  return ok(null);
}
