import type { Dice } from './dice.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A copy of JSON data in which one thing, somewhere, is another. It stays JSON that a log may hold. */
export function spoiled(dice: Dice, value: unknown): unknown {
  const copy = structuredClone(value) as Json;
  const places = placesIn(copy);
  const place = dice.one(places);
  place.put(other(dice, place.value));
  return copy;
}

interface Place {
  readonly value: Json;
  readonly put: (value: Json | undefined) => void;
}

function placesIn(value: Json): Place[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value))
    return value.flatMap((item, i) => [
      {
        value: item,
        put: (next: Json | undefined) => {
          if (next === undefined) value.splice(i, 1);
          else value[i] = next;
        },
      },
      ...placesIn(item),
    ]);
  return Object.entries(value).flatMap(([key, item]) => [
    {
      value: item,
      put: (next: Json | undefined) => {
        if (next === undefined) Reflect.deleteProperty(value, key);
        else value[key] = next;
      },
    },
    ...placesIn(item),
  ]);
}

/** Undefined: it is taken out. */
function other(dice: Dice, value: Json): Json | undefined {
  if (dice.in(20)) return undefined;
  if (value === null) return dice.one(['00'.repeat(32), 'x', 0, false]);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number')
    return dice.one([value + 1, Math.max(0, value - 1), 0, value * 2 + 1]);
  if (typeof value === 'string') return otherText(dice, value);
  if (Array.isArray(value))
    return dice.one<() => Json>([
      () => [],
      () => value.slice(1),
      () => [...value, ...value.slice(0, 1)],
      () => value.toReversed(),
    ])();
  return { ...value, [dice.one(['more', 'type'])]: 1 };
}

function otherText(dice: Dice, text: string): Json {
  if (/^[0-9a-f]{8,}$/.test(text)) {
    const at = dice.whole(0, text.length - 1);
    return text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
  }
  if (/^\d{4}-/.test(text))
    return dice.one([
      text.replace('2026', '2027'),
      text.replace('2026', '2025'),
      text.replace('-11-', '-13-'),
    ]);
  return dice.one<Json>([
    `${text}x`,
    text.slice(0, -1),
    'hot-2',
    'alice',
    '',
    null,
    text.toUpperCase(),
  ]);
}
