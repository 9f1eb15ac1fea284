import { fromUtf8, utf8 } from '../../core/base/bytes.ts';
import { canonicalBytes, isPlainText } from '../../core/base/canonical.ts';
import { blobAddress } from '../../core/base/digest.ts';
import type { Random } from './random.ts';

/** What a package carries. */
export interface Parcel {
  readonly entries: readonly Uint8Array[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One field of an object or one element of a list. */
interface Slot {
  readonly path: string;
  readonly name: string;
  readonly get: () => Json;
  readonly set: (value: Json) => void;
  readonly remove: () => void;
}

/** A parcel with one field changed somewhere, and which one. Hashes of what was changed are mended wherever they stand. */
export function mutateParcel(
  parcel: Parcel,
  random: Random,
): { readonly parcel: Parcel; readonly changed: string } {
  const names = [...parcel.blobs.keys()];
  const at = random.below(parcel.entries.length + names.length);
  const entry = parcel.entries[at];
  if (entry !== undefined) {
    const { bytes, changed } = mutateJson(entry, parcel, random);
    const entries = parcel.entries.map((leaf, i) => (i === at ? bytes : leaf));
    return { parcel: { ...parcel, entries }, changed: `entry ${String(at)} ${changed}` };
  }
  const name = names[at - parcel.entries.length] ?? '';
  const before = parcel.blobs.get(name) ?? new Uint8Array();
  const { bytes, changed } =
    before[0] === OPEN_BRACE || before[0] === OPEN_BRACKET
      ? mutateJson(before, parcel, random)
      : mutateBytes(before, random);
  return { parcel: replaceBlob(parcel, name, bytes), changed: `blob ${name} ${changed}` };
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** The blob under its new hash, which takes the place of the old one in entries and other blobs, as far as it goes. */
function replaceBlob(parcel: Parcel, name: string, bytes: Uint8Array): Parcel {
  const renamed = blobAddress(bytes);
  const rename = (text: Uint8Array): Uint8Array => {
    const read = fromUtf8(text);
    return read?.includes(name) === true ? utf8(read.replaceAll(name, renamed)) : text;
  };
  const entries = parcel.entries.map(rename);
  const others = [...parcel.blobs].filter(([known]) => known !== name);
  let mended: Parcel = { entries, blobs: new Map([...others, [renamed, bytes]]) };
  for (const [known, text] of others) {
    const changed = rename(text);
    if (changed !== text) mended = replaceBlob(mended, known, changed);
  }
  return mended;
}

function mutateBytes(before: Uint8Array, random: Random) {
  const place = random.below(before.length);
  const byte = 1 + random.below(255);
  switch (random.below(4)) {
    case 0:
      return { bytes: before.slice(0, place), changed: `cut at ${String(place)}` };
    case 1:
      return {
        bytes: Uint8Array.of(...before.slice(0, place), byte, ...before.slice(place)),
        changed: `a byte more at ${String(place)}`,
      };
    default:
      return {
        bytes: before.map((value, i) => (i === place ? value ^ byte : value)),
        changed: `byte ${String(place)}`,
      };
  }
}

function mutateJson(before: Uint8Array, parcel: Parcel, random: Random) {
  const value = JSON.parse(fromUtf8(before) ?? 'null') as Json;
  const slots = slotsOf(value, '');
  const slot = slots[random.below(slots.length)];
  if (slot === undefined) return { bytes: before, changed: 'nothing' };
  const changed = change(slot, parcel, random);
  return { bytes: canonicalBytes(value), changed: `${slot.path}: ${changed}` };
}

function slotsOf(value: Json, path: string): Slot[] {
  if (value === null || typeof value !== 'object') return [];
  const isList = Array.isArray(value);
  return Object.keys(value).flatMap((name) => {
    const holder = value as Record<string, Json>;
    const slot: Slot = {
      path: `${path}/${name}`,
      name,
      get: () => holder[name] ?? null,
      set: (next) => {
        holder[name] = next;
      },
      remove: () => {
        if (isList) value.splice(Number(name), 1);
        else Reflect.deleteProperty(holder, name);
      },
    };
    return [slot, ...slotsOf(slot.get(), slot.path)];
  });
}

const numbers = [0, 1, 2, 10, 100_000_000, Number.MAX_SAFE_INTEGER];

function change(slot: Slot, parcel: Parcel, random: Random): string {
  switch (random.below(8)) {
    case 0:
      slot.remove();
      return 'removed';
    case 1:
      slot.set(null);
      return 'null';
    case 2:
    case 3:
      return swap(slot, parcel, random);
    default:
      return nudge(slot, random);
  }
}

/** Takes what a field of the same name holds elsewhere. */
function swap(slot: Slot, { entries, blobs }: Parcel, random: Random): string {
  const sources = [...entries, ...[...blobs.values()].filter((bytes) => bytes[0] === OPEN_BRACE)];
  const source = sources[random.below(sources.length)] ?? new Uint8Array();
  const alike = slotsOf(JSON.parse(fromUtf8(source) ?? 'null') as Json, '').filter(
    ({ name }) => name === slot.name,
  );
  const other = alike[random.below(alike.length)];
  if (other === undefined) return nudge(slot, random);
  slot.set(other.get());
  return `as in ${other.path}`;
}

function nudge(slot: Slot, random: Random): string {
  const value = slot.get();
  if (typeof value === 'boolean') {
    slot.set(!value);
    return 'turned round';
  }
  if (typeof value === 'number') {
    const next = [value + 1, Math.max(0, value - 1), value * 10, ...numbers];
    slot.set(next[random.below(next.length)] ?? 0);
    return 'another number';
  }
  if (typeof value === 'string') {
    slot.set(otherText(value, random));
    return 'another text';
  }
  if (Array.isArray(value)) {
    const copy = value[random.below(value.length)];
    slot.set(copy === undefined ? [0] : [...value, copy]);
    return 'one more';
  }
  slot.set(value === null ? '00'.repeat(32) : { ...value, more: 1 });
  return value === null ? 'a digest' : 'a field more';
}

const letters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*:-/., ';

function otherText(text: string, random: Random): string {
  const place = random.below(text.length);
  const letter = letters[random.below(letters.length)] ?? '0';
  const next = [
    `${text.slice(0, place)}${letter}${text.slice(place + 1)}`,
    `${text.slice(0, place)}${letter}${text.slice(place)}`,
    text.slice(0, place),
    text.toUpperCase(),
  ];
  const chosen = next[random.below(next.length)] ?? '';
  return isPlainText(chosen) ? chosen : '';
}
