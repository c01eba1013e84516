// What the operating system grants this process and machine: for start-up checks and error messages, not for the data path.
import { readFileSync } from 'node:fs';
import { type ProcessLimits, processLimits } from './addon.ts';

/** Limits of this process and machine. */
export interface ResourceLimits extends ProcessLimits {
  /** Memory mappings allowed per process (vm.max_map_count). */
  readonly mappingsMax: number;
  /** Bytes of a huge page of the default size; 0 if the kernel has none. */
  readonly hugePageBytes: number;
  /** Huge pages of that size that are free, whether or not others reserved them. */
  readonly hugePagesFree: number;
}

/**
 * Reads the limits anew.
 * @throws Error if /proc is not mounted, or this process may open no more files.
 */
export function resourceLimits(): ResourceLimits {
  const meminfo = readFileSync('/proc/meminfo', 'latin1');
  return {
    ...processLimits(),
    mappingsMax: Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1')),
    hugePageBytes: meminfoField(meminfo, 'Hugepagesize') * 1024,
    hugePagesFree: meminfoField(meminfo, 'HugePages_Free'),
  };
}

/** Bytes of a memory page. */
export function pageBytes(): number {
  return processLimits().pageBytes;
}

/** A field of /proc/meminfo in its own unit (KiB or pages), 0 if the kernel lacks it. */
function meminfoField(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
}
