// The one door to native code: operating-system resources as small classes, and cold look-ups through ffi-rs.
// Only `bridge/plane/*` imports it. Every failure is an Error with `code`, `errno` and `syscall`, as Node's own are.

export type { Readable, SystemError } from './addon.ts';
export {
  createSealedMemfd,
  Descriptor,
  Doorbell,
  inspectMemfd,
  Mapping,
  SeqpacketListener,
  SeqpacketSocket,
  waitReadable,
} from './addon.ts';
export { pageBytes, type ResourceLimits, resourceLimits } from './limits.ts';
