import { ed25519 } from '@noble/curves/ed25519.js';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBase64, fromHex, toHex, utf8 } from '../../src/core/base/bytes.ts';
import { explainCode } from '../../src/core/base/codes.ts';
import type { Facts, Refusal } from '../../src/core/base/result.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { formatTime } from '../../src/core/base/time.ts';
import type { SessionStatement } from '../../src/core/approval/statement.ts';
import { parseStatement, statementDigest } from '../../src/core/approval/statement.ts';
import { formatCheckpoint } from '../../src/core/log/checkpoint.ts';
import { blobsOf, blobsOfCoins, entryBytes, parseEntry } from '../../src/core/log/entry.ts';
import type { MerkleTree } from '../../src/core/log/merkle.ts';
import { assembleNote, noteToSign } from '../../src/core/log/note.ts';
import type { PackageLine } from '../../src/core/log/package.ts';
import { formatPackageLine } from '../../src/core/log/package.ts';
import { encodeBundle, parseTilePath } from '../../src/core/log/tiles.ts';
import { proposalName } from '../../src/core/proposal/name.ts';
import type { World } from './world.ts';

/** What a draft answers, so that a test can play the hostile server. */
export interface FakeDraft {
  draft: string;
  transaction: string;
  coins: { parent: string; branch: number; index: number; transaction: string }[];
  /** Why, as the server tells it. */
  fee?: object;
  selection?: object;
  consolidation?: object;
}

interface Body {
  readonly statement?: string;
  readonly document?: string;
  readonly signature?: string;
  readonly blobs?: readonly string[];
  readonly coins?: string;
  readonly payments?: readonly { readonly address: string; readonly sats: number }[];
}

/** A server of the contract over a world in memory, on loopback. It checks no proofs and decides nothing. */
export class FakeServer {
  readonly world: World;
  /** Every request as `METHOD path`. */
  readonly requests: string[] = [];
  readonly proofs: string[] = [];
  /** Lies told by a test. */
  tamperDraft: (draft: FakeDraft) => FakeDraft = (draft) => draft;
  /** What a test answers itself, by path and body; undefined: as ever. */
  other: (path: string, body: unknown) => object | undefined = () => undefined;
  checkpoint: () => string;
  refusal: Refusal | null = null;
  readonly #server: Server;

