// What a plane hands to the suite: its name, and a way to start homes.
import type { Readable, Writable } from 'node:stream';
import type { FabricDns, MemBuilder, PlaneName } from '../index.ts';

/** What a process gets leases by: the package's own, or what a `MemoryProcess` of leasewire/testing offers. */
export interface LeaseClasses {
  readonly MemBuilder: typeof MemBuilder;
  readonly FabricDns: typeof FabricDns;
}

/**
 * A running home-program.js, here or on another machine. A child process with piped stdin and stdout is one; so is what
 * wraps an ssh session or a serial console.
 */
export interface HomeProcess {
  /** Takes commands. Its end ends the program. */
  readonly stdin: Writable;
  /** Gives answers. */
  readonly stdout: Readable;
  /** Ends the program itself, not merely the way to it, so that it can close nothing. */
  kill(signal: 'SIGKILL'): unknown;
  /** Calls back when the program has ended. */
  once(event: 'exit', listener: () => void): unknown;
}

export interface Fixture {
  /** The plane by which this process must reach the leases of its homes. */
  readonly plane: PlaneName;
  /** Starts a home that this process can attach to. The suite ends it. */
  spawnHome(): Promise<HomeProcess>;
  /** By which this process takes part. Defaults to the package's own. */
  readonly classes?: LeaseClasses;
  /**
   * Whether homes share this thread. A handler that answers later can then answer no callSync, which blocks it: cases call
   * such handlers by call() alone. Defaults to false.
   */
  readonly sharesThread?: boolean;
  /** Seconds that suffice, with room to spare, to attach a lease and call its server once. Defaults to 1. */
  readonly shortLeaseSecs?: number;
  /** Cases that cannot hold on this plane, by name, and why. They are skipped; a name that is no case's fails the suite. */
  readonly lacks?: Readonly<Record<string, string>>;
}
