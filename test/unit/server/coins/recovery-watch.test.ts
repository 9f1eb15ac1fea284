import { expect, test } from '@jest/globals';
import type { ChainService } from '../../../../src/server/chain/chain.service.ts';
import type { Clock } from '../../../../src/server/clock.ts';
import { RecoveryWatch } from '../../../../src/server/coins/recovery-watch.ts';
import type { UnitOfWork } from '../../../../src/server/database/unit-of-work.ts';
import type { LogService } from '../../../../src/server/log/log.service.ts';

test('a process that follows the chain no more tells no counts of coins: they are old', async () => {
  const status = { following: true };
  const followedTip = () => Promise.resolve({ height: 1, hash: '' });
  const watch = new RecoveryWatch(
    { state: () => ({ wallets: new Map() }) } as unknown as LogService,
    { status, followedTip } as unknown as ChainService,
    undefined as unknown as UnitOfWork,
    undefined as unknown as Clock,
  );
  expect(watch.maturing).toBeNull();
  await watch.look();
  expect(watch.maturing).toEqual({ open: 0, soon: 0 });
  status.following = false;
  expect(watch.maturing).toBeNull();
});
