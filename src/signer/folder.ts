import { join } from 'node:path';

/** What lies in a signer's folder. Nobody but the signer's user may read it. */
export interface SignerFolder {
  readonly folder: string;
  readonly journal: string;
  readonly keys: string;
}

export function signerFolder(folder: string): SignerFolder {
  return { folder, journal: join(folder, 'journal.sqlite'), keys: join(folder, 'keys.json') };
}

/** What the key file is bound to between `prepare` and `init`. */
export function preparedAssociatedData(wallet: string): string {
  return `countersign-signer|prepared|${wallet}`;
}
