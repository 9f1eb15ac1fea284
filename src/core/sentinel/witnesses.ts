import { fromHex } from '../base/bytes.ts';
import { SENTINEL_SECONDS, SIGNER_CLOCK_SECONDS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import type { CharterBody } from '../governance/document.ts';
import { inForce } from '../governance/in-force.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { cosignatureToSign } from '../log/cosignature.ts';
import { verifyEd25519 } from '../log/ed25519.ts';
import type { Ledger } from '../log/ledger.ts';
import type { VerifierKey } from '../log/note.ts';
import type { ReceiptOf } from '../log/receipt.ts';
import type { State } from '../log/state.ts';
import { messageDigest } from './messages.ts';

/** What receipts say that sentinels signed, checked by the charter in force at the signer. */

/** A sentinel as the charter names it. */
export type Sentinel = CharterBody['sentinels'][number];

/** The sentinels of the charter in force at a signer, and how many of them must have answered. */
export interface Watch {
  /** The log's name: part of each witness's. */
  readonly origin: string;
  readonly sentinels: readonly Sentinel[];
  readonly needed: number;
}

/** Who watches the wallet of a ledger; nobody before a charter is in force there. */
export function watchOf(state: State, ledger: Ledger): Watch {
  const charter = inForce(state, ledger)?.charter.document.body;
  return charter === undefined ? { origin: '', sentinels: [], needed: 0 } : watchBy(charter);
}

/** Who watches by a charter. */
export function watchBy({ log, sentinels, sentinelsNeeded }: CharterBody): Watch {
  return { origin: log.origin, sentinels, needed: sentinelsNeeded };
}

/** A sentinel as a C2SP witness: its name in notes is that of the log with its own id behind it. */
export function witnessOf(origin: string, { id, key }: Pick<Sentinel, 'id' | 'key'>): VerifierKey {
  return { name: `${origin}/${id}`, key: fromHex(key) };
}

/** How many sentinels cosigned the very log that an intent names, not long before it. */
export function countWitnesses(
  { origin, sentinels }: Watch,
  { log, at, witnesses = [] }: Pick<ReceiptOf<'intent'>, 'log' | 'at' | 'witnesses'>,
): number {
  const text = formatCheckpoint({ origin, size: log.size, root: fromHex(log.root) });
  return sentinels.filter(({ id, key }) =>
    witnesses.some(({ sentinel, at: then, signature }) => {
      const cosigned = parseTime(then);
      if (sentinel !== id || cosigned === undefined || !isFresh(cosigned, parseTime(at)))
        return false;
      return verifyEd25519(fromHex(key), cosignatureToSign(text, cosigned), fromHex(signature));
    }),
  ).length;
}

/** How many sentinels acknowledged the notice of what a sight names before it was written. */
export function countTold(
  { sentinels }: Watch,
  { org, wallet, object, at, told = [] }: ReceiptOf<'sight'>,
): number {
  return sentinels.filter(({ id, key }) =>
    told.some(({ sentinel, at: then, signature }) => {
      const acknowledged = parseTime(then);
      const written = parseTime(at);
      if (sentinel !== id || acknowledged === undefined || written === undefined) return false;
      if (acknowledged > written + SIGNER_CLOCK_SECONDS) return false;
      const message = { org, sentinel, wallet, object, at: then };
      return verifyEd25519(fromHex(key), messageDigest('told', message), fromHex(signature));
    }),
  ).length;
}

function isFresh(cosigned: Seconds, at: Seconds | undefined): boolean {
  if (at === undefined) return false;
  return cosigned + SENTINEL_SECONDS >= at && cosigned <= at + SIGNER_CLOCK_SECONDS;
}
