// Bugs of queues, looked for in runs that have nothing else.
import { dropped, type Plant } from './plant.ts';

type QueuePlant = Omit<Plant, 'workloads'>;

const queueOnly: readonly QueuePlant[] = [
  {
    name: 'index before the item',
    file: 'bridge/queue/queue',
    breaks: 'an item is given to the consumer before its bytes are there',
    replacements: [
      {
        from: 'this.#write(producer, bytes); producer.publish();',
        to: 'const { slot } = producer; producer.seal(bytes.length); producer.publish(); this.#arena.set(bytes, this.#payloadAt(slot));',
      },
    ],
    seedsMax: 20,
  },
  {
    name: 'index before the bytes on their way',
    file: 'bridge/plane/index-flow',
    breaks: 'an index is sent to a mirror before the bytes that it makes visible',
    replacements: [
      {
        from: 'this.#isUnderWay = true; this.#wire.post(this.#peerBoxAt, [index, indexOffset]);',
        to: 'this.#isUnderWay = true; this.#wire.post(this.#peerBoxAt, [index, indexOffset]); if (bytes > 0) this.#wire.write(offset, bytes);',
      },
      { from: 'if (bytes > 0) this.#wire.write(offset, bytes); this', to: 'this' },
    ],
    seedsMax: 20,
  },
  {
    name: 'given back before it is read',
    file: 'bridge/queue/queue',
    breaks: 'the producer has an item’s slot before its value is read',
    replacements: [
      {
        from: 'this.#peeked = true; return this.#itemOf(consumer);',
        to: 'this.#peeked = true; const lent = this.#itemOf(consumer); consumer.take(); consumer.publish(); return lent;',
      },
      dropped('this.#peeked = false; consumer.take(); consumer.publish();'),
    ],
    seedsMax: 20,
  },
  {
    name: 'room of the last item not given back',
    file: 'bridge/queue/ring-consumer',
    breaks: 'a consumer that has taken all that it knows of does not tell that there is room',
    replacements: [
      {
        from: 'if (this.#next === this.#head) return;',
        to: 'if (this.#next === this.#head || this.#next === this.#tail) return;',
      },
    ],
    seedsMax: 20,
  },
  {
    name: 'queue sleeps without a last look',
    file: 'bridge/queue/queue-wait',
    breaks: 'what came as an end fell asleep wakes nobody',
    replacements: [
      {
        from: 'this.#sleptAtMs = this.#clock.nowMs();',
        to: 'this.#sleptAtMs = this.#clock.nowMs(); if (1) return void this.#end.sleeper.arm();',
      },
    ],
    seedsMax: 200,
  },
  {
    name: 'around the end in one piece',
    file: 'bridge/queue/ring-producer',
    breaks: 'of a batch that goes around the end of the ring, what lies before that is not sent',
    replacements: [dropped('this.#end.publishIndex(offset, this.#slotsEnd - offset, tailAt, 0);')],
    seedsMax: 20,
  },
  {
    name: 'full not noticed',
    file: 'bridge/queue/ring-producer',
    breaks: 'one item more than fits is given, and the ring looks empty',
    replacements: [{ from: 'this.#reload(); return next !== this.#head;', to: 'this.#reload(); return true;' }],
    seedsMax: 20,
  },
  {
    name: 'not given again',
    file: 'bridge/queue/ring-producer',
    breaks: 'after a reconnection, a producer goes on behind what was on its way',
    replacements: [{ from: 'this.#publishFrom(tail);', to: 'this.#publishFrom(this.#tail);' }],
    seedsMax: 200,
  },
  {
    name: 'successor begins at the beginning',
    file: 'bridge/queue/ring-consumer',
    breaks: 'a consumer begins with the first slot, wherever its predecessor was',
    replacements: [{ from: 'this.#next = this.#head; }', to: 'this.#head = 0; this.#next = 0; }' }],
    seedsMax: 20,
  },
  {
    name: 'nobody woken by an index',
    file: 'bridge/plane/index-flow',
    breaks: 'an index that arrives wakes nobody',
    replacements: [{ from: 'index); return true; }', to: 'index); return false; }' }],
    seedsMax: 20,
  },
  {
    name: 'joined without its bytes',
    file: 'bridge/plane/index-flow',
    breaks: 'of publications that go together only the first one’s bytes are sent',
    replacements: [dropped('if (bytes > 0) last.bytes = offset + bytes - last.offset;')],
    seedsMax: 20,
  },
  {
    name: 'mailbox written to before it was seen',
    file: 'bridge/plane/index-flow',
    breaks: 'an index replaces another one in the peer’s mailbox',
    replacements: [dropped("if (next !== 'caught-up' && this.#isUnderWay) return;")],
    seedsMax: 20,
  },
  {
    name: 'part of a batch that threw is given',
    file: 'bridge/queue/queue',
    breaks: 'what stands before an item that is too large goes with the next one',
    replacements: [dropped('producer.unseal();')],
    seedsMax: 20,
  },
];

export const queuePlants: readonly Plant[] = queueOnly.map((plant) => ({ ...plant, workloads: ['queue'] }));
