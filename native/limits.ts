// What the operating system grants this process, asked of libc through ffi-rs and of /proc. Cold look-ups: for
// start-up checks, `leasewire doctor` and error messages, not for the data path.
import { readFileSync } from 'node:fs';
import { DataType, load, open } from 'ffi-rs';

/** Limits of this process and machine. Counts and bytes are integers from 0, or Infinity where nothing limits them. */
export interface ResourceLimits {
  /** Open descriptors allowed now (RLIMIT_NOFILE, soft). */
  readonly openFilesMax: number;
  /** What {@link openFilesMax} may be raised to (RLIMIT_NOFILE, hard). */
  readonly openFilesHard: number;
  /** Bytes that may be locked or registered with a NIC (RLIMIT_MEMLOCK, soft). */
  readonly lockedBytesMax: number;
  /** Memory mappings allowed per process (vm.max_map_count). */
  readonly mappingsMax: number;
  /** Bytes of a huge page of the default size; 0 if the kernel has none. */
  readonly hugePageBytes: number;
  /** Huge pages of that size that are free, whether or not others reserved them. */
  readonly hugePagesFree: number;
}

// Linux on x64 and arm64: bits/resource.h and bits/confname.h.
const RLIMIT_NOFILE = 7;
const RLIMIT_MEMLOCK = 8;
const RLIM_INFINITY = 2n ** 64n - 1n;
const SC_PAGESIZE = 30;

// The program's own symbols, among which are those of the C library that it runs on.
const library = 'leasewire-libc';
open({ library, path: '' });

/**
 * Reads the limits anew.
 * @throws Error if /proc is not mounted.
 */
export function resourceLimits(): ResourceLimits {
  const openFiles = resourceLimit(RLIMIT_NOFILE);
  const meminfo = readFileSync('/proc/meminfo', 'latin1');
  return {
    openFilesMax: openFiles.soft,
    openFilesHard: openFiles.hard,
    lockedBytesMax: resourceLimit(RLIMIT_MEMLOCK).soft,
    mappingsMax: Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1')),
    hugePageBytes: meminfoField(meminfo, 'Hugepagesize') * 1024,
    hugePagesFree: meminfoField(meminfo, 'HugePages_Free'),
  };
}

/** Bytes of a memory page: a power of two, 4096 on x64. */
export function pageBytes(): number {
  return load({
    library,
    funcName: 'sysconf',
    retType: DataType.I64,
    paramsType: [DataType.I32],
    paramsValue: [SC_PAGESIZE],
  });
}

function resourceLimit(resource: number): { soft: number; hard: number } {
  const rlimit = Buffer.alloc(16); // struct rlimit { rlim_t soft, hard; }, filled in place
  const status = load({
    library,
    funcName: 'getrlimit',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.U8Array],
    paramsValue: [resource, rlimit],
  });
  if (status !== 0) throw new Error(`getrlimit(${resource}) returned ${status}`);
  return { soft: limitAt(rlimit, 0), hard: limitAt(rlimit, 8) };
}

function limitAt(rlimit: Buffer, offset: number): number {
  const value = rlimit.readBigUInt64LE(offset);
  return value === RLIM_INFINITY ? Number.POSITIVE_INFINITY : Number(value);
}

/** A field of /proc/meminfo in its own unit (KiB or pages), 0 if the kernel lacks it. */
function meminfoField(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
}
