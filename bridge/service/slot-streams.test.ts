// Methods that stream, over the real streams, on one machine and between two.
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { RemoteError } from '../remote-error.ts';
import { streamScene } from '../stream-world.test.support.ts';
import { ValidationError } from '../validation-error.ts';
import { outcome, serving } from '../world.test.support.ts';
import { connect } from './connect.ts';
import { type Implementation, implement, type ServiceContext } from './implement.ts';
import { bidirectional, clientStreaming, serverStreaming, unary } from './method.ts';
import { defineService } from './service.ts';

const tape = defineService({
  name: 'tape',
  methods: {
    upTo: serverStreaming<number, number>(),
    rows: serverStreaming<string, { id: number; text: string }>(),
    sum: clientStreaming({ input: v.number(), output: v.pipe(v.number(), v.maxValue(100_000)) }),
    first: clientStreaming<string, string>(),
    double: bidirectional<number, number>(),
    endless: serverStreaming<void, number>(),
    fails: serverStreaming<void, number>(),
    metadata: serverStreaming<void, string>(),
    one: unary<void, number>(),
  },
});

function typedTape() {
  const seen: { released: number; context: ServiceContext | undefined } = { released: 0, context: undefined };
  const implementation: Implementation<(typeof tape)['methods']> = {
    *upTo(last) {
      for (let each = 1; each <= last; each++) yield each;
    },
    *rows(text) {
      for (let id = 0; id < 5; id++) yield { id, text: text.repeat(id) };
    },
    async sum(numbers) {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    },
    async first(words) {
      for await (const word of words) return word;
      throw new RemoteError('nothing came', { code: 3 });
    },
    async *double(numbers) {
      for await (const number of numbers) yield 2 * number;
    },
    async *endless(_input, context) {
      seen.context = context;
      try {
        for (let each = 0; ; each++) yield each;
      } finally {
        seen.released += 1;
      }
    },
    *fails() {
      yield 1;
      throw new RemoteError('broken', { code: 9 });
    },
    *metadata(_input, { metadata }) {
      yield String(metadata['who']);
    },
    one: () => 1,
  };
  return { implementation, seen };
}

async function scene(far: boolean) {
  const { world, server, attach } = await streamScene({ far });
  const { implementation, seen } = typedTape();
  serving(server, implement(tape, implementation));
  const { client } = await attach(2);
  const typed = await world.clock.run(connect(tape, client));
  return { world, typed, seen };
}

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const message of messages) taken.push(message);
  return taken;
}

describe.each([
  ['on one machine', false],
  ['between machines', true],
])('a typed stream %s', (_where, far) => {
  test('gives every output, and takes every input', async () => {
    const { world, typed } = await scene(far);
    expect(await world.clock.run(all(typed.upTo(500)))).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(await world.clock.run(all(typed.upTo(0)))).toEqual([]);
    const text = 'long '.repeat(200);
    const rows = await world.clock.run(all(typed.rows(text)));
    expect(rows).toEqual([0, 1, 2, 3, 4].map((id) => ({ id, text: text.repeat(id) })));
    expect(await world.clock.run(typed.sum([1, 2, 3]))).toBe(6);
    expect(await world.clock.run(typed.sum(typed.upTo(300)))).toBe(45_150);
    expect(await world.clock.run(typed.one())).toBe(1);
  });

  test('gives and takes side by side', async () => {
    const { world, typed } = await scene(far);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer(), { maxLength: 100 }), async (numbers) => {
        expect(await world.clock.run(all(typed.double(numbers)))).toEqual(numbers.map((number) => 2 * number));
      }),
      { numRuns: 20 },
    );
  });

  test('that is left early is given up, and its slot comes back', async () => {
    const { world, typed, seen } = await scene(far);
    const leave = async () => {
      for await (const each of typed.endless()) if (each === 10) break;
    };
    for (let round = 1; round <= 3; round++) {
      await world.clock.run(leave());
      await world.clock.advance(10);
      expect(seen.released).toBe(round);
      expect(seen.context?.signal.aborted).toBe(true);
    }
    expect(await world.clock.run(all(typed.upTo(3)))).toEqual([1, 2, 3]);
  });

  test('may end before its inputs do', async () => {
    const { world, typed } = await scene(far);
    let closed = false;
    async function* words() {
      try {
        for (let each = 0; ; each++) yield `word ${each}`;
      } finally {
        closed = true;
      }
    }
    expect(await world.clock.run(typed.first(words()))).toBe('word 0');
    await world.clock.advance(10);
    expect(closed).toBe(true);
  });

  test('fails with what either side throws', async () => {
    const { world, typed } = await scene(far);
    const outputs: number[] = [];
    const reading = async () => {
      for await (const each of typed.fails()) outputs.push(each);
    };
    expect(await world.clock.run(outcome(reading()))).toMatchObject({ reason: { code: 9, message: 'broken' } });
    expect(outputs).toEqual([1]);
    expect(await world.clock.run(outcome(typed.first([])))).toMatchObject({ reason: { code: 3 } });
    const invalid = await world.clock.run(outcome(typed.sum([1, 'two' as unknown as number])));
    expect(invalid.status === 'rejected' && invalid.reason).toBeInstanceOf(ValidationError);
    const broken = new Error('no more input');
    function* numbers() {
      yield 1;
      throw broken;
    }
    expect(await world.clock.run(outcome(typed.sum(numbers())))).toMatchObject({ reason: broken });
  });

  test('ends at its deadline, and carries metadata', async () => {
    const { world, typed, seen } = await scene(far);
    const late = outcome(all(typed.endless(undefined, { deadlineMs: 20 })));
    expect(await world.clock.run(late)).toMatchObject({ reason: { code: 'DeadlineExceeded' } });
    await world.clock.advance(10);
    expect(seen.released).toBe(1);
    expect(await world.clock.run(all(typed.metadata(undefined, { metadata: { who: 'ada' } })))).toEqual(['ada']);
  });
});
