// Numbers as people read them, to three significant digits.
import type { Spread } from './statistics.ts';

interface Unit {
  readonly name: string;
  readonly size: number;
}

export type Units = readonly [Unit, ...Unit[]];

export const durations: Units = [
  { name: ' ns', size: 1 },
  { name: ' µs', size: 1e3 },
  { name: ' ms', size: 1e6 },
  { name: ' s', size: 1e9 },
];

export const counts: Units = [
  { name: '', size: 1 },
  { name: ' k', size: 1e3 },
  { name: ' M', size: 1e6 },
];

export const byteRates: Units = [
  { name: ' B/s', size: 1 },
  { name: ' kB/s', size: 1e3 },
  { name: ' MB/s', size: 1e6 },
  { name: ' GB/s', size: 1e9 },
];

export const byteCounts: Units = [
  { name: ' B', size: 1 },
  { name: ' kB', size: 1e3 },
  { name: ' MB', size: 1e6 },
  { name: ' GB', size: 1e9 },
];

export const ratios: Units = [{ name: 'x', size: 1 }];

/** 131 ns, 12.3 µs, 4.56 ms. */
export function format(value: number, units: Units): string {
  const unit = unitOf(value, units);
  return `${significant(value / unit.size)}${unit.name}`;
}

/** The range around a value, in the value's unit: (0.98..12.3). */
export function formatRange({ min, max }: Spread, value: number, units: Units): string {
  const { size } = unitOf(value, units);
  return `(${significant(min / size)}..${significant(max / size)})`;
}

export function formatBytes(bytes: number): string {
  return bytes < 1024 || bytes % 1024 !== 0 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

/** The largest unit the value, as it will be rounded, fills. */
function unitOf(value: number, units: Units): Unit {
  return units.findLast(({ size }) => Number(value.toPrecision(3)) >= size) ?? units[0];
}

function significant(value: number): string {
  return value < 999.5 ? String(Number(value.toPrecision(3))) : String(Math.round(value));
}
