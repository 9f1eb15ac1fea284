import { describe, expect, test } from '@jest/globals';
import { authorise } from '../../../../src/core/authorise.ts';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import { toHex } from '../../../../src/core/base/bytes.ts';
import type { CountersignDocument } from '../../../../src/core/governance/document.ts';
import { documentDigest, parseDocument } from '../../../../src/core/governance/document.ts';
import { entryBytes, parseEntry } from '../../../../src/core/log/entry.ts';
import { admit, advance, createState } from '../../../../src/core/log/state.ts';
import { descriptorChecksum } from '../../../../src/core/wallet/checksum.ts';
import { listedAddress, strangerAddress, World } from '../../../support/world.ts';

/** A world whose charter also names a signer of a wallet `hot-2`. */
function roomy(): World {
  const world = new World();
  const charter = world.state.charter?.document.body;
  charter?.signers.push({ wallet: 'hot-2', key: '12'.repeat(32), epoch: 1 });
  return world;
}

function publish(world: World, document: CountersignDocument): string {
  const sha256 = world.blob(canonicalBytes(document));
  return world.append(entryBytes({ type: 'document', document: sha256 }));
}

/** A document in force that is published again, its content changed. */
function second(world: World, kind: 'wallet' | 'policy' | 'destinations', body: object): string {
  const found = [...world.state.documents.values()].find((one) => one.document.kind === kind);
  if (found === undefined) throw new Error('a document in force');
  const { document } = found;
  const changed = { ...document, id: 'hot-2', body: { ...document.body, ...body } };
  return publish(world, changed as CountersignDocument);
}

describe('a wallet document', () => {
  test('names the genesis block of its network', () => {
    expect(second(roomy(), 'wallet', { genesisBlock: '00'.repeat(32) })).toBe('wallet.network');
    expect(second(roomy(), 'wallet', { network: 'mainnet' })).toBe('demonstration.network');
  });

  test('names a holder, who is a member, for each other key of its descriptor', () => {
    const world = roomy();
    expect(second(world, 'wallet', { holders: [] })).toBe('wallet.holders');
    const holders = world.wallet.body.holders.map((holder) => ({ ...holder, member: 'nobody' }));
    expect(second(world, 'wallet', { holders })).toBe('wallet.holders');
  });

  test('lets no spending path go without the hot key', () => {
    const world = roomy();
    const [plain = ''] = world.wallet.body.descriptor.split('#');
    const loose = plain.replace('sortedmulti(2,', 'sortedmulti(1,');
    const descriptor = `${loose}#${descriptorChecksum(loose) ?? ''}`;
    expect(second(world, 'wallet', { descriptor })).toBe('wallet.hotkey');
  });

  test('shares no key with another wallet in force', () => {
    expect(second(roomy(), 'wallet', {})).toBe('charter.key.reused');
  });
});

describe('a policy document', () => {
  test('governs the wallet of its id, which is known', () => {
    const world = roomy();
    expect(second(world, 'policy', {})).toBe('policy.wallet.mismatch');
    expect(second(world, 'policy', { wallet: 'hot-2' })).toBe('wallet.unknown');
  });
});

describe('an address book', () => {
  test('is one an organisation', () => {
    expect(second(roomy(), 'destinations', {})).toBe('document.forked');
  });

  test('names each id and each script once, and the script of its address', () => {
    const world = roomy();
    const book = world.state.destinations;
    const [entry] = book?.document.body.entries ?? [];
    if (book === null || entry === undefined) throw new Error('an address book with an entry');
    world.state.destinations = null;
    const other = { ...entry, id: 'other' };
    expect(second(world, 'destinations', { entries: [entry, entry] })).toBe('destinations.invalid');
    expect(second(world, 'destinations', { entries: [entry, other] })).toBe('destinations.invalid');
    const lie = { ...entry, address: strangerAddress };
    expect(second(world, 'destinations', { entries: [lie] })).toBe('destinations.invalid');
    const typo = { ...entry, address: listedAddress.slice(0, -1) };
    expect(second(world, 'destinations', { entries: [typo] })).toBe('address.invalid');
    expect(second(world, 'destinations', { entries: [entry] })).toBe('applied');
    world.state.wallets.clear();
    expect(second(world, 'destinations', { entries: [other] })).toBe('destinations.invalid');
  });
});

