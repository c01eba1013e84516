// Queues over a MemLease. They keep the lease that they were given: it is not collected under them.
import { attachQueue, createQueue, Queue, type QueueOptions, type QueuePlace, type QueueShape } from '#bridge';
import { coreOf, type MemLease } from './mem-lease.ts';

/** What create() wants to know: slots, bytes of each, and how this end waits. */
export interface FabricQueueOptions extends QueueShape, QueueOptions {}

/**
 * A bounded queue in a lease, for one producer and one consumer: the home of the lease is one of them, whoever holds it
 * the other. An end is what it does first.
 *
 *     const queue = FabricQueue.create<Tick>(lease, { capacity: 1024, stride: 256 });   // at home
 *     await queue.send({ symbol: 'A', price: 1 });
 *
 *     const queue = await FabricQueue.attach<Tick>(lease);                              // at a holder
 *     for await (const tick of queue) console.log(tick);
 *
 * What is in the queue outlives a holder: the next one goes on where it stopped. An item is given once push() or commit()
 * has returned, and taken once pop() or release() has. Over another plane than `local` both are on their way for a while:
 * of a holder that goes meanwhile the newest items are lost, and come again to its successor, respectively.
 */
export class FabricQueue<T = unknown> extends Queue<T> {
  readonly memLease: MemLease;

  private constructor(lease: MemLease, place: QueuePlace, options: QueueOptions) {
    super(place, options);
    this.memLease = lease;
  }

  /**
   * Makes a queue in a lease that this process acquired. `capacity` slots (2 or more, of which one is always free) of
   * `stride` bytes (a multiple of 4, 8 or more; an item has at most `stride` - 4) take 32 + `capacity` * `stride` + 40
   * bytes at most. Throws RangeError for other numbers, Unsupported for a lease that is too small or of another process,
   * Contention if it has a server or a queue already.
   */
  static create<T = unknown>(lease: MemLease, options: FabricQueueOptions): FabricQueue<T> {
    return new FabricQueue<T>(lease, createQueue(coreOf(lease), options), options);
  }

  /**
   * Takes the other end of a queue, at a holder of its lease, or at its home. Rejects with Unsupported if the lease has no
   * queue, or was attached without a slot, Contention if this process has that end already, MalformedFrame for a ring that
   * is none, and the lease's error once that has ended.
   */
  static async attach<T = unknown>(lease: MemLease, options: QueueOptions = {}): Promise<FabricQueue<T>> {
    return new FabricQueue<T>(lease, await attachQueue(coreOf(lease)), options);
  }
}
