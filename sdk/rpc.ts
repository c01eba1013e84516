// Clients and servers over a MemLease. They keep the lease that they were given: it is not collected under them.
import {
  RpcClient as BridgeClient,
  RpcServer as BridgeServer,
  type RpcClientOptions,
  type RpcServerOptions,
} from '#bridge';
import { coreOf, type MemLease } from './mem-lease.ts';

/**
 * Calls the server of a lease:
 *
 *     const client = new RpcClient(lease);
 *     const response = await client.call(1, request);
 */
export class RpcClient extends BridgeClient {
  readonly memLease: MemLease;

  /**
   * Throws Contention or CapacityExceeded if others have the lease's slots, Unsupported if the lease has no server or no slot
   * here.
   */
  constructor(lease: MemLease, options?: RpcClientOptions) {
    super(coreOf(lease), options);
    this.memLease = lease;
  }
}

/**
 * Serves a lease that this process acquired:
 *
 *     const server = new RpcServer(lease, { slots: 64 });
 *     await server.serve({ handle: (methodId, payload) => payload }, { signal });
 */
export class RpcServer extends BridgeServer {
  readonly memLease: MemLease;

  /**
   * Throws Unsupported for a lease of another process, or one that is too small (65536 bytes in the classic layout, else all
   * slots), RangeError for slots that none has, and Contention if it is served already.
   */
  constructor(lease: MemLease, options?: RpcServerOptions) {
    super(coreOf(lease), options);
    this.memLease = lease;
  }
}
