import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import { z } from 'zod';
import { writeProfile } from '../cli/profile.ts';
import { assert } from '../core/base/assert.ts';
import { toHex } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { hex32, label } from '../core/base/schema.ts';
import type { CountersignDocument } from '../core/governance/document.ts';
import { formatPackageLine } from '../core/log/package.ts';
import type { Network } from '../core/wallet/network.ts';
import { networkNames } from '../core/wallet/network.ts';
import type { AccountKey } from '../keys/account-key.ts';
import { createKeyFile } from '../keys/key-file.ts';
import { initialiseSentinel, prepareSentinel } from '../sentinel/initialise.ts';
import { initialiseSigner } from '../signer/initialise.ts';
import type { Prepared } from '../signer/prepare.ts';
import { prepareSigner } from '../signer/prepare.ts';
import type { Random } from './demonstration.ts';
import {
  checkDemonstrationNetwork,
  DEMONSTRATION_PASSPHRASE,
  DEMONSTRATION_SENTINEL,
  demonstrationKeys,
  demonstrationSpec,
  demonstrationWallets,
  readDemonstrationPolicies,
} from './demonstration.ts';
import type { Founded, FoundingMember } from './founding.ts';
import { foundOrganisation } from './founding.ts';
import type { Home } from './home.ts';
import { homeAt, organisationFiles } from './home.ts';

const summarySchema = z.strictObject({
  demonstration: z.literal(true),
  network: z.enum(networkNames as readonly [Network, ...Network[]]),
  genesis: hex32,
  origin: z.string(),
  logKey: hex32,
  members: z.array(z.strictObject({ id: label, groups: z.array(label) })),
  wallets: z.array(label),
  /** Id of the only sentinel. */
  sentinel: label,
  destinations: z.array(z.strictObject({ id: label, address: z.string(), tags: z.array(label) })),
});

/** What lies in organisation.json: nothing of it is secret. */
export type OrganisationSummary = z.infer<typeof summarySchema>;

export interface OrganisationOptions {
  readonly network: Network;
  /** The project's folder of policies. */
  readonly policies: string;
  /** Good randomness; given only by tests. */
  readonly random?: Random;
}

/**
 * The demonstration organisation of a home, made at the first call. A making that was killed is begun anew. Codes:
 * `demonstration.network`, those of the founding. Throws when the folder holds signers but no organisation: they are not ours to remove.
 */
export async function ensureOrganisation(
  home: Home,
  options: OrganisationOptions,
): Promise<Result<OrganisationSummary>> {
  const allowed = checkDemonstrationNetwork(options.network);
  if (!allowed.ok) return allowed;
  if (existsSync(home.marker)) removeParts(home);
  if (!existsSync(home.organisation)) {
    if (existsSync(home.signers))
      throw new Error(`${home.signers} is there without ${home.organisation}: restore or move it`);
    const made = await makeOrganisation(home, options);
    if (!made.ok) return made;
  }
  return ok(readSummary(home));
}

/** Tells the CLI where server and sentinel answer now: written at each start, for the ports may be others. */
export function writeDemonstrationProfile(
  home: Home,
  { genesis }: OrganisationSummary,
  { server, sentinel }: { readonly server: string; readonly sentinel: string },
): void {
  writeProfile(home.cli, { server, genesis, member: 'operator', sentinels: [sentinel] });
}

