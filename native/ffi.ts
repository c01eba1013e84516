// Where ffi-rs is loaded: for cold look-ups and calls, on main threads.
import { createRequire } from 'node:module';
import type * as FfiRs from 'ffi-rs';

export type Ffi = typeof FfiRs;

/**
 * Not before it is needed, and never in a worker thread, which it is not fit for: threads change its table of libraries
 * without a lock; a thread that is terminated within a call makes it abort the process; and if it was loaded by workers
 * alone, Node unloads it before the C library has called the destructor that its Rust runtime left with their threads.
 */
export function loadFfi(): Ffi {
  return createRequire(import.meta.url)('ffi-rs') as Ffi;
}
