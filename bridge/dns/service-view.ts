// What a look for a service brings to light.
import type { AgentAddress } from '../agent/home-place.ts';
import type { FabricError } from '../errors.ts';
import type { ResolvedService } from './service-record.ts';

/** A living instance, and the way to it. */
export interface FoundService {
  readonly instance: ResolvedService;
  readonly address: AgentAddress;
  /** The peer that named it, `host:port`; undefined for one of this machine. */
  readonly peer: string | undefined;
}

/** What peers know. */
export interface PeersView {
  readonly found: readonly FoundService[];
  /** Peers that did not answer, and why: what they know may live or not. */
  readonly silent: ReadonlyMap<string, FabricError>;
}

export interface ServiceView extends PeersView {
  /** Whether some instance of this machine did not answer, though it may live: it is not among those found. */
  readonly quiet: boolean;
}

/** The least loaded first. */
export function byLoad(a: FoundService, b: FoundService): number {
  return b.instance.freeSlots - a.instance.freeSlots;
}
