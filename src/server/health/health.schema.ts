import { z } from 'zod';
import { count, hex32 } from '../../core/base/schema.ts';

export const livingView = z.object({ status: z.literal('living') }).meta({ id: 'Living' });
export type LivingView = z.infer<typeof livingView>;

/** How the server is. It names no address, key or person: the route is open to anybody. */
export const readinessView = z
  .object({
    /** `degraded`: people can work, payments wait. `unready`: nothing can be written down. */
    status: z.enum(['ready', 'degraded', 'unready']),
    database: z.enum(['up', 'down']),
    log: z.object({
      /** Null while it is being read. */
      size: count.nullable(),
      /** Who numbers entries: this process, another, or at this moment nobody. */
      sequencer: z.enum(['here', 'elsewhere', 'nowhere']),
    }),
    chain: z.object({
      source: z.enum(['sandbox', 'bitcoind', 'esplora']),
      /** Code of what is wrong with the chain, or null. While it stands nothing is drafted or broadcast. */
      fault: z.string().nullable(),
      /** Codes of what should be looked at although work goes on. */
      warnings: z.array(z.string()),
      tip: z
        .object({
          height: count,
          hash: hex32,
          /** Seconds since the time in its header. */
          age: z.int(),
          /** Blocks that the node knows of and has not read. */
          behind: count,
        })
        .nullable(),
      follower: z.object({
        process: z.enum(['here', 'elsewhere', 'nowhere']),
        /** Height of the block that was read last. */
        height: count.nullable(),
      }),
    }),
    /** The service that is asked about destinations. */
    screening: z.object({
      configured: z.boolean(),
      /** Whether a policy in force holds payments until they are cleared. */
      required: z.boolean(),
      /** Code of why nobody is cleared at present, or null. */
      fault: z.string().nullable(),
    }),
    /** Spends of our coins that no receipt explains. */
    alerts: count.nullable(),
    /** Coins that recovery keys can spend now, or within thirty days; null where another process follows the chain. */
    recovery: z.object({ open: count, soon: count }).nullable(),
  })
  .meta({ id: 'Readiness' });
export type ReadinessView = z.infer<typeof readinessView>;
