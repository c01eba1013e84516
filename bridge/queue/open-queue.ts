// How the two ends of a queue come to their lease: the home lays the ring out and opens the lease for one holder, who
// claims its slot and, where its window is a mirror, waits until that shows the ring.
import { Unsupported } from '../errors.ts';
import { HomeLease } from '../lease/home-lease.ts';
import type { Lease } from '../lease/lease.ts';
import { arenaWords } from '../plane/index-flow.ts';
import type { ClientPort, ServerPort } from '../plane/plane.ts';
import { HolderEnd, HomeEnd, type QueueEnd } from './queue-end.ts';
import {
  capacityAt,
  headAt,
  type RingGeometry,
  readGeometry,
  readIndex,
  ringGeometry,
  slotsAt,
  strideAt,
  tailAt,
  writeGeometry,
} from './queue-layout.ts';

const withBothEnds = new WeakSet<Lease>();

/** Whether both ends of a lease's queue are this thread's. */
export function hasBothEnds(lease: Lease): boolean {
  return withBothEnds.has(lease);
}

/** One end of a queue, and where it is. */
export interface QueuePlace {
  readonly lease: Lease;
  readonly geometry: RingGeometry;
  readonly end: QueueEnd;
  /** Where this end says what it does, and where the other does. */
  readonly ownDeedAt: number;
  readonly peerDeedAt: number;
  /** The number of the holder's session; undefined at home. */
  readonly session: number | undefined;
}

export interface QueueShape {
  /** Slots, from 2 on. One is always free, so that one item fewer fits. */
  readonly capacity: number;
  /** Bytes from one slot to the next, a multiple of 4, from 8 on. An item has at most 4 bytes less. */
  readonly stride: number;
}

/**
 * Makes a queue in a lease of this process. Throws RangeError for a shape that is none, Unsupported at a holder and for a lease
 * that is too small, Contention if the lease has a queue or a server already.
 */
export function createQueue(lease: Lease, { capacity, stride }: QueueShape): QueuePlace {
  if (!(lease instanceof HomeLease)) throw new Unsupported('a queue is created where its lease was acquired');
  const geometry = ringGeometry(capacity, stride);
  const { arenaBytesMin: bytes, homeDeedAt, holderDeedAt } = geometry;
  if (bytes > lease.arenaBytes) {
    throw new Unsupported(
      `a queue of ${capacity} slots of ${stride} bytes takes a lease of ${bytes} bytes, this has ${lease.arenaBytes}`,
    );
  }
  // The slot's next holder goes on with the ring as it stands: nothing is wiped.
  const port = lease.openServer(
    { name: 'queue', slotCount: 1, slotStride: stride },
    {
      clientCame: () => undefined,
      clientGone: () => undefined,
    },
  );
  writeGeometry(lease.window.arena, geometry);
  port.onCatchUp((slot) => publishAll(lease, geometry, port, slot));
  const end = new HomeEnd(port);
  return { lease, geometry, end, ownDeedAt: homeDeedAt, peerDeedAt: holderDeedAt, session: undefined };
}

/**
 * Takes the other end of a queue. Rejects with Unsupported if the lease has none, or was attached without a slot, with
 * Contention if somebody has that end, with MalformedFrame for a ring that is none, and with the lease's error.
 */
export async function attachQueue(lease: Lease): Promise<QueuePlace> {
  const { name } = lease.readLayout();
  if (name !== 'queue') throw new Unsupported(`lease ${lease.id} has no queue: its layout is ${JSON.stringify(name)}`);
  const { port, session } = lease.claimClientSlots(1);
  if (lease instanceof HomeLease) withBothEnds.add(lease);
  await caughtUp(lease, port);
  lease.check();
  const geometry = readGeometry(lease.window.arena);
  const { homeDeedAt, holderDeedAt } = geometry;
  const end = new HolderEnd(port);
  return { lease, geometry, end, ownDeedAt: holderDeedAt, peerDeedAt: homeDeedAt, session };
}

/** Again over another way, should the first be lost. */
function caughtUp(lease: Lease, port: ClientPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = lease.onEnd(() => reject(lease.endedError(false)));
    let isDone = false;
    const done = () => {
      isDone = true;
      port.keepAlive(false);
      forget();
      resolve();
    };
    lease.onResumed(() => {
      if (!isDone) port.catchUp(done);
    });
    port.keepAlive(true);
    port.catchUp(done);
  });
}

/** All that a holder with a mirror has to know: the indices, what the ends do, the items between them, and last the ring's numbers. */
function publishAll(lease: HomeLease, geometry: RingGeometry, port: ServerPort, slot: number): void {
  const indices = indicesOf(lease, geometry);
  if (indices === undefined) return;
  const { stride, slotsEnd, homeDeedAt, holderDeedAt, capacity } = geometry;
  const { words, head, tail } = indices;
  const at = (index: number) => slotsAt + index * stride;
  port.publishIndex(slot, 0, 0, headAt, head);
  for (const deedAt of [homeDeedAt, holderDeedAt]) {
    port.publishIndex(slot, 0, 0, deedAt, Atomics.load(words, deedAt >>> 2) >>> 0);
  }
  if (tail < head) port.publishIndex(slot, at(head), slotsEnd - at(head), tailAt, 0);
  const from = tail < head ? 0 : head;
  port.publishIndex(slot, at(from), at(tail) - at(from), tailAt, tail);
  port.publishIndex(slot, 0, 0, strideAt, stride);
  port.publishIndex(slot, 0, 0, capacityAt, capacity);
}

/** Undefined where a holder has left what cannot be: it is told nothing, and neither is a successor. */
function indicesOf(lease: HomeLease, { capacity }: RingGeometry) {
  if (lease.status !== 'active') return undefined;
  const words = wordsOf(lease);
  try {
    return { words, head: readIndex(words, headAt, capacity), tail: readIndex(words, tailAt, capacity) };
  } catch {
    lease.context.metrics.malformedFrames += 1;
    return undefined;
  }
}

/** The arena as words, for indices and lengths. */
export function wordsOf(lease: Lease): Int32Array {
  return arenaWords(lease.window);
}
