import { crypto, payments, Transaction } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { messageLine } from '../../src/core/approval/message-line.ts';
import { messageHash } from '../../src/core/approval/message.ts';
import type { Statement } from '../../src/core/approval/statement.ts';
import { concat, toBase64, toHex, utf8 } from '../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../src/core/base/codes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import type {
  CharterBody,
  CharterDevice,
  CountersignDocument,
  DocumentKind,
  DocumentOf,
} from '../../src/core/governance/document.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import { networkParameters } from '../../src/core/wallet/network.ts';
import { encodeSignature } from '../../src/core/psbt/der.ts';
import { change, documentStatement, governors, nextVersion, publish } from './governing.ts';
import type { World } from './world.ts';

/** A hardware wallet that signs messages, with one key: it shows the text and signs what it shows. */
export class MessageDevice {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly id: string;

  constructor(name: string, id = 'ledger') {
    this.id = id;
    this.secretKey = sha256(utf8(`message device of ${name}`));
    this.publicKey = ecc.pointFromScalar(this.secretKey, true) ?? new Uint8Array();
  }

  get xOnly(): string {
    return toHex(this.publicKey.subarray(1));
  }

  /** P2WPKH on regtest. */
  get address(): string {
    return this.#payment.address ?? '';
  }

  /** P2PKH on regtest, which the old form of signed messages is for. */
  get legacyAddress(): string {
    const network = networkParameters('regtest');
    return payments.p2pkh({ pubkey: this.publicKey, network }).address ?? '';
  }

  get entry(): CharterDevice {
    return { id: this.id, kind: 'message', key: this.address, suspended: false };
  }

  get #payment() {
    return payments.p2wpkh({ pubkey: this.publicKey, network: networkParameters('regtest') });
  }

  /** BIP 322, simple: the two transactions are built by bitcoinjs-lib. */
  sign(text: string): string {
    const script = this.#payment.output ?? new Uint8Array();
    const spent = new Transaction();
    spent.version = 0;
    const nothing = concat(Uint8Array.of(0x00, 0x20), messageHash(text));
    spent.addInput(new Uint8Array(32), 0xffffffff, 0, nothing);
    spent.addOutput(script, 0n);
    const signing = new Transaction();
    signing.version = 0;
    signing.addInput(spent.getHash(), 0, 0);
    signing.addOutput(Uint8Array.of(0x6a), 0n);
    const code = payments.p2pkh({ pubkey: this.publicKey }).output ?? new Uint8Array();
    const hash = signing.hashForWitnessV0(0, code, 0n, Transaction.SIGHASH_ALL);
    const signature = ecc.sign(hash, this.secretKey);
    const items = [Buffer.from(encodeSignature(signature), 'hex'), this.publicKey];
    return toBase64(
      concat(
        Uint8Array.of(items.length),
        ...items.flatMap((item) => [Uint8Array.of(item.length), item]),
      ),
    );
  }

  /** BIP 137 with the header of P2PKH and a compressed key, as Ledger and Electrum write it. */
  signOld(text: string): string {
    const [head, body] = [utf8('Bitcoin Signed Message:\n'), utf8(text)];
    const size = (bytes: Uint8Array) => Uint8Array.of(bytes.length);
    const hash = crypto.hash256(concat(size(head), head, size(body), body));
    const { signature, recoveryId } = ecc.signRecoverable(hash, this.secretKey);
    return toBase64(concat(Uint8Array.of(31 + recoveryId), signature));
  }
}

/** A statement as the device's own, signed on its line; or with a signature of something else. */
export function sayByMessage(
  world: World,
  device: MessageDevice,
  said: Statement,
  signed?: (line: string) => string,
): RefusalCode | 'applied' | 'missing' {
  const statement = { ...said, device: device.id };
  const line = messageLine(world.state, statement);
  const signature = signed?.(line.ok ? line.value : '') ?? device.sign(line.ok ? line.value : '');
  return world.append(entryBytes({ type: 'statement', statement, signature, coins: null }));
}

/** The wallet device of alice, who holds a key of the world's wallet. */
export const coldcard = (world: World): Extract<CharterDevice, { kind: 'psbt' }> => ({
  id: 'coldcard',
  kind: 'psbt',
  wallet: 'hot-1',
  key: world.cosigner.xpub,
  suspended: false,
});

/** A charter with devices added to members. */
export function withDevices(
  body: CharterBody,
  added: Readonly<Record<string, readonly CharterDevice[]>>,
): CharterBody {
  const members = body.members.map((member) => ({
    ...member,
    devices: [...member.devices, ...(added[member.id] ?? [])],
  }));
  return { ...body, members };
}

/** Governors add devices to the charter; the signer takes it up. */
export function enrol(
  world: World,
  added: Readonly<Record<string, readonly CharterDevice[]>>,
): void {
  change(world, 'charter', governors, (body) => withDevices(body, added));
  world.round();
}

/** A message device confirms its entry in the charter. */
export function confirmBy(
  world: World,
  member: string,
  device: MessageDevice,
): RefusalCode | 'applied' | 'missing' {
  const charter = world.state.charter?.document;
  if (charter === undefined) throw new Error('a charter is in force');
  return sayByMessage(world, device, documentStatement(world, member, charter, 'confirm'));
}

/** The governors' hardware wallets. */
export const governorDevices: ReadonlyMap<string, MessageDevice> = new Map(
  governors.map((id) => [id, new MessageDevice(id)]),
);

/**
 * Gives each governor a hardware wallet, and has changes signed by two of these: then a policy may ask for trusted displays.
 * Requires a world of two governors' signatures without delays, and so a policy of two people.
 */
export function trustDisplays(world: World): void {
  for (const [id, device] of governorDevices) {
    // Nobody has a say on a version that changes his own entry.
    const others = governors.filter((governor) => governor !== id);
    change(world, 'charter', others, (body) => withDevices(body, { [id]: [device.entry] }));
    world.round();
    const outcome = confirmBy(world, id, device);
    if (outcome !== 'applied') throw new Error(`${id} was not taken: ${outcome}`);
  }
  const clause = { from: 'governors', atLeast: 2, kinds: ['message' as const] };
  change(world, 'charter', governors.slice(0, 2), (body) => ({
    ...body,
    governance: { ...body.governance, clause },
  }));
  world.round();
}

/** Publishes the next version of a document and has two governors sign it on their hardware wallets. */
export function changeByDisplay<K extends DocumentKind>(
  world: World,
  kind: K,
  body: (body: DocumentOf<K>['body']) => DocumentOf<K>['body'],
): CountersignDocument {
  const document = nextVersion(world, kind, body);
  const outcomes = [
    publish(world, document),
    ...governors.slice(0, 2).map((id) => {
      const device = governorDevices.get(id) ?? new MessageDevice(id);
      return sayByMessage(world, device, documentStatement(world, id, document));
    }),
  ];
  const refused = outcomes.find((outcome) => outcome !== 'applied');
  if (refused !== undefined) throw new Error(`the document was not taken: ${refused}`);
  world.round();
  return document;
}
