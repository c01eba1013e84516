// The door of bridge: what sdk builds its public API from. It loads no native code; plane/local has a door of its own.
export { Agent } from './agent/agent.ts';
export { type NetworkSettings, networkSettings, parsePeers } from './agent/network-settings.ts';
export { defaultRuntimePath, RuntimeDirectory } from './agent/runtime-directory.ts';
// What a plane and its carrier are written with.
export type {
  Carrier,
  CarrierEvents,
  CarrierListener,
  CarrierTransport,
  NetworkListener,
  NetworkTransport,
} from './control/carrier.ts';
export { decodeMessage, encodeMessage } from './control/codec.ts';
export { type Attached, type Message, protocolVersion } from './control/messages.ts';
export { type SocketFactory, TcpTransport } from './control/tcp-transport.ts';
export { DirectoryRegistry } from './dns/directory-registry.ts';
export { FabricDns } from './dns/fabric-dns.ts';
export type { Registry } from './dns/registry.ts';
export { checkServiceName, type ResolvedService, type ServiceRecord } from './dns/service-record.ts';
export type { ServiceEvent } from './dns/service-watch.ts';
export { type Clock, type Environment, type Random, systemEnvironment, type Timer } from './environment.ts';
export * from './errors.ts';
export { InvariantViolation, invariant } from './invariant.ts';
export {
  ControlPage,
  clientSleepsWord,
  controlPageBytes,
  type SlotLayout,
  serverSleepsWord,
  stateOf,
  stateWord,
} from './lease/control-page.ts';
export { Lease, type RevokeOutcome } from './lease/lease.ts';
export {
  agentIdToBytes,
  agentOf,
  type LeaseId,
  type LeaseReference,
  leaseIdToBytes,
  leaseUrl,
  parseLeaseReference,
} from './lease/lease-id.ts';
export type { LeaseStatus } from './lease/lease-status.ts';
export { LeaseMemory } from './lease/memory.ts';
export { defaultRenewalPolicy, type RenewalPolicy } from './lease/renewal.ts';
export {
  peerPollMs,
  rdmaCompletionsMax,
  rdmaReceivesMax,
  rdmaSendsMax,
  rdmaStagingChunkBytes,
  rdmaStagingChunks,
  rdmaStagingWords,
} from './limits.ts';
export { Histogram } from './metrics/histogram.ts';
export { Metrics } from './metrics/metrics.ts';
export { formatNetworkAddress, type NetworkAddress, parseNetworkAddress } from './network-address.ts';
export { type LineMemory, lineBytes } from './plane/cxl/line-memory.ts';
export {
  bodyBytesMax,
  type ChannelPlace,
  halfBytes,
  headBytes,
  type LineMessage,
  LineReader,
  LineWriter,
} from './plane/cxl/line-ring.ts';
export { arenaWords, IndexFlow, type IndexWire, isNotice, notices } from './plane/index-flow.ts';
export { MirrorSlots } from './plane/mirror-slots.ts';
export type {
  AllocateRequest,
  ArenaAccess,
  Attachment,
  BindRequest,
  ClientPort,
  Grant,
  HeldMemory,
  HolderLink,
  HolderLinkParts,
  HomeLink,
  HomeMemory,
  LinkPlane,
  Plane,
  PlaneName,
  ServerPort,
  Sleeper,
  Window,
} from './plane/plane.ts';
export { SharedHolderLink, SharedHomeLink } from './plane/shared-link.ts';
export { clientSleeps, type SleepWord } from './plane/sleep-word.ts';
export { boardBytes, entryKinds, SlotBoard, type SlotRange } from './plane/slot-board.ts';
export { type ClientEnd, clientEnd, type ServerEnd, serverEnd } from './plane/slot-ends.ts';
export { attachQueue, createQueue, type QueuePlace, type QueueShape } from './queue/open-queue.ts';
export { Queue, type QueueOptions } from './queue/queue.ts';
export type { WaitOptions } from './queue/wait-limits.ts';
export { RemoteError, type RemoteErrorKind } from './remote-error.ts';
export type { CallContext } from './rpc/call-context.ts';
export { payloadBytesMax } from './rpc/classic-layout.ts';
export { RpcClient } from './rpc/client.ts';
export { type CallOptions, checkSlotCount, type RpcClientOptions, type StreamOptions } from './rpc/client-options.ts';
export { type InPlaceReader, Loan, type LoanedCallOptions } from './rpc/loan.ts';
export type { InPlaceHandler, InPlaceReply, RpcHandler } from './rpc/rpc-handler.ts';
export type { RpcStream } from './rpc/rpc-stream.ts';
export { RpcServer, type RpcServerOptions, type ServeOptions } from './rpc/server.ts';
export type { WaitMode } from './rpc/spin-budget.ts';
export type { ServiceTransport } from './service/client-method.ts';
export {
  type ConnectOptions,
  connect,
  type MethodCall,
  type ServiceCallOptions,
  type ServiceClient,
} from './service/connect.ts';
export { ServiceMismatch } from './service/hello.ts';
export {
  type Implementation,
  type ImplementOptions,
  implement,
  type MethodImplementation,
  type ServiceContext,
} from './service/implement.ts';
export type { Messages } from './service/message-streams.ts';
export type { Metadata } from './service/metadata.ts';
export {
  type AnyMethod,
  type Bidirectional,
  bidirectional,
  type ClientStreaming,
  clientStreaming,
  type Method,
  type MethodKind,
  type MethodOf,
  type MethodOptions,
  type Methods,
  type Plain,
  type ServerStreaming,
  serverStreaming,
  type,
  type Unary,
  unary,
} from './service/method.ts';
export type { Middleware, Next, ServiceCall } from './service/middleware.ts';
export type { RetryPolicy } from './service/retry.ts';
export {
  defineService,
  type MethodDescription,
  type Service,
  type ServiceDescription,
  type ServiceOptions,
} from './service/service.ts';
export { type TracingApi, tracing } from './service/tracing.ts';
export { type MethodSide, ValidationError } from './validation-error.ts';
