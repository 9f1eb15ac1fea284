import { z } from 'zod';
import { isPlainText } from '../base/canonical.ts';
import { COIN_LABEL_LENGTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { hex32, outpoint } from '../base/schema.ts';

/** What a label may stand on. */
export const labelTypes = ['tx', 'addr', 'pubkey', 'input', 'output', 'xpub'] as const;
export type LabelType = (typeof labelTypes)[number];

const text = z.string().max(COIN_LABEL_LENGTH).refine(isPlainText, 'not plain text');
/** Without `label` or `spendable` that stays as it is; an empty label takes it away. */
const noted = { label: text.optional() };

/** One record of a file of labels, its reference in the form of its type. Source: BIP 329. */
export const labelRecord = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('tx'), ref: hex32, ...noted }),
  z.strictObject({
    type: z.literal('addr'),
    ref: z.string().regex(/^[a-zA-Z0-9]{14,100}$/),
    ...noted,
  }),
  z.strictObject({
    type: z.literal('pubkey'),
    ref: z.string().regex(/^([0-9a-f]{64}|[0-9a-f]{66}|[0-9a-f]{130})$/),
    ...noted,
  }),
  z.strictObject({ type: z.literal('input'), ref: outpoint, ...noted }),
  z.strictObject({
    type: z.literal('output'),
    ref: outpoint,
    ...noted,
    /** False: frozen. */
    spendable: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('xpub'),
    ref: z.string().regex(/^[a-zA-Z0-9]{100,120}$/),
    ...noted,
  }),
]);
export type LabelRecord = z.output<typeof labelRecord>;

/** A file as far as it says something here. */
export interface LabelFile {
  readonly records: readonly LabelRecord[];
  /** Lines of types that BIP 329 does not know, or whose label or reference cannot be kept here, from 1 on. */
  readonly ignored: readonly number[];
}

const line = z.looseObject({ type: z.string(), ref: z.string() });
const kept = ['type', 'ref', 'label', 'spendable'] as const;

/**
 * Reads a file of labels: JSON Lines, one record each. What else a record says (origin, height, value, …) is let pass;
 * what cannot be kept is told by its line. Hex is taken in either case. Requires a text of LABELS_BYTES at most. Code
 * `label.invalid` for a line that is no record at all. Source: BIP 329.
 */
export function parseLabels(file: string): Result<LabelFile> {
  const records: LabelRecord[] = [];
  const ignored: number[] = [];
  for (const [at, written] of file.split('\n').entries()) {
    if (written.trim() === '') continue;
    const found = line.safeParse(jsonOf(written));
    if (!found.success) return refuse('label.invalid', { line: at + 1 });
    const record = labelRecord.safeParse(trimmed(found.data));
    if (record.success) records.push(record.data);
    else ignored.push(at + 1);
  }
  return ok({ records, ignored });
}

/** The records as a file. Every one ends its line. */
export function formatLabels(records: readonly LabelRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** What a reference of people is of: an outpoint, a txid, else an address. */
export function labelTypeOf(ref: string): 'output' | 'tx' | 'addr' {
  if (outpoint.safeParse(ref).success) return 'output';
  return hex32.safeParse(ref).success ? 'tx' : 'addr';
}

function trimmed(record: z.output<typeof line>): Readonly<Record<string, unknown>> {
  const { type, ref, label } = record;
  const isText = type === 'addr' || type === 'xpub';
  return {
    ...Object.fromEntries(kept.flatMap((key) => (key in record ? [[key, record[key]]] : []))),
    ref: isText ? ref : ref.toLowerCase(),
    ...(typeof label === 'string' ? { label: label.normalize('NFC') } : {}),
  };
}

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
