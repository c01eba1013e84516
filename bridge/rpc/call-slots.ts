// Where the calls of one client are: in its slots, or waiting for one in order.
import { CapacityExceeded, type FabricError } from '../errors.ts';
import { queuedCallsMax } from '../limits.ts';
import type { PendingCall } from './pending-call.ts';

/** A slot that no call has, but whoever holds it. */
export interface HeldSlot {
  readonly slot: number;
  /** Which session it is of: after an interruption the slot is another's. */
  readonly epoch: number;
}

export class CallSlots {
  /** Those that wait for a slot. */
  readonly queue: PendingCall[] = [];
  readonly #calls: (PendingCall | undefined)[];
  readonly #free: number[];
  /** Counts reset(). */
  #epoch = 0;

  constructor(slotCount: number) {
    this.#calls = new Array(slotCount).fill(undefined);
    this.#free = [...this.#calls.keys()].reverse();
  }

  /** Throws CapacityExceeded where too many wait already. */
  checkQueue(): void {
    if (this.queue.length < queuedCallsMax) return;
    throw new CapacityExceeded(`${queuedCallsMax} calls wait for a slot already, the most that can`);
  }

  /** Whether all slots are free. */
  get quiet(): boolean {
    return this.#free.length === this.#calls.length;
  }

  get hasFree(): boolean {
    return this.#free.length > 0;
  }

  /** Whether somebody waits for something. */
  get wanted(): boolean {
    return this.queue.length > 0 || this.#calls.some((call) => call?.abandoned === false);
  }

  /** The free slot that is taken next. */
  get next(): number {
    return this.#free[this.#free.length - 1] as number;
  }

  /** Takes the next slot for a call, or for nobody yet. */
  take(call?: PendingCall): number {
    const slot = this.#free.pop() as number;
    this.#calls[slot] = call;
    return slot;
  }

  hold(): HeldSlot {
    return { slot: this.take(), epoch: this.#epoch };
  }

  /** Whether a held slot is still its holder's. */
  stands({ epoch }: HeldSlot): boolean {
    return epoch === this.#epoch;
  }

  /** A slot that was taken for nobody has a call. */
  fill(slot: number, call: PendingCall): void {
    this.#calls[slot] = call;
  }

  at(slot: number): PendingCall | undefined {
    return this.#calls[slot];
  }

  /** Where a call is; -1 if in no slot. */
  slotOf(call: PendingCall): number {
    return this.#calls.indexOf(call);
  }

  free(slot: number): void {
    this.#calls[slot] = undefined;
    this.#free.push(slot);
  }

  all(): PendingCall[] {
    return [...this.inSlots().map(({ call }) => call), ...this.queue];
  }

  inSlots(): { readonly slot: number; readonly call: PendingCall }[] {
    return [...this.#calls.entries()].flatMap(([slot, call]) => (call === undefined ? [] : [{ slot, call }]));
  }

  /** What is in the slots may have run: only what may run twice goes to the front of the queue, the rest fails. */
  breakOff(error: FabricError): void {
    const again: PendingCall[] = [];
    for (const { call } of this.inSlots()) {
      call.mayHaveRun = true;
      if (!call.idempotent) call.reject(error);
      else if (!call.abandoned) again.push(call);
    }
    this.empty();
    this.queue.unshift(...again);
  }

  /** Nothing is in the slots any more, which stay taken until reset(). */
  empty(): void {
    this.#calls.fill(undefined);
  }

  /** The slots are free, whoever held them. */
  reset(): void {
    this.#epoch += 1;
    this.#free.splice(0, Number.POSITIVE_INFINITY, ...[...this.#calls.keys()].reverse());
  }
}
