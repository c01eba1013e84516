// How a lease's bytes are reached just now: by another path after each reconnection.
import type { FabricError } from '#bridge';
import type { FarEnd } from './far-end.ts';

export interface FarPath {
  readonly end: FarEnd;
  /** Names the lease in the session. */
  readonly binding: number;
  /** For a thread that blocks, and so can hear nothing else: the session is broken. */
  readonly onBroken: (error: FabricError) => void;
}
