import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { parseCanonical } from '../../../src/core/base/canonical.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import { formatCheckpoint } from '../../../src/core/log/checkpoint.ts';
import type { Entry } from '../../../src/core/log/entry.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import type { Ledger } from '../../../src/core/log/ledger.ts';
import { createLedger } from '../../../src/core/log/ledger.ts';
import { MerkleTree, leafHash } from '../../../src/core/log/merkle.ts';
import { assembleNote, noteToSign } from '../../../src/core/log/note.ts';
import type { PackageLine } from '../../../src/core/log/package.ts';
import { receiptSchema } from '../../../src/core/log/receipt.ts';
import type { ProposalRecord, State } from '../../../src/core/log/state.ts';
import { admit, advance, createState } from '../../../src/core/log/state.ts';
import { encodeBundle, parseTilePath, TILE_WIDTH } from '../../../src/core/log/tiles.ts';
import { must } from '../drill.ts';
import type { Said } from './desk.ts';
import type { Ground } from './ground.ts';
import type { Organisation } from './organisation.ts';

const RECEIPTS_BYTES = 4_000_000;

/**
 * C4 and C8: code in the server, with its log key. A log of the attacker's own, begun as a copy of the true one, changed as he
 * likes and signed with the real key; served to whom he likes, and it takes receipts as the true server does.
 */
export class HostileLog {
  readonly leaves: Uint8Array[];
  readonly blobs: Map<string, Uint8Array>;
  readonly #organisation: Organisation;
  readonly #server: Server;
  #state: State | null = null;
  #folded = 0;
  /** Answers that are given instead of the true ones, by path. */
  readonly instead = new Map<string, Uint8Array>();
  /** While false, receipts are lost on the way. */
  takesReceipts = true;

  private constructor(
    organisation: Organisation,
    copy: { readonly leaves: Uint8Array[]; readonly blobs: Map<string, Uint8Array> },
  ) {
    this.#organisation = organisation;
    this.leaves = copy.leaves;
    this.blobs = copy.blobs;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  /** Copies the log as it stands, and listens on the loopback. */
  static async copy(ground: Ground): Promise<HostileLog> {
    return new HostileLog(ground.organisation, await ground.copyLog()).#listen();
  }

  /** The log of an organisation of the attacker's own. */
  static of(organisation: Organisation, lines: readonly PackageLine[]): Promise<HostileLog> {
    const leaves = lines.flatMap((line) => (line.type === 'entry' ? [line.bytes] : []));
    const blobs = new Map(
      lines.flatMap((line) => (line.type === 'blob' ? [[line.sha256, line.bytes] as const] : [])),
    );
    return new HostileLog(organisation, { leaves, blobs }).#listen();
  }

  async #listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this;
  }

  get url(): string {
    const address = this.#server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    return `http://127.0.0.1:${String(port)}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** As whoever reads this log folds it. */
  get state(): State {
    this.#state ??= createState(this.#organisation.genesis);
    for (const leaf of this.leaves.slice(this.#folded)) {
      const admission = admit(this.#state, leaf, { blobs: (sha256) => this.blobs.get(sha256) });
      must(admission.kind !== 'missing', 'the copy holds every blob');
      advance(this.#state, leaf, admission);
    }
    this.#folded = this.leaves.length;
    return this.#state;
  }

  ledger(wallet: string): Ledger {
    return this.state.ledgers.get(wallet) ?? createLedger();
  }

  proposal(digest: string): ProposalRecord {
    const found = this.state.proposals.get(digest);
    if (found === undefined) throw new Error(`${digest} stands in the copied log`);
    return found;
  }

  /** Cuts off every leaf from an index on. */
  truncate(size: number): void {
    this.leaves.length = size;
    this.#forget();
  }

  replace(index: number, leaf: Uint8Array): void {
    this.leaves[index] = leaf;
    this.#forget();
  }

  drop(index: number): void {
    this.leaves.splice(index, 1);
    this.#forget();
  }

  append(entry: Entry, blobs: Iterable<Uint8Array> = []): void {
    for (const bytes of blobs) this.blobs.set(blobAddress(bytes), bytes);
    this.leaves.push(entryBytes(entry));
  }

  /** What somebody said, who takes this log for the true one. */
  say({ entry, blobs }: Said): void {
    this.append(entry, blobs);
  }

  /** The index of the entry whose statement has this digest. */
  indexOf(isIt: (entry: Entry) => boolean): number {
    const at = this.leaves.findIndex((leaf) =>
      isIt(JSON.parse(Buffer.from(leaf).toString()) as Entry),
    );
    must(at >= 0, 'the entry stands in the log');
    return at;
  }

  #forget(): void {
    this.#state = null;
    this.#folded = 0;
  }

  checkpoint(): string {
    const { origin, logSeed } = this.#organisation;
    const tree = new MerkleTree();
    for (const leaf of this.leaves) tree.append(leafHash(leaf));
    const text = formatCheckpoint({ origin, size: tree.size, root: tree.root() });
    const signature = ed25519.sign(noteToSign(text), logSeed);
    return assembleNote(text, { name: origin, key: ed25519.getPublicKey(logSeed), signature });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (request.method === 'POST') {
      const taken = path === '/v1/receipts' && (await this.#take(request));
      respond(response, taken ? 201 : 404, utf8('{}'));
      return;
    }
    const found = this.instead.get(path) ?? this.#read(path);
    if (found === undefined)
      respond(response, 404, utf8('{"code":"http.unknown","facts":{}}'), true);
    else respond(response, 200, found);
  }

  #read(path: string): Uint8Array | undefined {
    if (path === '/log/checkpoint') return utf8(this.checkpoint());
    if (path.startsWith('/log/blob/')) return this.blobs.get(path.slice('/log/blob/'.length));
    const tile = parseTilePath(path.slice('/log/'.length));
    if (tile?.level !== 'entries') return undefined;
    const from = tile.index * TILE_WIDTH;
    return encodeBundle(this.leaves.slice(from, from + tile.width));
  }

  async #take(request: IncomingMessage): Promise<boolean> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (body.length > RECEIPTS_BYTES || !this.takesReceipts) return this.takesReceipts;
    const { receipts } = JSON.parse(body.toString()) as {
      readonly receipts: readonly {
        receipt: string;
        signature: string;
        blobs: readonly string[];
      }[];
    };
    for (const { receipt, signature, blobs } of receipts) {
      const json = parseCanonical(receipt);
      const parsed = receiptSchema.safeParse(json.ok ? json.value : null);
      if (!parsed.success) return false;
      const { position } = this.ledger(parsed.data.wallet);
      if (parsed.data.position < position) continue;
      this.append(
        { type: 'receipt', receipt: parsed.data, signature },
        blobs.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
      );
    }
    return true;
  }
}

function respond(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  isProblem = false,
): void {
  const type = isProblem ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(body);
}

/** A leaf of the same entry with something else in it. */
export function changed(leaf: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(leaf).toString();
  must(text.includes(from), `the leaf holds ${from}`);
  return utf8(text.replace(from, to));
}
