// The one door to native code: operating-system and RDMA resources as small classes, and cold look-ups.
// Only `bridge/plane/*` imports it. Every failure is an Error with `code`, `errno` and `syscall`, as Node's own are.

export type { ProcessLimits, Readable, SystemError } from './addon.ts';
export {
  createSealedMemfd,
  Descriptor,
  Doorbell,
  inspectMemfd,
  Mapping,
  processLimits,
  SeqpacketListener,
  SeqpacketSocket,
  waitReadable,
} from './addon.ts';
export { pageBytes, type ResourceLimits, resourceLimits } from './limits.ts';
export { listRdmaDevices, type RdmaDevice, type RdmaGid, type RdmaPort } from './rdma-devices.ts';
export { setTcpUserTimeout } from './tcp.ts';
export {
  CompletionQueue,
  completionKinds,
  MemoryRegion,
  ProtectionDomain,
  QueuePair,
  type QueuePairLimits,
  type QueuePairRoute,
  type RegionAccess,
  RemoteRegion,
  type VerbsAttributes,
  VerbsContext,
  type VerbsEvent,
} from './verbs.ts';
