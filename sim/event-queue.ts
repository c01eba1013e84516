// What is to happen, by the time at which it is due; at the same time, in the order in which it was planned.

export interface PlannedEvent {
  readonly dueMs: number;
  /** Counts up with every event planned: what orders those that are due together. */
  readonly sequence: number;
  readonly run: () => void;
}

export class EventQueue {
  /** Sorted, the next event last. */
  readonly #events: PlannedEvent[] = [];
  #sequence = 0;

  get length(): number {
    return this.#events.length;
  }

  /** When the next event is due; Infinity if there is none. */
  get nextDueMs(): number {
    return this.#events.at(-1)?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  add(dueMs: number, run: () => void): PlannedEvent {
    const event = { dueMs, sequence: ++this.#sequence, run };
    this.#events.splice(this.#indexOf(event), 0, event);
    return event;
  }

  /** Takes the event that is next. */
  take(): PlannedEvent | undefined {
    return this.#events.pop();
  }

  /** Takes an event out. One that is gone already is as good. */
  remove(event: PlannedEvent): void {
    const index = this.#indexOf(event);
    if (this.#events[index] === event) this.#events.splice(index, 1);
  }

  /** Where the event stands, or would stand: after all that come later than it does. */
  #indexOf(event: PlannedEvent): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isLater(this.#events[middle] as PlannedEvent, event)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isLater(a: PlannedEvent, b: PlannedEvent): boolean {
  return a.dueMs > b.dueMs || (a.dueMs === b.dueMs && a.sequence > b.sequence);
}
