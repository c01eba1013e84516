// The ring against a model, and against deaths: an end stops after any of its stores, and another goes on in its place.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedFrame } from '../errors.ts';
import type { QueueEnd } from './queue-end.ts';
import { lengthBytes, readGeometry, ringGeometry, slotsAt, writeGeometry } from './queue-layout.ts';
import { RingConsumer } from './ring-consumer.ts';
import { RingProducer } from './ring-producer.ts';

const stride = 16;

/** A death in the middle of an operation: nothing after it happens. */
class Death extends Error {}

/** The ring's memory, and ends that store to it. */
class Memory {
  readonly arena: Uint8Array;
  readonly words: Int32Array;
  readonly capacity: number;
  /** Stores that the present end makes before it dies. */
  storesLeft: number = Number.POSITIVE_INFINITY;

  constructor(capacity: number) {
    const geometry = ringGeometry(capacity, stride);
    this.capacity = capacity;
    this.arena = new Uint8Array(Math.ceil(geometry.arenaBytesMin / 8) * 8);
    this.words = new Int32Array(this.arena.buffer);
    writeGeometry(this.arena, geometry);
  }

  store(store: () => void): void {
    if (this.storesLeft === 0) throw new Death();
    this.storesLeft -= 1;
    store();
  }

  get #end(): QueueEnd {
    return {
      observe: () => undefined,
      publishIndex: (_offset: number, _bytes: number, indexOffset: number, index: number) => {
        this.store(() => Atomics.store(this.words, indexOffset / 4, index));
      },
    } as unknown as QueueEnd;
  }

  producer(): RingProducer {
    return new RingProducer(this.words, this.#end, readGeometry(this.arena));
  }

  consumer(): RingConsumer {
    return new RingConsumer(this.words, this.#end, readGeometry(this.arena));
  }

  /** Writes an item byte by byte, then its length: every store may be the last. */
  write(producer: RingProducer, item: Uint8Array): void {
    const at = slotsAt + producer.slot * stride + lengthBytes;
    for (const [index, byte] of item.entries()) this.store(() => this.arena.fill(byte, at + index, at + index + 1));
    this.store(() => producer.seal(item.length));
  }

  read(consumer: RingConsumer): Uint8Array {
    const at = slotsAt + consumer.slot * stride + lengthBytes;
    return this.arena.slice(at, at + consumer.bytes);
  }

  /** By the documented layout alone. */
  get items(): Uint8Array[] {
    const view = new DataView(this.arena.buffer);
    const [head, tail] = [Number(view.getBigUint64(0, true)), Number(view.getBigUint64(8, true))];
    const items: Uint8Array[] = [];
    for (let index = head; index !== tail; index = (index + 1) % this.capacity) {
      const at = 32 + index * stride;
      items.push(this.arena.slice(at + 4, at + 4 + view.getUint32(at, true)));
    }
    return items;
  }
}

const item = fc.uint8Array({ maxLength: stride - lengthBytes });
const capacities = fc.integer({ min: 2, max: 9 });

/** Pushes as many as there is room for, and publishes them at once. */
function pushAll(memory: Memory, producer: RingProducer, items: readonly Uint8Array[]): number {
  let pushed = 0;
  for (const each of items) {
    if (!producer.place()) break;
    memory.write(producer, each);
    pushed += 1;
  }
  producer.publish();
  return pushed;
}

function popAll(memory: Memory, consumer: RingConsumer, countMax: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  while (taken.length < countMax && consumer.find()) {
    taken.push(memory.read(consumer));
    consumer.take();
  }
  consumer.publish();
  return taken;
}

type Step = { readonly push: Uint8Array[] } | { readonly pop: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ push: fc.array(item, { maxLength: 12 }) }),
  fc.record({ pop: fc.nat(12) }),
);

describe('the ring', () => {
  test('is a bounded queue, and stands in memory as it is documented', () => {
    fc.assert(
      fc.property(capacities, fc.array(step, { maxLength: 60 }), (capacity, steps) => {
        const memory = new Memory(capacity);
        const [producer, consumer] = [memory.producer(), memory.consumer()];
        const model: Uint8Array[] = [];
        for (const each of steps) {
          if ('push' in each) {
            const room = capacity - 1 - model.length;
            expect(pushAll(memory, producer, each.push)).toBe(Math.min(room, each.push.length));
            model.push(...each.push.slice(0, room));
          } else {
            expect(popAll(memory, consumer, each.pop)).toEqual(model.splice(0, each.pop));
          }
          expect(memory.items).toEqual(model);
        }
      }),
    );
  });

  test('given up, what was sealed was never there', () => {
    const memory = new Memory(4);
    const producer = memory.producer();
    for (const byte of [1, 2]) {
      expect(producer.place()).toBe(true);
      memory.write(producer, Uint8Array.of(byte));
    }
    producer.unseal();
    producer.publish();
    expect(memory.items).toEqual([]);
    expect(pushAll(memory, producer, [Uint8Array.of(3)])).toBe(1);
    expect(memory.items).toEqual([Uint8Array.of(3)]);
  });

  test('whatever stands in its words, nothing outside the slots is read', () => {
    const words = fc.array(fc.oneof(fc.integer(), fc.integer({ min: -2, max: 9 })), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(words, fc.integer(), (indices, length) => {
        const memory = new Memory(4);
        memory.words.set(indices);
        for (let slot = 0; slot < 4; slot++) memory.words[(slotsAt + slot * stride) / 4] = length;
        try {
          const consumer = memory.consumer();
          while (consumer.find()) {
            expect(consumer.slot).toBeLessThan(4);
            expect(consumer.bytes).toBeLessThanOrEqual(stride - lengthBytes);
            consumer.take();
          }
          const producer = memory.producer();
          while (producer.place()) {
            expect(producer.slot).toBeLessThan(4);
            producer.seal(0);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrame);
        }
      }),
    );
  });
});

