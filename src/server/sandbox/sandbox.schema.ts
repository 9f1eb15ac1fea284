import { z } from 'zod';
import { SANDBOX_BLOCKS, SANDBOX_SATS } from '../../core/base/limits.ts';
import { count, hex32, label, outpoint } from '../../core/base/schema.ts';

/** Below it an output is dust, which no node relays. */
const LEAST_SATS = 1_000;

export const blocksBody = z
  .strictObject({ count: z.int().min(1).max(SANDBOX_BLOCKS) })
  .meta({ id: 'SandboxBlocksBody' });
export type BlocksBody = z.infer<typeof blocksBody>;

export const blocksView = z
  .object({ height: count, blocks: z.array(hex32) })
  .meta({ id: 'SandboxBlocks' });
export type BlocksView = z.infer<typeof blocksView>;

export const fundsBody = z
  .strictObject({ wallet: label, sats: z.int().min(LEAST_SATS).max(SANDBOX_SATS) })
  .meta({ id: 'SandboxFundsBody' });
export type FundsBody = z.infer<typeof fundsBody>;

export const fundsView = z.object({ outpoint, address: z.string() }).meta({ id: 'SandboxFunds' });
export type FundsView = z.infer<typeof fundsView>;
