// What tests of typed services begin with: a service that a simulated home serves, and its client on a simulated holder.
import * as v from 'valibot';
import { RemoteError } from '../remote-error.ts';
import { RpcClient } from '../rpc/client.ts';
import type { RpcHandler } from '../rpc/rpc-handler.ts';
import { type SceneOptions, type ServedScene, servedScene, serving } from '../world.test.support.ts';
import { type ConnectOptions, connect, type ServiceClient } from './connect.ts';
import { type Implementation, type ImplementOptions, implement } from './implement.ts';
import { type Methods, type, type Unary, unary } from './method.ts';
import { defineService, type Service } from './service.ts';

interface User {
  readonly name: string;
  readonly age: number;
}

export const user: v.GenericSchema<User> = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  age: v.pipe(v.number(), v.integer()),
});

/** A method for every way in which a unary call can go. */
export type DeskMethods = {
  readonly add: Unary<{ a: number; b: number }, number>;
  readonly later: Unary<{ value: string }, string>;
  readonly nothing: Unary;
  readonly greet: Unary<v.GenericSchema<User>, v.GenericSchema<string>>;
  readonly fail: Unary<string, never>;
  readonly refuse: Unary<{ code: number; message: string }, never>;
  readonly metadata: Unary<void, Record<string, string>>;
  readonly bytes: Unary<Uint8Array, Uint8Array>;
  readonly count: Unary<v.GenericSchema<string, number>, number>;
};

export const desk: Service<DeskMethods> = defineService({
  name: 'desk',
  methods: {
    add: unary<{ a: number; b: number }, number>({ idempotent: true }),
    later: unary<{ value: string }, string>(),
    nothing: unary(),
    greet: unary({ input: user, output: v.pipe(v.string(), v.maxLength(20)) }),
    fail: unary<string, never>(),
    refuse: unary<{ code: number; message: string }, never>(),
    metadata: unary<void, Record<string, string>>(),
    bytes: unary<Uint8Array, Uint8Array>(),
    count: unary({ input: v.pipe(v.string(), v.transform(Number)), output: type<number>(), idempotent: true }),
  },
});

export const deskImplementation: Implementation<DeskMethods> = {
  add: ({ a, b }) => a + b,
  later: async ({ value }) => value,
  nothing: () => undefined,
  greet: ({ name, age }) => `${name} is ${age}`,
  fail: (message) => {
    throw new Error(message);
  },
  refuse: ({ code, message }) => {
    throw new RemoteError(message, { code });
  },
  metadata: (_input, { metadata }) =>
    Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value).toString('latin1')])),
  bytes: (bytes) => bytes.reverse(),
  count: (number) => number + 1,
};

export interface TypedScene<M extends Methods> extends ServedScene {
  readonly client: RpcClient;
  readonly typed: ServiceClient<M>;
}

export type TypedOptions = SceneOptions & ConnectOptions & { readonly server?: ImplementOptions };

/** The service, served and connected to. */
export async function typedScene<M extends Methods>(
  service: Service<M>,
  implementation: Implementation<M>,
  options: TypedOptions = {},
): Promise<TypedScene<M>> {
  const scene = await handlerScene(implement(service, implementation, options.server), options);
  const typed = await scene.world.clock.run(connect(service, scene.client, options));
  return { ...scene, typed };
}

/** A handler, served, and a raw client of it. */
export async function handlerScene(
  handler: RpcHandler,
  options: SceneOptions = {},
): Promise<ServedScene & { readonly client: RpcClient }> {
  const scene = await servedScene(options);
  serving(scene.server, handler);
  return { ...scene, client: new RpcClient(scene.held, { wait: 'event' }) };
}
