// Memory that several hosts map, each through a cache of its own which nothing keeps coherent. Whoever stores says when
// others are to see it, whoever loads says when to look anew; and each line has one host that stores in it, as a line is
// written back whole, with whatever that host believed of the rest of it.

/** What a cache holds and writes back as one piece. */
export const lineBytes = 64;

/** Such memory, by one host. Offsets are from its beginning. */
export interface LineMemory {
  /** A copy; of lines that are in the host's cache, what is there, however old. */
  load(offset: number, bytes: number): Uint8Array;
  /** Into the host's cache. Others see it once it is flushed, or at any time before. */
  store(offset: number, source: Uint8Array): void;
  /** Has the lines written back, in no order, by the next fence at the latest. */
  flush(offset: number, bytes: number): void;
  /** Has whatever is loaded next come from the memory. What this host has stored in the lines is written back first. */
  invalidate(offset: number, bytes: number): void;
  /** Whatever was flushed before is in the memory before anything that follows. */
  fence(): void;
}
