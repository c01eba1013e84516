// Control messages as no honest peer sends them: true ones that are bent in one place, or bytes that are none.
import { Packr } from 'msgpackr';
import type { Chance } from './chance.ts';

type Fields = Readonly<Record<string, unknown>>;

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** At the limits of what numbers are, and beyond. */
const numbers = [
  0,
  -1,
  1,
  0.5,
  9.99,
  1023,
  1025,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 60,
  Number.NaN,
] as const;
const others = [null, true, '', 'a', [], {}, 'Disconnected', 'slots'] as const;

/** So long may one be, and a bit. */
const frameBytesMax = 16_384;

export function packed(message: Fields): Uint8Array {
  return packr.pack(message);
}

/** One message, bent. Never longer than a Unix socket takes in one piece. */
export function bent(chance: Chance, message: Fields): Uint8Array {
  switch (chance.integer(0, 5)) {
    case 0:
      return cut(chance, packed(message));
    case 1:
      return flipped(chance, packed(message));
    case 2:
      return noise(chance, chance.octaves(1, frameBytesMax + 100));
    case 3:
      return packed({ ...message, [chance.pick(['extra', 'seq', 'lease', 'type'])]: anything(chance) });
    default:
      return packed(withOneBent(chance, message));
  }
}

function withOneBent(chance: Chance, message: Fields): Fields {
  const key = chance.pick(Object.keys(message));
  const value = message[key];
  const bentValue = isFields(value) && chance.happens(0.7) ? withOneBent(chance, value) : like(chance, value);
  return { ...message, [key]: bentValue };
}

/** Of the same type, mostly, so that it gets further. */
function like(chance: Chance, value: unknown): unknown {
  if (chance.happens(0.2)) return anything(chance);
  if (typeof value === 'number') return chance.pick(numbers);
  if (value instanceof Uint8Array) return noise(chance, chance.happens(0.7) ? value.length : chance.integer(0, 1100));
  if (typeof value === 'string') return chance.pick(['', 'x'.repeat(2000), value.slice(1), `${value} `, 'queue']);
  return anything(chance);
}

function anything(chance: Chance): unknown {
  return chance.happens(0.5) ? chance.pick(numbers) : chance.pick(others);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !Array.isArray(value);
}

function cut(chance: Chance, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, chance.integer(1, bytes.length));
}

function flipped(chance: Chance, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let flips = chance.integer(1, 3); flips > 0; flips--)
    copy[chance.integer(0, copy.length - 1)] = chance.integer(0, 255);
  return copy;
}

export function noise(chance: Chance, count: number): Uint8Array {
  return Uint8Array.from({ length: Math.floor(count) }, () => chance.integer(0, 255));
}
