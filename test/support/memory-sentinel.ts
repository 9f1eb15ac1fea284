import { ed25519 } from '@noble/curves/ed25519.js';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';
import type { PostedReceipt } from '../../src/client/api.ts';
import { HttpFault } from '../../src/client/http.ts';
import type { FreezeStatement } from '../../src/core/approval/statement.ts';
import { statementDigest } from '../../src/core/approval/statement.ts';
import { fromHex, fromUtf8, toHex, utf8 } from '../../src/core/base/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/base/canonical.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { MAILBOX_ITEMS } from '../../src/core/base/limits.ts';
import type { Result } from '../../src/core/base/result.ts';
import { ok } from '../../src/core/base/result.ts';
import { parseWith } from '../../src/core/base/schema.ts';
import type { Seconds } from '../../src/core/base/time.ts';
import { formatTime } from '../../src/core/base/time.ts';
import type { Checkpoint } from '../../src/core/log/checkpoint.ts';
import { formatCheckpoint, verifyCheckpoint } from '../../src/core/log/checkpoint.ts';
import { cosignatureToSign } from '../../src/core/log/cosignature.ts';
import { verifyConsistency } from '../../src/core/log/merkle.ts';
import { receiptDigest, receiptSchema } from '../../src/core/log/receipt.ts';
import type { Answer, MessageKind, Said, SignedMessage } from '../../src/core/sentinel/messages.ts';
import { messageDigest, noteOf, openMessage } from '../../src/core/sentinel/messages.ts';
import type { Sentinel } from '../../src/core/sentinel/witnesses.ts';
import type { AskedApi } from '../../src/signer/sentinels.ts';
import type { World } from './world.ts';

/** The protocol's other side in memory, with real keys, held by a test: it may lie as a hostile one would. */
export class MemorySentinel implements AskedApi {
  readonly id: string;
  readonly charterEntry: Sentinel;
  /** Its clock; null follows the world's. */
  clock: Seconds | null = null;
  isAway = false;
  mailbox: Said[] = [];
  /** What it says of the wallet's journal; null: as receipts were handed in. */
  claimed: Answer['journal'] | null = null;
  /** Replaces parts of the answer before it is signed. */
  lie: (answer: Answer) => Answer = (answer) => answer;
  readonly announced: string[] = [];
  head: Checkpoint | null = null;
  journal: Answer['journal'] = { position: 0, previous: null };
  readonly #seed: Uint8Array;
  readonly #freezeSeed: Uint8Array;
  world: World | null = null;

  constructor(id: string) {
    this.id = id;
    this.#seed = sha256(utf8(`memory-sentinel/${id}`));
    this.#freezeSeed = sha256(utf8(`memory-sentinel/freeze/${id}`));
    const key = toHex(ed25519.getPublicKey(this.#seed));
    this.charterEntry = { id, key, freezeKey: toHex(xOnlyPointFromScalar(this.#freezeSeed)) };
  }

  /** A freeze by its own key. */
  freeze(wallet: string): Said & { readonly statement: FreezeStatement } {
    const statement: FreezeStatement = {
      type: 'freeze',
      ...this.#in().common('sentinel'),
      device: this.id,
      wallet,
      action: 'freeze',
      lifts: [],
      reasonDigest: '00'.repeat(32),
    };
    const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), this.#freezeSeed));
    return { statement, signature };
  }

  poll(message: SignedMessage): Promise<Result<SignedMessage>> {
    if (this.isAway) return away();
    const world = this.#in();
    const poll = openMessage('poll', message, world.receiptKey.publicKey);
    if (!poll.ok) return Promise.resolve(poll);
    const { org, sentinel, wallet, nonce, after, old, proof } = poll.value;
    const origin = world.state.charter?.document.body.log.origin ?? '';
    const key = fromHex(world.state.charter?.document.body.log.key ?? '');
    const shown = verifyCheckpoint(noteOf(poll.value) ?? '', { origin, key });
    if (!shown.ok) return Promise.resolve(shown);
    const extended = this.#extend(shown.value, old, proof.map(fromHex));
    const at = this.clock ?? world.now;
    const { size = 0, root = new Uint8Array(32) } = this.head ?? {};
    const text = formatCheckpoint({ origin, size, root });
    const answer: Answer = {
      ...{ org, sentinel, wallet, nonce, at: formatTime(at) },
      log: this.head === null ? { size: 0, root: toHex(sha256()) } : { size, root: toHex(root) },
      cosignature: extended ? toHex(ed25519.sign(cosignatureToSign(text, at), this.#seed)) : null,
      journal: this.claimed ?? this.journal,
      mailbox: this.mailbox
        .slice(after, after + MAILBOX_ITEMS)
        .map((said, i) => ({ number: after + i + 1, ...said })),
      last: this.mailbox.length,
    };
    return Promise.resolve(ok(this.#signed('answer', this.lie(answer))));
  }

  notice(message: SignedMessage): Promise<Result<readonly SignedMessage[]>> {
    if (this.isAway) return away();
    const world = this.#in();
    const notice = openMessage('notice', message, world.receiptKey.publicKey);
    if (!notice.ok) return Promise.resolve(notice);
    const { org, sentinel, wallet, objects } = notice.value;
    this.announced.push(...objects);
    const at = formatTime(this.clock ?? world.now);
    return Promise.resolve(
      ok(objects.map((object) => this.#signed('told', { org, sentinel, wallet, object, at }))),
    );
  }

  receipts(receipts: readonly PostedReceipt[]): Promise<Result<unknown>> {
    if (this.isAway) return away();
    for (const { receipt } of receipts) {
      const json = parseCanonical(receipt);
      const parsed = json.ok ? parseWith(receiptSchema, json.value) : json;
      if (!parsed.ok) return Promise.resolve(parsed);
      this.journal = {
        position: parsed.value.position + 1,
        previous: receiptDigest(parsed.value),
      };
    }
    return Promise.resolve(ok(null));
  }

  #extend(shown: Checkpoint, oldSize: number, proof: readonly Uint8Array[]): boolean {
    const { head } = this;
    const known = head?.size ?? 0;
    if (oldSize !== known) return false;
    const follows =
      head === null ||
      verifyConsistency({
        ...{ oldSize, oldRoot: head.root, size: shown.size, root: shown.root },
        proof,
      }).ok;
    if (follows) this.head = shown;
    return follows;
  }

  #signed<K extends MessageKind>(
    kind: K,
    message: Parameters<typeof messageDigest<K>>[1],
  ): SignedMessage {
    const text = fromUtf8(canonicalBytes(message)) ?? '';
    return { text, signature: toHex(ed25519.sign(messageDigest(kind, message), this.#seed)) };
  }

  #in(): World {
    if (this.world === null) throw new Error('a sentinel has its world');
    return this.world;
  }
}

function away(): Promise<never> {
  return Promise.reject(
    new HttpFault('unreachable', 'http://127.0.0.1:1/', new Error('nobody answers')),
  );
}
