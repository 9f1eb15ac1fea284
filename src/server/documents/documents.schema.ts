import { z } from 'zod';
import { BLOB_BYTES } from '../../core/base/limits.ts';
import { count, hex32, label, time } from '../../core/base/schema.ts';
import { authorities } from '../../core/log/receipt.ts';
import { missing } from './missing.ts';
import { pageCursor, pageLimit, statementFields } from '../http/bodies.ts';

export const organisationView = z
  .object({
    genesis: hex32,
    network: z.string(),
    origin: z.string(),
    logKey: hex32,
    /** Its keys are known to anybody: nothing of value may be kept with it. */
    demonstration: z.boolean(),
    members: z.array(z.object({ id: label, groups: z.array(label) })),
    wallets: z.array(label),
    /** Entries of the log. */
    size: count,
  })
  .meta({ id: 'Organisation' });
export type OrganisationView = z.infer<typeof organisationView>;

const kind = z.enum(['charter', 'wallet', 'policy', 'destinations']);

// Without an id: as a component it would be named and its parameters left out of the description.
export const documentsQuery = z.strictObject({
  kind: kind.optional(),
  cursor: pageCursor,
  limit: pageLimit,
});
export type DocumentsQuery = z.output<typeof documentsQuery>;

export const documentDigest = hex32.meta({ id: 'DocumentDigest' });

const standing = z.object({
  wallet: label,
  /** `unread`: the signer has not begun. `ready`: its next round brings it in force. */
  stands: z.enum([
    'in-force',
    'replaced',
    'unread',
    'ready',
    'waiting',
    'unsigned',
    'vetoed',
    'stale',
    'forked',
    'unfit',
  ]),
  /** By whose word it is in force or will be: first, one, undo, quorum, recovery. */
  by: z.enum(authorities).nullable(),
  /** Not in force before, while its delay runs; null until the signer has seen it. */
  from: time.nullable(),
  since: time.nullable(),
  until: time.nullable(),
  missing: z.array(missing),
  /** Who signed it, but has no say on what changes his own place. */
  barred: z.array(label),
  /** Who vetoed, the version that stands in its way, or the code by which it cannot stand. */
  because: z.string().nullable(),
});

const summary = {
  digest: hex32,
  index: count,
  kind,
  id: label,
  version: count,
  /** The newest of its place: in force at some signer at least. */
  inForce: z.boolean(),
  /** Index of the entry by which it came in force at the first signer; of version 1, that met the governance clauses. */
  authorisedAt: count.nullable(),
  /** Governors who signed it. */
  approvedBy: z.array(label),
  /** Governors who vetoed it. */
  vetoedBy: z.array(label),
  /** Recovery keys that signed it. */
  recoveredBy: z.array(label),
  /** How it stands at the signer of each wallet that it concerns. */
  standings: z.array(standing),
};

const documentSummary = z.object(summary).meta({ id: 'DocumentSummary' });
export type DocumentSummary = z.infer<typeof documentSummary>;

export const documentsView = z
  .object({ items: z.array(documentSummary), next: z.string().nullable() })
  .meta({ id: 'Documents' });
export type DocumentsView = z.infer<typeof documentsView>;

export const documentView = z
  .object({
    ...summary,
    /** The exact canonical JSON. */
    document: z.string(),
  })
  .meta({ id: 'Document' });
export type DocumentView = z.infer<typeof documentView>;

export const publishBody = z
  .strictObject({
    /** The exact canonical JSON. */
    document: z.string().min(2).max(BLOB_BYTES),
  })
  .meta({ id: 'PublishBody' });
export type PublishBody = z.output<typeof publishBody>;

export const publishedView = z
  .object({ digest: hex32, index: count })
  .meta({ id: 'DocumentPublished' });
export type PublishedView = z.infer<typeof publishedView>;

export const documentStatementBody = z
  .strictObject(statementFields)
  .meta({ id: 'DocumentStatementBody' });
export type DocumentStatementBody = z.output<typeof documentStatementBody>;

export const documentSignedView = z
  .object({
    /** Of the statement. */
    digest: hex32,
    index: count,
    document: hex32,
    inForce: z.boolean(),
  })
  .meta({ id: 'DocumentSigned' });
export type DocumentSignedView = z.infer<typeof documentSignedView>;
