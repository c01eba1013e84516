import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Pool, SeededRandom } from '#sim';
import { MalformedFrame } from '../../errors.ts';
import { lineBytes } from './line-memory.ts';
import { bodyBytesMax, halfBytes, headBytes, LineReader, LineWriter } from './line-ring.ts';

let pool: Pool;
let writer: LineWriter;
let reader: LineReader;

beforeEach(() => {
  pool = new Pool({ hosts: 2, hostBytes: 65536 });
  const [a, b] = pool.hosts.map(({ cache }) => cache);
  if (a === undefined || b === undefined) throw new Error('a pool has two hosts');
  writer = new LineWriter(a, { ownAt: 0, peerAt: halfBytes });
  reader = new LineReader(b, { ownAt: halfBytes, peerAt: 0 });
});

const head = (value: number) => new Uint8Array(headBytes).fill(value);
const body = (value: number, bytes: number) => new Uint8Array(bytes).fill(value);

/** The worst that caches may do. */
function trouble(seed: number): void {
  const random = new SeededRandom(seed);
  pool.pick = (count) => Math.floor(random.unit() * count);
  pool.evictions = () => Math.floor(random.unit() * 3);
  pool.flushesLate = () => random.unit() < 0.5;
}

describe('a ring of lines', () => {
  test('halves are whole lines', () => {
    expect(halfBytes % lineBytes).toBe(0);
  });

  test('has nothing before something is pushed', () => {
    expect([reader.ready, reader.next(), reader.done()]).toEqual([false, undefined, false]);
  });

  test('brings what is pushed, in order, whatever caches do', () => {
    const messages = fc.array(fc.record({ value: fc.nat(255), bytes: fc.nat(3000), takes: fc.nat(3) }), {
      minLength: 70,
      maxLength: 150,
    });
    fc.assert(
      fc.property(messages, fc.nat(), (sent, seed) => {
        pool = new Pool({ hosts: 2, hostBytes: 65536 });
        const [a, b] = pool.hosts.map(({ cache }) => cache);
        if (a === undefined || b === undefined) return;
        writer = new LineWriter(a, { ownAt: 0, peerAt: halfBytes });
        reader = new LineReader(b, { ownAt: halfBytes, peerAt: 0 });
        trouble(seed);
        const due = [...sent];
        let taken = 0;
        const take = () => {
          const message = reader.next();
          if (message === undefined) return false;
          const { value, bytes } = sent[taken++] ?? { value: -1, bytes: -1 };
          const whole = Buffer.concat([message.head, message.body]);
          expect(whole.equals(Buffer.concat([head(value), body(value, bytes)]))).toBe(true);
          return true;
        };
        while (due.length > 0) {
          const [next] = due;
          if (next !== undefined && writer.push(head(next.value), body(next.value, next.bytes))) {
            due.shift();
            for (let i = 0; i < next.takes && take(); i++);
          } else while (take());
          reader.done();
        }
        while (take());
        expect(taken).toBe(sent.length);
      }),
      { numRuns: 20 },
    );
  });

  test('says when it is full, and the reader hears that somebody waits', () => {
    let pushed = 0;
    while (writer.push(head(1), body(1, bodyBytesMax))) pushed += 1;
    expect(pushed).toBe(2);
    reader.next();
    expect(reader.done()).toBe(true);
    expect(writer.push(head(2), body(2, bodyBytesMax))).toBe(true);
    reader.next();
    expect(reader.done()).toBe(false);
  });

  test('takes as many messages without a body as it has records', () => {
    let pushed = 0;
    while (writer.push(head(1), body(0, 0))) pushed += 1;
    expect(pushed).toBe(64);
  });

  test('knows whether the peer rests, and has to be told', () => {
    writer.push(head(1), body(1, 1));
    expect(writer.peerRests).toBe(true);
    writer.push(head(2), body(2, 1));
    expect(writer.peerRests).toBe(false);
    reader.next();
    reader.next();
    reader.done();
    writer.push(head(3), body(3, 1));
    expect(writer.peerRests).toBe(true);
  });
});

describe('a hostile peer', () => {
  test.each([
    ['a body that is too long', 1, bodyBytesMax + 1, 0],
    ['a body beyond the ring', 1, 65, 511],
    ['a line that is none', 1, 0, 2 ** 32 - 1],
  ])('writes %s, which is refused', (_what, number, bytes, line) => {
    new Uint32Array(pool.memory.buffer, lineBytes, 3).set([number, bytes, line]);
    expect(() => reader.next()).toThrow(MalformedFrame);
  });

  test('has taken more than there was, which is refused', () => {
    writer.push(head(1), body(0, 0));
    new Uint32Array(pool.memory.buffer, halfBytes, 1).set([2]);
    expect(() => writer.peerRests).toThrow(MalformedFrame);
  });

  test('writes what is not due, which is not taken', () => {
    new Uint32Array(pool.memory.buffer, lineBytes, 3).set([7, 1, 1]);
    expect(reader.next()).toBeUndefined();
  });
});
