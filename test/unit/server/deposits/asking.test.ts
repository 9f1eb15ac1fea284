import { expect, test } from '@jest/globals';
import { ADDRESSES_ASKED } from '../../../../src/core/base/limits.ts';
import { ok, refuse } from '../../../../src/core/base/result.ts';
import type { ChainService } from '../../../../src/server/chain/chain.service.ts';
import { AskingService } from '../../../../src/server/deposits/asking.service.ts';
import type { LogService } from '../../../../src/server/log/log.service.ts';
import type { StatementService } from '../../../../src/server/log/statement.service.ts';
import { entryBytes } from '../../../../src/core/log/entry.ts';
import type { Entry } from '../../../../src/core/log/entry.ts';
import { requestFor } from '../../../support/address-asking.ts';
import { codeOf } from '../../../support/psbt.ts';
import { World } from '../../../support/world.ts';

/** A server that reads the chain of a wallet that nobody ever paid. */
function asking(world: World): AskingService {
  const log = { state: () => world.state };
  const submitEntry = (entry: Entry) => {
    const outcome = world.append(entryBytes(entry));
    return Promise.resolve(
      outcome === 'applied'
        ? ok(world.state.tree.size - 1)
        : refuse(outcome === 'missing' ? 'log.blob.missing' : outcome),
    );
  };
  const coins = {
    isRead: () => Promise.resolve(true),
    nextReceiveIndex: () => Promise.resolve(0),
  };
  return new AskingService(
    log as unknown as LogService,
    { submitEntry } as unknown as StatementService,
    { coins, trouble: null } as unknown as ChainService,
    { now: () => world.now },
  );
}

test('a member asks for so many addresses in an hour, and what waits for the signer counts for nobody', async () => {
  const world = new World();
  world.start();
  world.round();
  const service = asking(world);
  const ask = async (number: number, member = 'operator') =>
    codeOf(await service.ask({ wallet: 'hot-1', member, request: requestFor(number) }));
  let made = 0;
  for (let code = ''; code !== 'http.rate';) {
    code = await ask(made);
    expect(['passed', 'address.reach', 'http.rate']).toContain(code);
    if (code === 'passed') made += 1;
    if (code === 'address.reach') world.round();
  }
  expect(made).toBeGreaterThanOrEqual(ADDRESSES_ASKED);
  // One more comes with every 3.6 seconds that this takes.
  expect(made).toBeLessThan(ADDRESSES_ASKED + 50);
  world.round();
  expect(await ask(0)).toBe('passed');
  expect(await ask(made, 'governor-1')).toBe('passed');
});
