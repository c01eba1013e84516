// How many bytes each contender moves, and which of perftest's figures it is held against.
import { PAYLOAD_BYTES_MAX } from '../bench/options.ts';
import { type BenchName, isBandwidth, isMemoryName, isPerftestName, type PerftestName } from './names.ts';

export const WORD_BYTES = 8;
export const MEMORY_BYTES = 64;
export const BULK_BYTES: number = 1 << 20;
/** What `--sizes` may ask for. The classic layout carries a header less: see PAYLOAD_BYTES_MAX. */
export const SIZE_BYTES_MAX = 32_768;

/** What one contender is measured with, given the sizes asked for. */
export function sizesOf(name: BenchName, asked: readonly number[]): readonly number[] {
  if (isBandwidth(name)) return [BULK_BYTES];
  if (name === 'leasewire-fetch-add') return [WORD_BYTES];
  if (isPerftestName(name)) return withReferences(name, asked);
  return isMemoryName(name) ? [MEMORY_BYTES] : asked.map((bytes) => Math.min(bytes, PAYLOAD_BYTES_MAX));
}

/** READs of the sizes that one-sided operations have are always measured: those are held against them. */
function withReferences(name: PerftestName, asked: readonly number[]): readonly number[] {
  const needed = name === 'ib_read_lat' ? [WORD_BYTES, MEMORY_BYTES] : [];
  return [...new Set([...asked, ...needed])].toSorted((a, b) => a - b);
}

/** Undefined for perftest's own. */
export function referenceOf(name: BenchName, bytes: number): { name: PerftestName; bytes: number } | undefined {
  if (isPerftestName(name)) return undefined;
  if (isBandwidth(name)) return { name: 'ib_write_bw', bytes };
  if (isMemoryName(name)) return { name: 'ib_read_lat', bytes };
  return { name: 'ib_write_lat', bytes: bytes === PAYLOAD_BYTES_MAX ? SIZE_BYTES_MAX : bytes };
}
