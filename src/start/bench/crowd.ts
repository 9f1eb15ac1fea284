import { Transaction } from 'bitcoinjs-lib';
import { signSchnorr } from 'tiny-secp256k1';
import type { ApprovalStatement, ProposalStatement } from '../../core/approval/statement.ts';
import { statementDigest, textDigest } from '../../core/approval/statement.ts';
import { assert } from '../../core/base/assert.ts';
import { fromHex, fromUtf8, toHex, utf8 } from '../../core/base/bytes.ts';
import { canonicalBytes } from '../../core/base/canonical.ts';
import { blobAddress, digest, sha256 } from '../../core/base/digest.ts';
import { sats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import type { CountersignDocument } from '../../core/governance/document.ts';
import { documentDigest } from '../../core/governance/document.ts';
import { entryBytes } from '../../core/log/entry.ts';
import { leafHash, MerkleTree } from '../../core/log/merkle.ts';
import type { PackageLine } from '../../core/log/package.ts';
import { parsePolicyYaml } from '../../core/policy/yaml.ts';
import { buildTransaction } from '../../core/psbt/build.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import { parseWallet } from '../../core/wallet/wallet.ts';
import { emptyLog, frameOf } from '../../client/statements.ts';
import type { Device, LogPosition } from '../../client/statements.ts';
import { zoneOf } from '../../client/time-zone.ts';
import { accountKeyOf } from '../../keys/account-key.ts';
import { receiptKeyOf } from '../../signer/receipt-key.ts';
import type { FoundingMember } from '../founding.ts';
import { foundOrganisation } from '../founding.ts';

/** An organisation of many approvers with many open proposals: what load is measured on. Its keys are worthless. */
export interface Crowd {
  readonly genesis: string;
  readonly logSeed: Uint8Array;
  /** The founding package: the organisation and its proposals. */
  readonly lines: readonly PackageLine[];
  readonly approvers: readonly Device[];
  readonly proposals: readonly { readonly digest: string; readonly spend: string }[];
}

const PAID = 1_000_000;
const FEE = 2_000;

/** Everybody of treasury may approve; no signer runs, so no proposal ever ends. */
const policyText = `
policy: hot-1
timezone: Asia/Tokyo
limits: [{ name: per payment, amount: 1 BTC, per: transaction }]
fees: { rate: 300 sat/vB, share: 10%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: payments
    when: {}
    require:
      approvals: { from: treasury, atLeast: 1 }
      delay: 0s
`;

export function foundCrowd(size: {
  readonly approvers: number;
  readonly proposals: number;
  readonly at: Seconds;
}): Crowd {
  const seed = (text: string): Uint8Array => sha256(utf8(`bench/${text}`));
  const member = (id: string, groups: readonly string[]): FoundingMember => ({
    id,
    groups,
    operators: null,
    device: { id: 'cli', secretKey: seed(id) },
  });
  const approvers = Array.from({ length: size.approvers }, (_, i) =>
    member(`approver-${String(i)}`, ['treasury']),
  );
  const operator = member('operator', ['operators']);
  const hotKey = accountKeyOf(seed('hot'), 'wpkh', 'sandbox');
  const policy = parsePolicyYaml(policyText, zoneOf);
  assert(policy.ok, 'the policy of the bench is one');
  const logSeed = seed('log');
  const founded = foundOrganisation({
    network: 'sandbox',
    log: { origin: 'countersign.example/bench', key: receiptKeyOf(logSeed).publicKey },
    members: [
      operator,
      ...approvers,
      member('governor', ['governors']),
      member('officer', ['officers']),
    ],
    governance: { group: 'governors', atLeast: 1, delaySeconds: 0 },
    coolDowns: { deviceSeconds: 0, destinationSeconds: 0 },
    recovery: null,
    initiators: ['operators'],
    officers: ['officers'],
    wallets: [
      {
        id: 'hot-1',
        hotKey,
        cosigners: [],
        signerKey: receiptKeyOf(seed('receipts')).publicKey,
        birth: 0,
        policy: policy.value,
      },
    ],
    destinations: [],
    at: size.at,
  });
  assert(founded.ok, 'the organisation of the bench folds');
  const { genesis, charter } = founded.value;
  const lines = [...founded.value.lines];
  const documents = documentsOf(lines);
  const wallet = founded.value.wallets.get('hot-1');
  assert(wallet?.kind === 'wallet', 'the organisation has its wallet');
  const frame = { genesis, charter, wallet, documents, operator, at: size.at };
  const proposals = Array.from({ length: size.proposals }, (_, i) => proposalOf(frame, i, lines));
  return {
    genesis,
    logSeed,
    lines,
    approvers: approvers.map(({ id, device }) => ({
      member: id,
      device: device.id,
      secretKey: device.secretKey,
    })),
    proposals,
  };
}

interface Frame {
  readonly genesis: string;
  readonly charter: CountersignDocument;
  readonly wallet: Extract<CountersignDocument, { kind: 'wallet' }>;
  readonly documents: readonly CountersignDocument[];
  readonly operator: FoundingMember;
  readonly at: Seconds;
}

function documentsOf(lines: readonly PackageLine[]): readonly CountersignDocument[] {
  return lines.flatMap((line) =>
    line.type === 'blob' ? [JSON.parse(fromUtf8(line.bytes) ?? '') as CountersignDocument] : [],
  );
}

function digestOf(frame: Frame, kind: CountersignDocument['kind']): string {
  const document = frame.documents.find((one) => one.kind === kind);
  assert(document !== undefined, `the organisation has its ${kind}`);
  return documentDigest(document);
}

/** Appends a signed proposal over a coin that no chain knows: the log does not ask the chain. */
function proposalOf(
  frame: Frame,
  number: number,
  lines: PackageLine[],
): Crowd['proposals'][number] {
  const { genesis, wallet, operator, at } = frame;
  const { spend, coins, blobs } = spendOf(frame, number);
  for (const bytes of blobs) lines.push({ type: 'blob', sha256: blobAddress(bytes), bytes });
  const statement: ProposalStatement = {
    type: 'proposal',
    ...frameOf({
      org: genesis,
      device: { member: operator.id, device: operator.device.id },
      log: emptyLog,
      previous: null,
      now: at,
      validSeconds: 86_400,
    }),
    network: wallet.body.network,
    wallet: { id: wallet.id, digest: documentDigest(wallet) },
    policy: digestOf(frame, 'policy'),
    charter: documentDigest(frame.charter),
    destinations: digestOf(frame, 'destinations'),
    kind: 'pay',
    spend,
    cancels: null,
    envelope: null,
    initiator: operator.id,
    purposeDigest: textDigest('00'.repeat(16), 'bench'),
    reference: `BENCH-${String(number)}`,
    repeats: null,
  };
  const signed = fromHex(statementDigest(statement));
  const signature = toHex(signSchnorr(signed, operator.device.secretKey));
  const index = lines.filter((line) => line.type === 'entry').length;
  const bytes = entryBytes({ type: 'statement', statement, signature, coins });
  lines.push({ type: 'entry', index, bytes });
  return { digest: statementDigest(statement), spend: digest('spend', statement.spend) };
}

function spendOf(
  { wallet }: Frame,
  number: number,
): {
  readonly spend: ProposalStatement['spend'];
  readonly coins: string;
  readonly blobs: readonly Uint8Array[];
} {
  const parsed = parseWallet(wallet.body.descriptor, wallet.body.network);
  assert(parsed.ok, 'a wallet of the bench');
  const parent = new Transaction();
  parent.version = 2;
  parent.addInput(sha256(utf8(`bench/coin/${String(number)}`)), 0);
  parent.addOutput(parsed.value.script(0, 0), BigInt(PAID + FEE + PAID));
  const stripped = new Uint8Array(parent.toBuffer());
  const transaction = buildTransaction({
    inputs: [{ outpoint: `${parent.getId()}:0` }],
    outputs: [
      { script: fromHex(`0014${toHex(sha256(utf8('payee'))).slice(0, 40)}`), sats: sats(PAID) },
      { script: parsed.value.script(1, 0), sats: sats(PAID) },
    ],
    lockTime: 0,
  });
  const coin = { parent: stripped, branch: 0 as const, index: 0 };
  const view = readSpend(parsed.value, transaction, [coin], { highestChange: 0 });
  assert(view.ok, 'a spend of the bench');
  const claims = canonicalBytes([{ parent: blobAddress(stripped), branch: 0, index: 0 }]);
  const { inputs, outputs, ...rest } = view.value.spend;
  return {
    spend: { ...rest, inputs: [...inputs], outputs: [...outputs] },
    coins: blobAddress(claims),
    blobs: [transaction, claims, stripped],
  };
}

/** The approval of a device, not yet signed. */
export function approvalOf(
  crowd: Crowd,
  proposal: Crowd['proposals'][number],
  by: { readonly device: Device; readonly log: LogPosition; readonly now: Seconds },
): ApprovalStatement {
  const { device, log, now } = by;
  return {
    type: 'approval',
    ...frameOf({
      org: crowd.genesis,
      device,
      log,
      previous: null,
      now,
      validSeconds: 3_600,
    }),
    proposal: proposal.digest,
    decision: 'approve',
    spend: proposal.spend,
    partialSignatures: null,
    reasonDigest: null,
  };
}

/** The log as it stands after the founding: what every approver has read. */
export function positionOf(crowd: Crowd): LogPosition {
  const leaves = crowd.lines.flatMap((line) => (line.type === 'entry' ? [line.bytes] : []));
  const tree = MerkleTree.of(leaves.map(leafHash));
  return { size: tree.size, root: toHex(tree.root()) };
}
