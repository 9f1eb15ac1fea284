import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import type { Receipt } from '../../../src/core/log/receipt.ts';
import { receiptDigest } from '../../../src/core/log/receipt.ts';
import { HandedReceipts } from '../../../src/sentinel/handed-receipts.ts';
import { StateFile } from '../../../src/sentinel/state-file.ts';
import type { World } from '../../support/world.ts';
import { approveAll, proposed } from '../../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-handed-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function stateFile(world: World): StateFile {
  const path = join(folder, 'sentinel.sqlite');
  const keys = { key: '11'.repeat(32), freezeKey: '22'.repeat(32) };
  expect(StateFile.create(path, { id: 'watch-1', genesis: world.genesis, ...keys }).ok).toBe(true);
  const opened = StateFile.open(path);
  if (!opened.ok) throw new Error(opened.refusal.code);
  return opened.value;
}

test('what signers hand in is read as it comes: intents until the log holds them, signatures with their bytes', () => {
  const { world, proposal } = proposed();
  approveAll({ world, proposal });
  world.round();
  world.now += 60;
  const file = stateFile(world);
  const handed = new HandedReceipts(file.database);
  const keep = (receipt: Receipt): void => {
    file.database
      .prepare('INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?)')
      .run(
        ...['hot-1', receipt.position, receiptDigest(receipt)],
        ...[canonicalBytes(receipt), '00'.repeat(64), world.now],
      );
  };
  for (let position = 0; position < world.ledger.position; position++)
    keep({ ...world.receipt({ record: 'started' }), position });
  expect(handed.intents(world.state)).toEqual([]);
  expect(handed.signatures(world.state)).toEqual([]);

  const intent = { wallet: 'hot-1', proposal: proposal.digest, version: 0 };
  const first = world.receipt({ record: 'intent', proposal: proposal.digest });
  keep(first);
  expect(handed.intents(world.state)).toEqual([intent]);
  world.journal({ record: 'intent', proposal: proposal.digest });
  expect(handed.intents(world.state)).toEqual([]);

  const signatures = world.cosign(proposal, world.hot);
  const bytes = world.store.get(signatures) ?? new Uint8Array();
  file.log.putBlobs(new Map([[signatures, bytes]]));
  keep(world.receipt({ record: 'signed', proposal: proposal.digest, signatures }));
  const [found] = handed.signatures(world.state);
  expect(found).toMatchObject(intent);
  expect(Buffer.from(found?.signatures ?? []).equals(bytes)).toBe(true);
  expect(new HandedReceipts(file.database).signatures(world.state)).toHaveLength(1);
  file.close();
});
