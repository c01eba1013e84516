// The typed service that a home serves, on whichever plane: what is written here is its client's and its server's.
import * as v from 'valibot';
import {
  type Bidirectional,
  bidirectional,
  type ClientStreaming,
  clientStreaming,
  defineService,
  type Implementation,
  type Middleware,
  RemoteError,
  type ServerStreaming,
  type Service,
  serverStreaming,
  type Unary,
  unary,
} from '../index.ts';

interface Order {
  readonly item: string;
  readonly count: number;
}

export interface Row {
  readonly id: number;
  readonly name: string;
}

const order: v.GenericSchema<Order> = v.object({ item: v.string(), count: v.pipe(v.number(), v.minValue(1)) });

export type HomeServiceMethods = {
  readonly add: Unary<{ a: number; b: number }, number>;
  readonly place: Unary<v.GenericSchema<Order>, string>;
  readonly rows: Unary<number, Row[]>;
  readonly echo: Unary<unknown, unknown>;
  readonly later: Unary<{ delayMs: number; value: string }, string>;
  readonly refuse: Unary<string, never>;
  readonly whoami: Unary<void, string>;
  readonly upTo: ServerStreaming<number, number>;
  readonly sum: ClientStreaming<number, number>;
  readonly double: Bidirectional<number, number>;
};

export const homeService: Service<HomeServiceMethods> = defineService({
  name: 'conformance',
  methods: {
    add: unary<{ a: number; b: number }, number>({ idempotent: true }),
    place: unary<v.GenericSchema<Order>, v.GenericSchema<string>>({
      input: order,
      output: v.pipe(v.string(), v.maxLength(20)),
    }),
    rows: unary<number, Row[]>(),
    echo: unary<unknown, unknown>(),
    later: unary<{ delayMs: number; value: string }, string>(),
    refuse: unary<string, never>(),
    whoami: unary<void, string>(),
    upTo: serverStreaming<number, number>(),
    sum: clientStreaming<number, number>(),
    double: bidirectional<number, number>(),
  },
});

export const homeImplementation: Implementation<HomeServiceMethods> = {
  add: ({ a, b }) => a + b,
  place: ({ item, count }) => `${count} of ${item}`,
  rows: (count) => Array.from({ length: count }, (_, id) => ({ id, name: `row ${id}` })),
  echo: (value) => value,
  later: ({ delayMs, value }) =>
    new Promise((resolve) => {
      setTimeout(() => resolve(value), delayMs);
    }),
  refuse: (message) => {
    throw new RemoteError(message, { code: 42 });
  },
  whoami: (_input, { metadata }) => String(metadata['user'] ?? 'nobody'),
  *upTo(last) {
    for (let each = 1; each <= last; each++) yield each;
  },
  async sum(numbers) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  },
  async *double(numbers) {
    for await (const number of numbers) yield 2 * number;
  },
};

/** Lets nobody in by the name of `stranger`. */
export const doorkeeper: Middleware = (call, next) => {
  if (call.metadata['user'] === 'stranger') throw new RemoteError('strangers stay outside', { code: 403 });
  return next(call);
};
