import type { DeviceKind } from '../../approval/device-kind.ts';
import type { PolicyBody } from '../body.ts';

/** What an analysis looks at: a policy with everything that decides beside it, at one moment. */
export interface Setting {
  /** Everybody who may approve or initiate; who is suspended is left out. */
  readonly members: readonly AnalysedMember[];
  /** The groups whose members may propose. */
  readonly initiators: readonly string[];
  readonly policy: PolicyBody;
  /** The address book, cooled; null: not known, so any destination may be listed under any owner and tags. */
  readonly book: readonly BookEntry[] | null;
}

export interface AnalysedMember {
  readonly id: string;
  readonly groups: readonly string[];
  /** The kinds of his living devices, each once. */
  readonly kinds: readonly DeviceKind[];
  /** The people behind a service account; null for a person. */
  readonly operators: readonly string[] | null;
}

export interface BookEntry {
  /** Lower-case hex. */
  readonly script: string;
  readonly owner: string;
  readonly tags: readonly string[];
}
