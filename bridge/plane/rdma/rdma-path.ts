// How a lease's bytes are reached just now: by another path after each reconnection.
import type { RemoteRegion } from '#native';
import type { RdmaSession } from './rdma-session.ts';
import type { RdmaStaging } from './rdma-staging.ts';

/** For READ, WRITE and atomics. */
export interface RdmaPath {
  readonly wire: RdmaSession;
  readonly staging: RdmaStaging;
  /** The lease's bytes at home. */
  readonly home: RemoteRegion;
}

/** A holder's. */
export interface RdmaBoundPath extends RdmaPath {
  /** Names the lease in frames, or the first of its slots here. */
  readonly binding: number;
}
