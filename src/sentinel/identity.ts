import { z } from 'zod';
import { hex32, label } from '../core/base/schema.ts';

/** Whose state it is, fixed when it is created. */
export const identitySchema = z.strictObject({
  /** As the charter names this sentinel. */
  id: label,
  /** Digest of the genesis charter, typed in full at `init`. */
  genesis: hex32,
  /** Ed25519 public key of cosignatures and answers. */
  key: hex32,
  /** BIP 340 public key of freezes. */
  freezeKey: hex32,
});

export type Identity = z.infer<typeof identitySchema>;
