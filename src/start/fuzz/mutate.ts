import { concat } from '../../core/base/bytes.ts';
import type { Field, FieldMap } from '../../core/psbt/fields.ts';
import {
  compactSize,
  globalType,
  inputType,
  littleEndian,
  outputType,
  readMaps,
  writeMaps,
} from '../../core/psbt/fields.ts';
import { openPsbt } from '../../core/psbt/open.ts';
import { asVersion0 } from '../../core/psbt/parsers.ts';
import type { Random } from './random.ts';

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;
type MapMutation = (maps: Field[][], random: Random) => void;

/** Bytes with one to four changes made to them: of bytes, of fields, of the version. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let mutated = bytes;
  for (let left = 1 + random.below(4); left > 0; left--)
    mutated = (mutations[random.below(mutations.length)] ?? flipBit)(mutated, random);
  return mutated;
}

const flipBit: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const bit = 1 << random.below(8);
  return Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ bit : byte));
};

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];

const setByte: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const value = EDGES[random.below(EDGES.length)] ?? 0;
  return Uint8Array.from(bytes, (byte, i) => (i === at ? value : byte));
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length));

const cut: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  return concat(bytes.slice(0, at), bytes.slice(at + 1 + random.below(40)));
};

const insert: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  return concat(bytes.slice(0, at), random.bytes(1 + random.below(8)), bytes.slice(at));
};

const repeat: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const end = at + 1 + random.below(60);
  return concat(bytes.slice(0, end), bytes.slice(at));
};

/** Of what is still a PSBT its fields, else its bytes. */
const onMaps =
  (change: MapMutation): Mutation =>
  (bytes, random) => {
    const maps = readMaps(bytes);
    if (!maps.ok || maps.value.length === 0) return flipBit(bytes, random);
    const changed = maps.value.map((map) => [...map]);
    change(changed, random);
    return writeMaps(changed);
  };

function mapOf(maps: Field[][], random: Random): Field[] {
  return maps[random.below(maps.length)] ?? [];
}

const TYPES = [...Array.from({ length: 0x21 }, (_, type) => type), 0x35, 0x70, 0xfb, 0xfc, 0xfd];

const addField: MapMutation = (maps, random) => {
  const map = mapOf(maps, random);
  const lengths = [0, 0, 0, 1, 32, 33, 64, 65, 97];
  const field = {
    type: TYPES[random.below(TYPES.length)] ?? 0,
    keyData: random.bytes(lengths[random.below(lengths.length)] ?? 0),
    value: random.bytes(random.below(80)),
  };
  map.splice(random.below(map.length + 1), 0, field);
};

const dropField: MapMutation = (maps, random) => {
  const map = mapOf(maps, random);
  map.splice(random.below(map.length), 1);
};

/** Into the same map or another one. */
const copyField: MapMutation = (maps, random) => {
  const from = mapOf(maps, random);
  const field = from[random.below(from.length)];
  if (field !== undefined) mapOf(maps, random).push(field);
};

const reorder: MapMutation = (maps, random) => {
  const map = mapOf(maps, random);
  for (let i = map.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    const [a, b] = [map[i], map[other]];
    if (a !== undefined && b !== undefined) [map[i], map[other]] = [b, a];
  }
};

const swapMaps: MapMutation = (maps, random) => {
  const [i, j] = [random.below(maps.length), random.below(maps.length)];
  const [a, b] = [maps[i], maps[j]];
  if (a !== undefined && b !== undefined) [maps[i], maps[j]] = [b, a];
};

const addMap: MapMutation = (maps, random) => {
  maps.splice(random.below(maps.length + 1), 0, []);
};

const dropMap: MapMutation = (maps, random) => {
  maps.splice(random.below(maps.length), 1);
};

/** Every part of a field can be the one that matters: its type, key, value or length. */
const changeField: MapMutation = (maps, random) => {
  const map = mapOf(maps, random);
  const at = random.below(map.length);
  const field = map[at];
  if (field === undefined) return;
  const { type, keyData, value } = field;
  const changes: readonly (() => Field)[] = [
    () => ({ type: type ^ (1 << random.below(6)), keyData, value }),
    () => ({
      type,
      keyData: keyData.length === 0 ? random.bytes(1) : flipBit(keyData, random),
      value,
    }),
    () => ({ type, keyData, value: value.length === 0 ? value : flipBit(value, random) }),
    () => ({ type, keyData, value: value.slice(0, random.below(value.length)) }),
    () => ({ type, keyData, value: concat(value, random.bytes(1 + random.below(4))) }),
  ];
  map[at] = changes[random.below(changes.length)]?.() ?? field;
};

/** The same in the other version: what one reader knows in one version must hold in the other. */
const convert: Mutation = (bytes, random) => {
  const opened = openPsbt(bytes);
  if (!opened.ok) return flipBit(bytes, random);
  if (opened.value.version === 2) return asVersion0(opened.value);
  const { plain, global, inputs, outputs } = opened.value;
  const one = (type: number, value: Uint8Array): Field => ({
    type,
    keyData: new Uint8Array(0),
    value,
  });
  const kept = global.filter(
    ({ type }) => type !== globalType.unsignedTransaction && type !== globalType.version,
  );
  const maps: FieldMap[] = [
    [
      ...kept,
      one(globalType.transactionVersion, littleEndian(plain.version, 4)),
      one(globalType.fallbackLockTime, littleEndian(plain.lockTime, 4)),
      one(globalType.inputCount, compactSize(inputs.length)),
      one(globalType.outputCount, compactSize(outputs.length)),
      one(globalType.version, littleEndian(2, 4)),
    ],
    ...plain.inputs.map(({ txid, vout, sequence }, at) => [
      ...(inputs[at] ?? []),
      one(inputType.previousTxid, Uint8Array.from(txid.match(/../g) ?? [], hexByte).reverse()),
      one(inputType.outputIndex, littleEndian(vout, 4)),
      one(inputType.sequence, littleEndian(sequence, 4)),
    ]),
    ...plain.outputs.map(({ script, value }, at) => [
      ...(outputs[at] ?? []),
      one(outputType.amount, littleEndian(value, 8)),
      one(outputType.script, script),
    ]),
  ];
  return writeMaps(maps);
};

function hexByte(pair: string): number {
  return Number.parseInt(pair, 16);
}

/** Fields are changed more often than bytes: bytes alone rarely get past the outermost check. */
const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  truncate,
  cut,
  insert,
  repeat,
  convert,
  convert,
  ...[addField, addField, dropField, copyField, reorder, reorder, swapMaps, addMap, dropMap].map(
    onMaps,
  ),
  ...[changeField, changeField, changeField].map(onMaps),
];
