import { z } from 'zod';
import { BLOB_BYTES } from '../../core/base/limits.ts';
import { count, hex32, label } from '../../core/base/schema.ts';
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

const summary = {
  digest: hex32,
  index: count,
  kind,
  id: label,
  version: count,
  inForce: z.boolean(),
  /** Index of the entry that met the governance clauses. */
  authorisedAt: count.nullable(),
  /** Governors who signed it. */
  approvedBy: z.array(label),
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
