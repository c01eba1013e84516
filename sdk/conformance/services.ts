// Typed services: calls that read like local ones, whatever carries them.
import { expect } from 'vitest';
import {
  connect,
  defineService,
  type Middleware,
  PayloadTooLarge,
  RemoteError,
  type RpcClient,
  type ServiceClient,
  ServiceMismatch,
  serverStreaming,
  unary,
  ValidationError,
} from '../index.ts';
import { expectFailure } from './expect-failure.ts';
import { type HomeServiceMethods, homeService } from './home-service.ts';
import type { Cases, Stage } from './stage.ts';

async function serveService(stage: Stage): Promise<RpcClient> {
  const there = await stage.home.acquire();
  await there.serveService();
  return (await stage.connect(there)).client;
}

async function connected(stage: Stage): Promise<ServiceClient<HomeServiceMethods>> {
  return connect(homeService, await serveService(stage));
}

async function callsReadLikeLocalOnes(stage: Stage): Promise<void> {
  const home = await connected(stage);
  expect(await home.add({ a: 2, b: 3 })).toBe(5);
  expect(await home.place({ item: 'tea', count: 2 })).toBe('2 of tea');
  expect(await home.rows(3)).toEqual([0, 1, 2].map((id) => ({ id, name: `row ${id}` })));
  expect(await home.later({ delayMs: 20, value: 'in time' })).toBe('in time');
  expect(await home.later({ delayMs: 1, value: '' }, { deadlineMs: Number.POSITIVE_INFINITY })).toBe('');
}

async function valuesKeepTheirTypes(stage: Stage): Promise<void> {
  const home = await connected(stage);
  const values = [
    undefined,
    null,
    true,
    -1.5,
    2 ** 40,
    12345678901234567890n,
    'text, größer als ASCII ✓',
    Uint8Array.of(1, 2, 3),
    Float64Array.of(0.5),
    new Date(0),
    new Set(['a']),
    [1, [2, { deep: [undefined, null] }]],
    { nested: { rows: [{ a: 1 }, { a: 2 }, { b: 3 }] } },
    'x'.repeat(20_000),
    new Uint8Array(20_000).fill(7),
  ];
  for (const value of values) expect(await home.echo(value)).toEqual(value);
}

async function manyCallsStayApart(stage: Stage): Promise<void> {
  const home = await connected(stage);
  const numbers = Array.from({ length: 300 }, (_, index) => index);
  const calls = numbers.map((index) =>
    index % 3 === 0
      ? home.echo({ rows: [{ index }, { index }] }).then((value) => (value as { rows: Row[] }).rows[1]?.index)
      : home.add({ a: index, b: 0 }),
  );
  expect(await Promise.all(calls)).toEqual(numbers);
}

interface Row {
  readonly index: number;
}

async function invalidInputRunsNothing(stage: Stage): Promise<void> {
  const home = await connected(stage);
  const expected = { kind: 'invalid-input', side: 'input' };
  const error = await expectFailure(home.place({ item: 'tea', count: 0 }), ValidationError, expected);
  expect(error.message).toContain('count: ');
  await expectFailure(home.place({ item: 3 as unknown as string, count: 1 }), ValidationError, expected);
}

async function invalidOutputIsSeenHere(stage: Stage): Promise<void> {
  const home = await connected(stage);
  const order = { item: 'something with a long name', count: 1 };
  await expectFailure(home.place(order), ValidationError, { kind: 'invalid-output', side: 'output' });
}

async function handlersChooseTheirErrors(stage: Stage): Promise<void> {
  const home = await connected(stage);
  await expectFailure(home.refuse('no'), RemoteError, { kind: 'handler', code: 42, message: 'no' });
}

async function tooLargeInputsAreRefused(stage: Stage): Promise<void> {
  const home = await connected(stage);
  await expectFailure(home.echo(new Uint8Array(1_000_000)), PayloadTooLarge);
  expect(await home.add({ a: 1, b: 1 })).toBe(2);
}

async function metadataTravels(stage: Stage): Promise<void> {
  const client = await serveService(stage);
  const asGuest: Middleware = (call, next) => next({ ...call, metadata: { user: 'guest', ...call.metadata } });
  const home = await connect(homeService, client, { middleware: [asGuest] });
  expect(await home.whoami()).toBe('guest');
  expect(await home.whoami(undefined, { metadata: { user: 'ada' } })).toBe('ada');
  const refused = home.whoami(undefined, { metadata: { user: 'stranger' } });
  await expectFailure(refused, RemoteError, { code: 403 });
}

async function mismatchesAreNamed(stage: Stage): Promise<void> {
  const client = await serveService(stage);
  const methods = { add: unary<number, number>(), rows: serverStreaming(), missing: unary() };
  const other = defineService({ name: 'conformance', methods });
  await expectFailure(connect(other, client), ServiceMismatch, {
    code: 'Unsupported',
    differences: [
      'method add: idempotent is false here, true there',
      'method rows: kind is "server-streaming" here, "unary" there',
      'method missing is missing there',
    ],
  });
  const stranger = defineService({ name: 'stranger', methods: {} });
  await expectFailure(connect(stranger, client), ServiceMismatch);
  expect(await (await connect(homeService, client)).add({ a: 1, b: 2 })).toBe(3);
}

async function rawServersServeNoService(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  await expectFailure(connect(homeService, client), ServiceMismatch, { code: 'Unsupported' });
}

export const serviceCases: Cases = {
  'typed calls read like local ones': callsReadLikeLocalOnes,
  'values keep their types on the way': valuesKeepTheirTypes,
  'many typed calls stay apart': manyCallsStayApart,
  'an invalid input runs nothing, and both ends are told': invalidInputRunsNothing,
  'an invalid output is seen at the client': invalidOutputIsSeenHere,
  'an implementation chooses its errors': handlersChooseTheirErrors,
  'a typed input that is too large is refused': tooLargeInputsAreRefused,
  'metadata travel beside the input, through middleware': metadataTravels,
  'a client of another definition is told what differs': mismatchesAreNamed,
  'a raw server serves no typed service': rawServersServeNoService,
};