describe('an end that dies after any of its stores', () => {
  /** Runs an operation of which only the first stores happen; true if it came to its end. */
  function upTo(memory: Memory, stores: number, operation: () => void): boolean {
    memory.storesLeft = stores;
    try {
      operation();
      return true;
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      return false;
    } finally {
      memory.storesLeft = Number.POSITIVE_INFINITY;
    }
  }

  const before = fc.nat(30);
  const numbered = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => Uint8Array.of(from + i, 7, 7));

  /** A ring that has gone around for a while, with a few items in it. */
  function used(capacity: number, rounds: number, filled: number): { memory: Memory; items: Uint8Array[] } {
    const memory = new Memory(capacity);
    const [producer, consumer] = [memory.producer(), memory.consumer()];
    for (let round = 0; round < rounds; round++) {
      pushAll(memory, producer, [Uint8Array.of(0xee, 0xee, 0xee, 0xee)]);
      popAll(memory, consumer, 1);
    }
    const items = numbered(100, Math.min(filled, capacity - 1));
    pushAll(memory, producer, items);
    return { memory, items };
  }

  test('while it produces leaves a ring that is whole, with some of its batch in order, and all if it had published', () => {
    fc.assert(
      fc.property(capacities, before, fc.nat(8), fc.nat(8), fc.nat(40), (capacity, rounds, filled, batch, stores) => {
        const { memory, items } = used(capacity, rounds, filled);
        const pushed = numbered(1, batch);
        const room = Math.min(batch, capacity - 1 - items.length);
        const isDone = upTo(memory, stores, () => pushAll(memory, memory.producer(), pushed));
        const left = memory.items;
        const committed = left.length - items.length;
        expect(left).toEqual([...items, ...pushed.slice(0, committed)]);
        expect(committed).toBeLessThanOrEqual(room);
        if (isDone) expect(committed).toBe(room);
        // The successor goes on behind what was committed.
        pushAll(memory, memory.producer(), numbered(50, capacity));
        const expected = [...left, ...numbered(50, capacity - 1 - left.length)];
        expect(popAll(memory, memory.consumer(), 100)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('while it consumes leaves what it had not given back, and none else', () => {
    fc.assert(
      fc.property(capacities, before, fc.nat(8), fc.nat(8), fc.nat(1), (capacity, rounds, filled, count, stores) => {
        const { memory, items } = used(capacity, rounds, filled);
        let taken: Uint8Array[] = [];
        const isDone = upTo(memory, stores, () => {
          taken = popAll(memory, memory.consumer(), count);
        });
        const left = isDone ? items.slice(taken.length) : items;
        expect(memory.items).toEqual(left);
        expect(popAll(memory, memory.consumer(), 100)).toEqual(left);
        expect(pushAll(memory, memory.producer(), numbered(1, 100))).toBe(capacity - 1);
      }),
      { numRuns: 1000 },
    );
  });

  test('again and again, at both ends: each item comes in order, none twice, none that was committed is lost', () => {
    const turns = fc.array(fc.record({ produces: fc.boolean(), count: fc.nat(6), stores: fc.nat(24) }), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(capacities, turns, (capacity, all) => {
        const memory = new Memory(capacity);
        const taken: number[] = [];
        let committed = 0;
        for (const { produces, count, stores } of all) {
          if (produces) {
            const held = memory.items.length;
            upTo(memory, stores, () => pushAll(memory, memory.producer(), numbered(committed % 256, count)));
            committed += memory.items.length - held;
          } else {
            upTo(memory, stores, () => {
              taken.push(...popAll(memory, memory.consumer(), count).map(([first]) => first as number));
            });
          }
        }
        taken.push(...popAll(memory, memory.consumer(), 100).map(([first]) => first as number));
        expect(taken).toEqual(Array.from({ length: committed }, (_, index) => index % 256));
      }),
      { numRuns: 500 },
    );
  });
});