describe('before documents are in force', () => {
  test('nothing but the charter enters, and nobody proposes or freezes', () => {
    const world = new World();
    const state = createState(world.genesis);
    const blobs = (sha256: string) => world.store.get(sha256);
    const [first] = world.leaves;
    if (first === undefined) throw new Error('the charter comes first');
    const admission = admit(state, first, { blobs });
    expect(admission.kind).toBe('apply');
    advance(state, first, admission);
    const wallet = world.blob(canonicalBytes(world.wallet.record.document));
    const leaf = entryBytes({ type: 'document', document: wallet });
    expect(admit(state, leaf, { blobs })).toMatchObject({
      refusal: { code: 'document.unauthorised' },
    });
    world.state.charter = null;
    const { statement, coins } = world.draft({ pays: [[strangerAddress, 10_000]] });
    expect(world.say({ ...statement, charter: world.genesis }, coins)).toBe(
      'document.unauthorised',
    );
    const freeze = {
      type: 'freeze',
      ...world.common('officer'),
      wallet: '*',
      action: 'freeze',
      lifts: [],
      reasonDigest: '00'.repeat(32),
    } as const;
    expect(world.say({ ...freeze, lifts: [] })).toBe('document.unauthorised');
  });

  test('a wallet without a policy takes no proposal and signs none', () => {
    const world = new World();
    world.start();
    const proposal = world.propose({ pays: [[strangerAddress, 10_000]] });
    const { statement, coins } = world.draft({ pays: [[strangerAddress, 10_000]] });
    expect(world.say({ ...statement, policy: 'ab'.repeat(32) }, coins)).toBe('document.stale');
    const verdict = authorise(world.state, world.ledger, proposal.digest, world.now);
    expect(verdict).toMatchObject({ outcome: 'pending', refusal: { code: 'signer.pending' } });
  });
});

describe('a device that did not confirm its entry in the charter', () => {
  test('approves nothing, but its "no" counts', () => {
    const world = new World();
    const proposal = world.propose({ pays: [[strangerAddress, 10_000]] });
    world.state.confirmed.delete(world.state.members.get('bob')?.member.devices[0]?.key ?? '');
    expect(world.approve('bob', proposal)).toBe('device.unconfirmed');
    expect(world.say(world.approval('bob', proposal, { decision: 'reject' }))).toBe('applied');
  });
});

describe('an unsigned document stands in nobody’s way', () => {
  const { leaves, store, genesis } = new World();

  /** Another document of the same kind and id. */
  function rival(document: CountersignDocument): unknown {
    switch (document.kind) {
      case 'wallet':
        return { ...document, body: { ...document.body, birth: 7 } };
      case 'destinations':
        return { ...document, body: { entries: [] } };
      case 'policy':
        return { ...document, body: { ...document.body, limits: [] } };
      case 'charter':
        return document;
    }
  }

  test('whoever writes one first cannot keep the true one out of force', () => {
    const state = createState(genesis);
    const blobs = (sha256: string) => store.get(sha256);
    const rivals: string[] = [];
    for (const leaf of leaves) {
      const entry = parseEntry(leaf);
      if (entry.ok && entry.value.type === 'document') {
        const document = parseDocument(blobs(entry.value.document) ?? new Uint8Array());
        if (document.ok && document.value.kind !== 'charter') {
          const bytes = canonicalBytes(rival(document.value));
          const sha256 = toHex(new Uint8Array(32).fill(rivals.length));
          const own = (asked: string) => (asked === sha256 ? bytes : blobs(asked));
          const squat = entryBytes({ type: 'document', document: sha256 });
          const admission = admit(state, squat, { blobs: own });
          expect(admission).toMatchObject({ kind: 'apply' });
          advance(state, squat, admission);
          const parsed = parseDocument(bytes);
          if (parsed.ok) rivals.push(documentDigest(parsed.value));
        }
      }
      const admission = admit(state, leaf, { blobs });
      expect(admission).toMatchObject({ kind: 'apply' });
      advance(state, leaf, admission);
    }
    expect(rivals).toHaveLength(3);
    expect(state.wallets.size + state.policies.size).toBe(2);
    expect(rivals.map((digest) => state.documents.get(digest)?.headAt)).toEqual([null, null, null]);
  });

  test('of two of one id only the first that the governors sign comes in force', () => {
    const world = new World();
    const { document } = world.wallet.record;
    const approve = (digest: string) =>
      world.say({
        type: 'document',
        ...world.common('governor-1'),
        document: digest,
        decision: 'approve',
        firstAddress: null,
        keyProof: null,
      });
    const record = { ...world.wallet.record, document: rival(document) as typeof document };
    const digest = documentDigest(record.document);
    world.state.documents.set(digest, {
      ...record,
      digest,
      approvals: new Map(),
      headAt: null,
    });
    expect(approve(digest)).toBe('document.forked');
  });
});
