import { entryBytes } from '../../src/core/log/entry.ts';
import { listedAddress } from './world.ts';
import type { World } from './world.ts';

/** An entry whose signature nobody made, and whose transaction and coins nobody ever had. */
export function forge(world: World): void {
  const { statement } = world.draft({ pays: [[listedAddress, 10_000]] });
  const entry = world.sign(
    { ...statement, spend: { ...statement.spend, transaction: 'ab'.repeat(32) } },
    'cd'.repeat(32),
  );
  if (entry.type !== 'statement') throw new Error('a statement was signed');
  const outcome = world.append(entryBytes({ ...entry, signature: '11'.repeat(64) }));
  if (outcome !== 'statement.signature') throw new Error(`the forgery was taken as ${outcome}`);
}
