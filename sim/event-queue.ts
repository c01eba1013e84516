// What is to happen, by the time at which it is due; at the same time, in the order in which it was planned. A binary
// heap: a simulation of many nodes has millions of timers pending, most of which are cancelled.
import type { Timer } from '#bridge';

export interface PlannedEvent {
  readonly dueMs: number;
  /** Counts up with every event planned: what orders those that are due together. */
  readonly sequence: number;
  readonly run: () => void;
}

/** It is its own timer, as there may be millions. */
class QueuedEvent implements PlannedEvent, Timer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly run: () => void;
  /** Where it stands in the heap; -1 once it is taken or removed. */
  place: number;
  readonly #queue: EventQueue;

  constructor(queue: EventQueue, event: PlannedEvent, place: number) {
    this.dueMs = event.dueMs;
    this.sequence = event.sequence;
    this.run = event.run;
    this.place = place;
    this.#queue = queue;
  }

  cancel(): void {
    this.#queue.remove(this);
  }
}

export class EventQueue {
  /** Each event comes no later than its two children, at twice its place and one or two more. */
  readonly #events: QueuedEvent[] = [];
  #sequence = 0;

  get length(): number {
    return this.#events.length;
  }

  /** When the next event is due; Infinity if there is none. */
  get nextDueMs(): number {
    return this.#events[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  add(dueMs: number, run: () => void): PlannedEvent & Timer {
    const event = new QueuedEvent(this, { dueMs, sequence: ++this.#sequence, run }, this.#events.length);
    this.#events.push(event);
    this.#rise(event);
    return event;
  }

  /** Takes the event that is next. */
  take(): PlannedEvent | undefined {
    const [next] = this.#events;
    if (next !== undefined) this.#takeOut(next);
    return next;
  }

  /** Takes an event out. One that is gone already is as good. */
  remove(event: PlannedEvent): void {
    const queued = event as QueuedEvent;
    if (queued.place >= 0) this.#takeOut(queued);
  }

  /** The last event takes its place, and moves to where it belongs. */
  #takeOut(event: QueuedEvent): void {
    const last = this.#events.pop() as QueuedEvent;
    if (last !== event) {
      this.#put(last, event.place);
      this.#rise(last);
      this.#sink(last);
    }
    event.place = -1;
  }

  #put(event: QueuedEvent, place: number): void {
    this.#events[place] = event;
    event.place = place;
  }

  #rise(event: QueuedEvent): void {
    let { place } = event;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#events[above] as QueuedEvent;
      if (!isSooner(event, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(event, place);
  }

  #sink(event: QueuedEvent): void {
    let { place } = event;
    for (let child = this.#soonerChild(place); child !== undefined; child = this.#soonerChild(place)) {
      if (!isSooner(child, event)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(event, place);
  }

  #soonerChild(place: number): QueuedEvent | undefined {
    const left = this.#events[2 * place + 1];
    const right = this.#events[2 * place + 2];
    return left === undefined || right === undefined || isSooner(left, right) ? left : right;
  }
}

function isSooner(a: PlannedEvent, b: PlannedEvent): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
