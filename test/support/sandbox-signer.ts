import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../../src/client/api.ts';
import { Http } from '../../src/client/http.ts';
import { LogFollower } from '../../src/client/log-follower.ts';
import { ed25519ProofKey } from '../../src/client/proof-key.ts';
import { utf8 } from '../../src/core/base/bytes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { ok } from '../../src/core/base/result.ts';
import { Journal } from '../../src/signer/journal.ts';
import { Signer } from '../../src/signer/signer.ts';
import { noSentinels } from './no-sentinels.ts';
import type { SandboxServer } from './sandbox-server.ts';
import { World } from './world.ts';

/** The signer of a world's wallet `hot-1` at a server, with a journal of its own. It works when it is told to. */
export class SandboxSigner {
  readonly #folder = mkdtempSync(join(tmpdir(), 'countersign-signer-'));
  readonly #journal: Journal;
  readonly #signer: Signer;

  constructor(
    server: Pick<SandboxServer, 'url' | 'genesis' | 'wallet'>,
    { hotKey, receiptKey } = new World(),
  ) {
    const path = join(this.#folder, 'journal.sqlite');
    Journal.create(path, {
      id: 'ab'.repeat(32),
      wallet: server.wallet.id,
      walletDigest: server.wallet.root.digest,
      genesis: server.genesis,
      signer: receiptKey.publicKey,
    });
    const journal = Journal.open(path);
    if (!journal.ok) throw new Error(journal.refusal.code);
    this.#journal = journal.value;
    const key = ed25519ProofKey(sha256(utf8('world/receipt')));
    const api = new Api(new Http({ server: server.url, key }));
    const { genesis } = server;
    this.#signer = new Signer({
      journal: this.#journal,
      receiptKey,
      account: hotKey,
      follower: new LogFollower({ genesis, reader: api.log(), store: this.#journal.log }),
      api,
      sentinels: noSentinels(this.#journal),
      custody: ok(null),
      clock: () => ok(Math.floor(Date.now() / 1000)),
      tell: () => undefined,
    });
  }

  /** Reads the log, decides and posts, once. */
  async tick(): Promise<void> {
    const ticked = await this.#signer.tick();
    if (!ticked.ok) throw new Error(`the signer refused: ${ticked.refusal.code}`);
  }

  close(): void {
    this.#journal.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
