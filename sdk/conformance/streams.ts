// Streams: messages both ways, in order, no faster than they are taken, whatever carries them.
import { expect } from 'vitest';
import {
  Cancelled,
  connect,
  DeadlineExceeded,
  Disconnected,
  RemoteError,
  RpcClient,
  type RpcStream,
  Unsupported,
} from '../index.ts';
import { expectFailure } from './expect-failure.ts';
import { methods, streams } from './home-methods.ts';
import { homeService } from './home-service.ts';
import { type Cases, type Stage, until } from './stage.ts';

const nothing = new Uint8Array(0);
const slots = 8;

function bytesOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
}

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const message of messages) taken.push(message);
  return taken;
}

async function sendAll(stream: RpcStream, messages: readonly Uint8Array[]): Promise<void> {
  for (const message of messages) await stream.send(message);
  await stream.end();
}

/** A client with so many slots of a lease of 64 KiB, whose slots hold some 8 KiB each. */
async function serveStreams(stage: Stage, count = 4): Promise<RpcClient> {
  const there = await stage.home.acquire();
  await there.serve({ slots });
  return new RpcClient(await stage.attach(there, { slots: count }));
}

async function openStreams(client: RpcClient): Promise<number> {
  return (await client.call(methods.openStreams, nothing))[0] as number;
}

async function messagesArriveInOrder(stage: Stage): Promise<void> {
  const client = await serveStreams(stage);
  const messages = Array.from({ length: 500 }, (_, index) => bytesOf((index * 7) % 1500, index));
  const stream = client.stream(streams.echo, nothing);
  const sent = sendAll(stream, messages);
  expect(await all(stream)).toEqual(messages);
  await sent;
}

async function longMessagesGoThrough(stage: Stage): Promise<void> {
  const client = await serveStreams(stage, 1);
  const messages = [bytesOf(65_536), nothing, bytesOf(20_000, 3), bytesOf(1)];
  const stream = client.stream(streams.echo, bytesOf(30_000));
  const sent = sendAll(stream, messages);
  for (const [index, message] of (await all(stream)).entries()) {
    expect(Buffer.compare(message, messages[index] as Uint8Array)).toBe(0);
  }
  await sent;
}

async function streamsGoSideBySide(stage: Stage): Promise<void> {
  const client = await serveStreams(stage);
  const echoes = Array.from({ length: 6 }, async (_, seed) => {
    const messages = Array.from({ length: 100 }, (_, index) => bytesOf(100, seed * 100 + index));
    const stream = client.stream(streams.echo, nothing);
    const sent = sendAll(stream, messages);
    expect(await all(stream)).toEqual(messages);
    await sent;
  });
  for (let index = 0; index < 20; index++) {
    expect(await client.call(methods.echo, bytesOf(50, index))).toEqual(bytesOf(50, index));
  }
  await Promise.all(echoes);
}

async function leavingCancels(stage: Stage): Promise<void> {
  const client = await serveStreams(stage, 2);
  for (let round = 0; round < 3; round++) {
    let seen = 0;
    for await (const message of client.stream(streams.endless, bytesOf(500))) {
      expect(message).toEqual(bytesOf(500));
      if (++seen === 100) break;
    }
  }
  await until('the handlers have heard of it', async () => (await openStreams(client)) === 0);
}

async function sendersAreHeldBack(stage: Stage): Promise<void> {
  const client = await serveStreams(stage, 2);
  const stream = client.stream(streams.echo, nothing);
  const failure = expectFailure(flood(stream), Cancelled);
  await until('the handler has begun', async () => (await openStreams(client)) === 1);
  stream.cancel();
  await failure;
  await expectFailure(all(stream), Cancelled);
  await until('the handler has heard of it', async () => (await openStreams(client)) === 0);
}

/** Nobody takes what comes back: far fewer than these go in before there is no room. */
async function flood(stream: RpcStream): Promise<void> {
  for (let sent = 0; sent < 1000; sent++) await stream.send(bytesOf(1000, sent));
}

async function failuresFollowMessages(stage: Stage): Promise<void> {
  const client = await serveStreams(stage);
  const message = new TextEncoder().encode('in vain');
  const seen: Uint8Array[] = [];
  const reading = async () => {
    for await (const each of client.stream(streams.fail, message)) seen.push(each);
  };
  await expectFailure(reading(), RemoteError, { kind: 'handler', code: 7, message: 'in vain' });
  expect(seen).toEqual([message]);
  await expectFailure(all(client.stream(99, nothing)), RemoteError, { kind: 'unknown-method' });
}

async function handlersMayTakeLess(stage: Stage): Promise<void> {
  const client = await serveStreams(stage, 1);
  const stream = client.stream(streams.first, nothing);
  const sent = sendAll(
    stream,
    Array.from({ length: 200 }, (_, index) => bytesOf(1000, index)),
  ).catch(() => undefined);
  expect(await all(stream)).toEqual([bytesOf(1000, 0)]);
  await sent;
  expect(await client.call(methods.echo, bytesOf(3))).toEqual(bytesOf(3));
}

async function deadlinesBoundStreams(stage: Stage): Promise<void> {
  const client = await serveStreams(stage, 1);
  const silent = client.stream(streams.echo, nothing, { deadlineMs: 50 });
  await expectFailure(all(silent), DeadlineExceeded, { mayHaveExecuted: true });
  expect(await client.call(methods.echo, bytesOf(3))).toEqual(bytesOf(3));
}

async function deathsEndStreams(stage: Stage): Promise<void> {
  const client = await serveStreams(stage, 1);
  const iterator = client.stream(streams.endless, bytesOf(9))[Symbol.asyncIterator]();
  await iterator.next();
  await stage.home.kill();
  const rest = async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
  };
  await expectFailure(rest(), Disconnected);
}

async function classicHasNone(stage: Stage): Promise<void> {
  const { client } = await stage.serve();
  const opening = async () => client.stream(streams.echo, nothing);
  await expectFailure(opening(), Unsupported);
}

async function typedMethodsStream(stage: Stage): Promise<void> {
  const there = await stage.home.acquire();
  await there.serveService({ slots });
  const client = new RpcClient(await stage.attach(there, { slots: 3 }));
  const home = await connect(homeService, client);
  const numbers = Array.from({ length: 300 }, (_, index) => index + 1);
  expect(await all(home.upTo(300))).toEqual(numbers);
  expect(await home.sum(home.upTo(300))).toBe(45_150);
  expect(await all(home.double(numbers))).toEqual(numbers.map((number) => 2 * number));
  for await (const each of home.upTo(1_000_000)) if (each === 1000) break;
  expect(await home.add({ a: 1, b: 2 })).toBe(3);
}

export const streamCases: Cases = {
  'messages of a stream arrive once, in order, both ways': messagesArriveInOrder,
  'messages longer than a slot go through a stream': longMessagesGoThrough,
  'streams and calls go side by side': streamsGoSideBySide,
  'leaving the loop over a stream cancels it': leavingCancels,
  'a sender is held back until its messages are taken': sendersAreHeldBack,
  'a stream fails with what its handler throws, after what it sent': failuresFollowMessages,
  'a handler may answer without taking all': handlersMayTakeLess,
  'a deadline bounds a stream': deadlinesBoundStreams,
  'the death of the server ends a stream': deathsEndStreams,
  'the classic layout has no streams': classicHasNone,
  'typed methods stream': typedMethodsStream,
};
