import type { DocumentKind } from '../core/governance/document.ts';
import { documentKinds } from '../core/governance/document.ts';
import type { Call } from './command.ts';
import { UsageError, required } from './command.ts';

/** A kind of document, and for wallet and policy the wallet that --wallet names: there is one charter and one address book. */
export function placeOf(
  call: Call,
  named: string,
): { readonly kind: DocumentKind; readonly id: string } {
  const kind = documentKinds.find((one) => one === named);
  if (kind === undefined)
    throw new UsageError(`a document is one of ${documentKinds.join(', ')}, not "${named}"`);
  const own = kind === 'wallet' || kind === 'policy';
  if (!own && call.has('wallet')) throw new UsageError(`--wallet says nothing of the ${kind}`);
  return { kind, id: own ? required(call, 'wallet') : kind };
}
