// The typed service that a home serves, on whichever plane: what is written here is its client's and its server's.
import * as v from 'valibot';
import {
  defineService,
  type Implementation,
  type Middleware,
  RemoteError,
  type Service,
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
};

/** Lets nobody in by the name of `stranger`. */
export const doorkeeper: Middleware = (call, next) => {
  if (call.metadata['user'] === 'stranger') throw new RemoteError('strangers stay outside', { code: 403 });
  return next(call);
};