  private constructor(world: World) {
    this.world = world;
    this.checkpoint = () => this.note(this.world.state.tree);
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  static async start(world: World): Promise<FakeServer> {
    const server = new FakeServer(world);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The log's signed checkpoint of a tree. */
  note(tree: MerkleTree, size = tree.size): string {
    const seed = sha256(utf8('world/log'));
    const name = 'world.example/log';
    const text = formatCheckpoint({ origin: name, size, root: tree.rootAt(size) });
    const signature = ed25519.sign(noteToSign(text), seed);
    return assembleNote(text, { name, key: ed25519.getPublicKey(seed), signature });
  }

  /** The whole log as a package. */
  package(): string {
    const lines: PackageLine[] = [{ type: 'checkpoint', note: this.checkpoint() }];
    const written = new Set<string>();
    const bring = (names: readonly string[]) => {
      for (const name of names) {
        const bytes = this.world.store.get(name);
        if (bytes === undefined || written.has(name)) continue;
        written.add(name);
        lines.push({ type: 'blob', sha256: name, bytes });
        bring(blobsOfCoins(bytes));
      }
    };
    for (const [index, bytes] of this.world.leaves.entries()) {
      const entry = parseEntry(bytes);
      if (entry.ok) bring(blobsOf(entry.value));
      lines.push({ type: 'entry', index, bytes });
    }
    return lines.map((line) => `${formatPackageLine(line)}\n`).join('');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.requests.push(`${request.method ?? ''} ${path}`);
    this.proofs.push(String(request.headers['dpop'] ?? ''));
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const text = Buffer.concat(chunks).toString('utf8');
    try {
      if (this.refusal !== null) throw new Refused(this.refusal);
      const found = path.startsWith('/log/')
        ? this.#log(path.slice('/log/'.length))
        : this.#api(path, text === '' ? {} : (JSON.parse(text) as Body));
      response.writeHead(200).end(found);
    } catch (error) {
      const { code, facts } = error instanceof Refused ? error.refusal : bug(error);
      const { status, meaning } = explainCode(code);
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ title: meaning, status, code, facts }));
    }
  }

  #log(path: string): string | Uint8Array {
    if (path === 'checkpoint') return this.checkpoint();
    const [, blob] = /^blob\/([0-9a-f]{64})$/.exec(path) ?? [];
    const bytes = blob === undefined ? undefined : this.world.store.get(blob);
    if (bytes !== undefined) return bytes;
    if (blob !== undefined) throw no('http.unknown', { blob });
    const tile = parseTilePath(path);
    if (tile?.level !== 'entries') throw no('log.tile.invalid', { path });
    const first = tile.index * 256;
    return encodeBundle(this.world.leaves.slice(first, first + tile.width));
  }

  #api(path: string, body: Body): string {
    const answered = this.other(path, body);
    if (answered !== undefined) return JSON.stringify(answered);
    switch (path) {
      case '/v1/sessions':
        return JSON.stringify(this.#session(body));
      case '/v1/drafts':
        return JSON.stringify(this.tamperDraft(this.#draft(body)));
      case '/v1/proposals':
      case '/v1/approvals':
      case '/v1/freezes':
      case '/v1/statements':
        return JSON.stringify(this.#statement(body));
      case '/v1/documents':
        return JSON.stringify(this.#document(body));
      case '/v1/evidence':
        return this.package();
      default:
        return this.#other(path);
    }
  }

  #other(path: string): string {
    if (path.startsWith('/v1/wallets/'))
      return JSON.stringify({
        ...{ id: 'hot-1', digest: this.world.wallet.record.digest, network: 'regtest' },
        ...{ descriptor: this.world.wallet.wallet.descriptor, address: 'next', coins: [] },
        ...{ balance: { confirmedSats: 5, pendingSats: 0 }, open: true, frozen: false },
      });
    if (path.endsWith('/broadcast')) throw no('policy.quorum.missing', {});
    if (path.startsWith('/v1/sandbox/')) return '{}';
    const digest = path.slice('/v1/proposals/'.length);
    return JSON.stringify({ proposal: digest, purpose: { salt: '00', text: 'a lie' } });
  }

  #session(body: Body): object {
    const statement = parseStatement(body.statement ?? '');
    if (!statement.ok || statement.value.type !== 'session') throw no('schema.mismatch', {});
    const { member, expiresAt } = statement.value satisfies SessionStatement;
    return { member, expiresAt };
  }

  #draft(body: Body): FakeDraft {
    const pays = (body.payments ?? []).map(({ address, sats }) => [address, sats] as const);
    const { statement, coins } = this.world.draft({ pays });
    const bytes = (name: string) => toHex(this.world.store.get(name) ?? new Uint8Array());
    const claims = JSON.parse(Buffer.from(fromHex(bytes(coins))).toString()) as FakeDraft['coins'];
    return {
      draft: 'draft-1',
      transaction: bytes(statement.spend.transaction),
      coins: claims.map((claim) => ({ ...claim, transaction: bytes(claim.parent) })),
    };
  }

  #document({ document = '' }: Body): object {
    const entry = { type: 'document', document: this.world.blob(utf8(document)) } as const;
    const outcome = this.world.append(entryBytes(entry));
    if (outcome === 'missing') throw no('log.blob.missing', {});
    if (outcome !== 'applied') throw no(outcome, {});
    return { index: this.world.leaves.length - 1 };
  }

  #statement(body: Body): object {
    const parsed = parseStatement(body.statement ?? '');
    if (!parsed.ok) throw new Refused(parsed.refusal);
    const statement = parsed.value;
    for (const blob of body.blobs ?? []) this.world.blob(fromBase64(blob) ?? new Uint8Array());
    const { signature = '', coins = null } = body;
    const outcome = this.world.append(
      entryBytes({ type: 'statement', statement, signature, coins }),
    );
    if (outcome === 'missing') throw no('log.blob.missing', {});
    if (outcome !== 'applied') throw no(outcome, {});
    const digest = statementDigest(statement);
    const index = this.world.leaves.length - 1;
    const answer = { digest, index, signatureExists: false };
    return statement.type === 'proposal'
      ? { proposal: digest, name: proposalName(digest), index }
      : answer;
  }
}

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

function no(code: Refusal['code'], facts: Facts): Refused {
  return new Refused({ code, facts });
}

function bug(error: unknown): Refusal {
  return { code: 'json.malformed', facts: { bug: String(error), at: formatTime(0) } };
}