function readSummary(home: Home): OrganisationSummary {
  const path = join(home.organisation, organisationFiles.summary);
  return summarySchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** Only under the marker: nothing of it has been used. */
function removeParts(home: Home): void {
  for (const part of [home.organisation, home.signers, home.sentinel, home.cli])
    rmSync(part, { recursive: true, force: true });
  rmSync(home.marker);
}

/** Everything is made aside and then moved into place under the marker, which goes last. */
async function makeOrganisation(home: Home, options: OrganisationOptions): Promise<Result<null>> {
  const aside = homeAt(join(home.folder, 'founding'));
  rmSync(aside.folder, { recursive: true, force: true });
  mkdirSync(aside.folder, { recursive: true, mode: 0o700 });
  const made = await fill(aside, options);
  if (!made.ok) return made;
  writeFileSync(home.marker, '');
  rmSync(home.cli, { recursive: true, force: true });
  for (const part of ['organisation', 'signers', 'sentinel', 'cli'] as const)
    renameSync(aside[part], home[part]);
  rmSync(home.marker);
  rmSync(aside.folder, { recursive: true });
  return ok(null);
}

async function fill(home: Home, options: OrganisationOptions): Promise<Result<null>> {
  const { network, random = randomBytes } = options;
  const policies = readDemonstrationPolicies(options.policies);
  if (!policies.ok) return policies;
  const signers = await prepareSigners(home, network, random);
  if (!signers.ok) return signers;
  const sentinel = await prepareSentinel({
    id: DEMONSTRATION_SENTINEL,
    keyFile: join(home.sentinel, 'keys.json'),
    passphrase: DEMONSTRATION_PASSPHRASE,
    cost: 'worthless',
    random,
  });
  if (!sentinel.ok) return sentinel;
  const keys = demonstrationKeys(network, random);
  const at = Math.floor(Date.now() / 1000);
  const spec = demonstrationSpec({
    network,
    keys,
    signers: signers.value,
    sentinel: sentinel.value,
    policies: policies.value,
    random,
    at,
  });
  if (!spec.ok) return spec;
  const founded = foundOrganisation(spec.value);
  if (!founded.ok) return founded;
  writeOrganisation(home, founded.value, {
    demonstration: true,
    network,
    genesis: founded.value.genesis,
    origin: spec.value.log.origin,
    logKey: spec.value.log.key,
    members: spec.value.members.map(({ id, groups }) => ({ id, groups: [...groups] })),
    wallets: spec.value.wallets.map(({ id }) => id),
    sentinel: sentinel.value.id,
    destinations: spec.value.destinations.map(({ id, address, tags }) => ({ id, address, tags })),
  });
  const path = join(home.organisation, organisationFiles.logKey);
  writeFileSync(path, `${toHex(keys.logSeed)}\n`, { mode: 0o600 });
  const { genesis } = founded.value;
  const keyFile = join(home.sentinel, 'keys.json');
  const initialised = initialiseSentinel({ genesis, folder: home.sentinel, keyFile });
  if (!initialised.ok) return initialised;
  return firstRefusal([
    ...spec.value.members.map((member) =>
      writeMemberKey(home, member, keys.cosigners.get(member.id)),
    ),
    ...demonstrationWallets.map(({ id }) => bindSigner(home, founded.value, id)),
  ]);
}

async function prepareSigners(
  home: Home,
  network: Network,
  random: Random,
): Promise<Result<ReadonlyMap<string, Prepared>>> {
  const prepared = await Promise.all(
    demonstrationWallets.map(({ id, use }) =>
      prepareSigner({
        wallet: id,
        network,
        use,
        keyFile: join(home.signers, id, 'keys.json'),
        passphrase: DEMONSTRATION_PASSPHRASE,
        cost: 'worthless',
        random,
      }),
    ),
  );
  const map = new Map<string, Prepared>();
  for (const signer of prepared) {
    if (!signer.ok) return signer;
    map.set(signer.value.wallet, signer.value);
  }
  return ok(map);
}

function writeOrganisation(home: Home, founded: Founded, summary: OrganisationSummary): void {
  mkdirSync(home.organisation, { recursive: true, mode: 0o700 });
  const write = (name: string, content: string | Uint8Array): void => {
    writeFileSync(join(home.organisation, name), content, { mode: 0o600 });
  };
  write(organisationFiles.charter, canonicalBytes(founded.charter));
  for (const [id, document] of founded.wallets)
    write(organisationFiles.wallet(id), canonicalBytes(document));
  const lines = founded.lines.map((line) => `${formatPackageLine(line)}\n`);
  write(organisationFiles.founding, lines.join(''));
  write(organisationFiles.summary, `${JSON.stringify(summarySchema.parse(summary), null, 2)}\n`);
  write(
    'README.txt',
    `A demonstration organisation. Its keys are WORTHLESS: all were made on one machine, and every\n` +
      `key file opens by the passphrase "${DEMONSTRATION_PASSPHRASE}". Never send real coins to its wallets.\n`,
  );
}

function writeMemberKey(
  home: Home,
  { id, device }: FoundingMember,
  cosigner: AccountKey | undefined,
): Promise<Result<null>> {
  return createKeyFile(
    join(home.cli, 'keys', `${id}.json`),
    {
      purpose: 'device',
      public: {
        member: id,
        device: device.id,
        key: toHex(xOnlyPointFromScalar(device.secretKey)),
        cosigner: cosigner?.xpub ?? null,
      },
      secret: {
        member: id,
        device: device.id,
        secretKey: toHex(device.secretKey),
        cosigner: cosigner?.xprv ?? null,
      },
    },
    { passphrase: DEMONSTRATION_PASSPHRASE, associated: '', cost: 'worthless' },
  );
}

function bindSigner(home: Home, founded: Founded, wallet: string): Promise<Result<unknown>> {
  const folder = join(home.signers, wallet);
  return initialiseSigner({
    genesis: founded.genesis,
    wallet,
    folder,
    keyFile: join(folder, 'keys.json'),
    passphrase: DEMONSTRATION_PASSPHRASE,
    cost: 'worthless',
    charter: canonicalBytes(founded.charter),
    walletDocument: canonicalBytes(documentOf(founded, wallet)),
  });
}

function documentOf(founded: Founded, wallet: string): CountersignDocument {
  const document = founded.wallets.get(wallet);
  assert(document !== undefined, 'every wallet of the demonstration is founded');
  return document;
}

async function firstRefusal(pending: readonly Promise<Result<unknown>>[]): Promise<Result<null>> {
  const results = await Promise.all(pending);
  return results.find((result) => !result.ok) ?? ok(null);
}
