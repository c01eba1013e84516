// leasewire: RPC through leased memory. The public API; docs/architecture.md says how it hangs together.
export {
  type CallOptions,
  CapacityExceeded,
  Contention,
  DeadlineExceeded,
  Disconnected,
  FabricError,
  type FabricErrorCode,
  type FabricErrorOptions,
  Fenced,
  fabricErrorNumbers,
  IoError,
  LeaseExpired,
  type LeaseId,
  LeaseMemory,
  type LeaseStatus,
  MalformedFrame,
  PayloadTooLarge,
  type PlaneName,
  payloadBytesMax,
  type QueueOptions,
  type QueueShape,
  RemoteError,
  type RemoteErrorKind,
  type RenewalPolicy,
  type ResolvedService,
  Revoked,
  type RevokeOutcome,
  type RpcClientOptions,
  type RpcHandler,
  type RpcServerOptions,
  type ServeOptions,
  type ServiceEvent,
  type ServiceRecord,
  Unsupported,
  type WaitMode,
  type WaitOptions,
} from '#bridge';
export { FabricDns, type FabricDnsOptions } from './fabric-dns.ts';
export { FabricQueue, type FabricQueueOptions } from './fabric-queue.ts';
export { type AttachOptions, MemBuilder } from './mem-builder.ts';
export { MemLease } from './mem-lease.ts';
export { RpcClient, RpcServer } from './rpc.ts';
