// How a lease's bytes are reached just now: by another path after each reconnection.
import type { FabricError } from '#bridge';
import type { FarNews, FarRequest, FarResult } from './far-request.ts';
import type { ProcessClock } from './process-clock.ts';

/** One end of what leads to another machine: a session of cards, or a channel in a pool. */
export interface FarWay {
  /** What the peer may reach here, by binding. */
  readonly regions: Map<number, Uint8Array>;
  readonly broken: FabricError | undefined;
  request(request: Exclude<FarRequest, { op: 'read' | 'publish' }>): Promise<FarResult>;
  /** Writes bytes to the peer, then tells it. */
  publish(binding: number, offset: number, source: Uint8Array, news: FarNews): void;
  /** Looks whether the peer is still there. */
  probe(): void;
  observe(): void;
}

export interface FarPath<W extends FarWay = FarWay> {
  readonly end: W;
  /** Names the lease in the session. */
  readonly binding: number;
  /** For a thread that blocks, and so can hear nothing else: the session is broken. */
  readonly onBroken: (error: FabricError) => void;
}

/** All ends of one process. */
export interface FarLooker {
  readonly clock: ProcessClock;
  /** Whether something has happened that nobody has noticed. */
  readonly hasNews: boolean;
  observe(): void;
  keepAlive(keeper: object, keep: boolean): void;
}
