import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalBytes } from '../../src/core/base/canonical.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { fromUtf8, toBase64, toHex, utf8 } from '../../src/core/base/bytes.ts';
import type { Result } from '../../src/core/base/result.ts';
import { formatCheckpoint } from '../../src/core/log/checkpoint.ts';
import { MerkleTree, leafHash } from '../../src/core/log/merkle.ts';
import { assembleNote, noteToSign } from '../../src/core/log/note.ts';
import type { Answer, Poll, SignedMessage } from '../../src/core/sentinel/messages.ts';
import { messageDigest, openMessage } from '../../src/core/sentinel/messages.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Alarm } from '../../src/sentinel/alarms.ts';
import { Sentinel } from '../../src/sentinel/sentinel.ts';
import { SentinelKeys } from '../../src/sentinel/sentinel-keys.ts';
import { sentinelFolder, StateFile } from '../../src/sentinel/state-file.ts';
import type { WorldOptions } from './world.ts';
import { World } from './world.ts';

export const sentinelSecrets = {
  key: sha256(utf8('sentinel-place/key')),
  freezeKey: sha256(utf8('sentinel-place/freeze')),
};
const receiptSeed = sha256(utf8('world/receipt'));
const logSeed = sha256(utf8('world/log'));

/** A sentinel in a folder of its own over a world that names it, with the real keys of everybody. */
export class SentinelPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'countersign-sentinel-'));
  readonly keys = new SentinelKeys(sentinelSecrets);
  readonly world: World;
  readonly raised: Alarm[] = [];
  file: StateFile;
  sentinel: Sentinel;

  constructor(options: WorldOptions = {}) {
    const key = toHex(this.keys.key);
    const { freezeKey } = this.keys;
    this.world = new World({ sentinels: [{ id: 'watch-1', key, freezeKey }], ...options });
    this.world.start();
    this.world.round();
    const identity = { id: 'watch-1', genesis: this.world.genesis, key, freezeKey };
    const created = StateFile.create(this.path, identity);
    if (!created.ok) throw new Error(created.refusal.code);
    [this.file, this.sentinel] = this.#open();
  }

  get path(): string {
    return sentinelFolder(this.folder).state;
  }

  #open(): [StateFile, Sentinel] {
    const opened = StateFile.open(this.path);
    if (!opened.ok) throw new Error(opened.refusal.code);
    const sentinel = new Sentinel({
      ...{ file: opened.value, keys: this.keys, now: () => this.world.now },
      raised: (alarm) => this.raised.push(alarm),
    });
    return [opened.value, sentinel];
  }

  /** Ends the process and starts it again on what is on the disk; `between` may change the files. */
  restart(between: () => void = () => undefined): void {
    this.file.close();
    between();
    [this.file, this.sentinel] = this.#open();
  }

  remove(): void {
    this.file.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The sentinel has read the log to its end. */
  read(): Result<null> {
    return this.sentinel.read(this.world.state, this.note());
  }

  /** The log's checkpoint of a size. */
  note(size = this.world.state.tree.size, tree = this.world.state.tree): string {
    const origin = 'world.example/log';
    const text = formatCheckpoint({ origin, size, root: tree.rootAt(size) });
    const signature = ed25519.sign(noteToSign(text), logSeed);
    return assembleNote(text, { name: origin, key: ed25519.getPublicKey(logSeed), signature });
  }

  /** Another history by the same key: the first entries are the same, what follows is not. */
  fork(same: number, size: number): MerkleTree {
    const { leaves } = this.world;
    const other = Array.from({ length: size - same }, (_, i) => utf8(`other ${String(i)}`));
    return MerkleTree.of([...leaves.slice(0, same), ...other].map(leafHash));
  }

  proof(old: number, size: number, tree = this.world.state.tree): readonly Uint8Array[] {
    return old === 0 || old === size ? [] : tree.consistencyProof(old, size);
  }

  /** A poll of the signer of hot-1, from what it was told last. */
  polls(over: Partial<Poll> = {}, seed: Uint8Array = receiptSeed): SignedMessage {
    const poll: Poll = {
      ...{ org: this.world.genesis, sentinel: 'watch-1', wallet: 'hot-1' },
      ...{ nonce: 'ab'.repeat(32), after: 0, old: 0, proof: [] },
      checkpoint: toBase64(utf8(this.note())),
      ...over,
    };
    return signed('poll', poll, seed);
  }

  notices(objects: readonly string[]): SignedMessage {
    const from = { org: this.world.genesis, sentinel: 'watch-1', wallet: 'hot-1' };
    const notice = { ...from, nonce: 'cd'.repeat(32), objects: [...objects] };
    return signed('notice', notice, receiptSeed);
  }

  /** The answer to a poll, opened by the sentinel's key. */
  answer(message: SignedMessage = this.polls()): Answer {
    const answered = this.sentinel.poll(message);
    if (!answered.ok) throw new Error(answered.refusal.code);
    const opened = openMessage('answer', answered.value, toHex(this.keys.key));
    if (!opened.ok) throw new Error(opened.refusal.code);
    return opened.value;
  }

  kinds(): readonly string[] {
    return this.raised.map(({ kind }) => kind);
  }
}

function signed<K extends 'poll' | 'notice'>(
  kind: K,
  message: Parameters<typeof messageDigest<K>>[1],
  seed: Uint8Array,
): SignedMessage {
  const text = fromUtf8(canonicalBytes(message)) ?? '';
  return { text, signature: toHex(ed25519.sign(messageDigest(kind, message), seed)) };
}

export function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}
