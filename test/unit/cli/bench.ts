import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import type { Io } from '../../../src/cli/io.ts';
import { keyPath, writeProfile } from '../../../src/cli/profile.ts';
import { run } from '../../../src/cli/run.ts';
import { toHex } from '../../../src/core/base/bytes.ts';
import { createKeyFile } from '../../../src/keys/key-file.ts';
import { FakeServer } from '../../support/fake-server.ts';
import type { World } from '../../support/world.ts';

/** What a call printed and how it ended. */
export interface Typed {
  readonly status: number;
  readonly out: string;
  readonly said: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const passphrase = 'a passphrase of tests';
const files = new Map<string, Uint8Array>();

/** A home with profile and keys, and a terminal that types. */
export class Terminal {
  readonly world: World;
  readonly home: string;
  /** What the person types when asked. */
  answer: string | null = 'yes';

  protected constructor(world: World, at: { readonly server: string; readonly genesis: string }) {
    this.world = world;
    this.home = mkdtempSync(join(tmpdir(), 'countersign-cli-'));
    writeProfile(this.home, { ...at, member: 'operator' });
  }

  /** With the keys of a world's members, before a server that runs. */
  static async before(
    at: { readonly server: string; readonly genesis: string },
    world: World,
    members: readonly string[],
  ): Promise<Terminal> {
    const terminal = new Terminal(world, at);
    await terminal.addKeys(members);
    return terminal;
  }

  async addKeys(members: readonly string[]): Promise<void> {
    for (const member of members) await this.#key(member);
  }

  /** What its clock says. */
  now(): number {
    return Math.floor(Date.now() / 1000);
  }

  close(): Promise<void> {
    rmSync(this.home, { recursive: true });
    return Promise.resolve();
  }

  /** Key files take a third of a second each to make, and every world has the same keys: made once for each suite. */
  async #key(id: string): Promise<void> {
    const path = keyPath(this.home, id);
    const made = files.get(id);
    if (made !== undefined) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, made);
      return;
    }
    await this.#makeKey(id);
    files.set(id, readFileSync(path));
  }

  async #makeKey(id: string): Promise<void> {
    const { device } = this.world.members.get(id) ?? {};
    if (device === undefined) throw new Error(`no member ${id}`);
    const cosigns = this.world.wallet.body.holders.some(({ member }) => member === id);
    const { xprv, xpub } = this.world.cosigner;
    const known = { member: id, device: device.id };
    const made = await createKeyFile(
      keyPath(this.home, id),
      {
        purpose: 'device',
        public: {
          ...known,
          key: toHex(xOnlyPointFromScalar(device.secretKey)),
          cosigner: cosigns ? xpub : null,
        },
        secret: {
          ...known,
          secretKey: toHex(device.secretKey),
          cosigner: cosigns ? xprv : null,
        },
      },
      { passphrase, associated: '' },
    );
    if (!made.ok) throw new Error(made.refusal.code);
  }

  /** Runs a command in this process with --json. */
  json(...typed: readonly string[]): Promise<Typed> {
    return this.type(...typed, '--json');
  }

  async type(...typed: readonly string[]): Promise<Typed> {
    const out: string[] = [];
    const said: string[] = [];
    const io: Io = {
      env: { COUNTERSIGN_HOME: this.home, COUNTERSIGN_PASSPHRASE: passphrase },
      folder: this.home,
      now: () => this.now(),
      out: (line) => out.push(line),
      say: (line) => said.push(line),
      ask: () => Promise.resolve(this.answer),
      askHidden: null,
      readInput: () => Promise.resolve(new Uint8Array()),
    };
    const status = await run(typed, io);
    return { status, out: out.join('\n'), said: said.join('\n'), json: objectOf(out.at(-1)) };
  }
}

/** A terminal at the time of a world, and a server over that world behind it. */
export class Bench extends Terminal {
  readonly server: FakeServer;

  private constructor(world: World, server: FakeServer) {
    super(world, { server: server.url, genesis: world.genesis });
    this.server = server;
  }

  static async open(world: World, members: readonly string[]): Promise<Bench> {
    const bench = new Bench(world, await FakeServer.start(world));
    await bench.addKeys(members);
    return bench;
  }

  override now(): number {
    return this.world.now;
  }

  override async close(): Promise<void> {
    await this.server.stop();
    await super.close();
  }
}

function objectOf(line: string | undefined): Typed['json'] {
  try {
    return JSON.parse(line ?? '') as Typed['json'];
  } catch {
    return {};
  }
}
