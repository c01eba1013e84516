// How queue pairs fail, on a real device: what is reported, what is thrown, and what the memory of the one who is at home
// has to bear, which is nothing.
import { deepEqual, equal, notEqual, ok, throws } from 'node:assert/strict';
import { completionKinds, MemoryRegion, ProtectionDomain, RemoteRegion } from '#native';
import { allAccess, type End, Loop, type LoopOptions, Neighbours, regionBytes, until } from './loop.ts';

const { done, immediate, sendFailed, receiveFailed } = completionKinds;

// enum ibv_wc_status
const wrFlushError = 5;
const remoteAccessError = 10;
const retryExceeded = 12;
const rnrRetryExceeded = 13;

/** Nothing more comes of `end`, however often it is polled. */
async function isQuiet(end: End): Promise<void> {
  const endMs = performance.now() + 100;
  await until(() => {
    end.poll();
    return performance.now() > endMs;
  });
  deepEqual(end.reported, []);
}

const throwsCode = (code: string, call: () => unknown) => throws(call, { code }, String(call));
const posts = ({ pair, region }: End, remote: RemoteRegion) => [
  () => pair.write(region, 0, 8, remote, 0, 1),
  () => pair.writeWithImmediate(region, 0, 8, remote, 0, 1, 1),
  () => pair.read(region, 0, 8, remote, 0, 1),
  () => pair.compareExchange(region, 0, remote, 0, 0n, 1n, 1),
  () => pair.fetchAdd(region, 0, remote, 0, 1n, 1),
];

/** `post` is against what the right end allows: so says its device, and its memory is as it was. */
async function isRefused(post: (left: End, right: End) => boolean, options: LoopOptions = {}): Promise<void> {
  const loop = new Loop(options);
  const { left, right } = loop;
  left.bytes.fill(0xaa);
  right.bytes.fill(0x55);
  ok(post(left, right));
  ok(left.pair.write(left.region, 0, 8, right.remote, 0, 2));
  const { number } = left.pair;
  deepEqual(await left.take(2), [
    { word: 1, kind: sendFailed, pair: number, detail: remoteAccessError },
    { word: 2, kind: sendFailed, pair: number, detail: wrFlushError },
  ]);
  deepEqual(
    (await right.take(1)).map(({ word, kind, pair }) => [word, kind, pair]),
    [[0, receiveFailed, right.pair.number]],
  );
  ok(right.bytes.every((byte) => byte === 0x55));
  for (const end of [left, right]) {
    await isQuiet(end);
    equal(end.pair.outstanding, 0);
  }
  for (const again of [...posts(left, right.remote), ...posts(right, left.remote)]) throwsCode('ECONNRESET', again);
  loop.close();
}

async function peerBounds(): Promise<void> {
  const { remoteRead, remoteWrite, remoteAtomic } = allAccess;
  const beyond = ({ region }: End) => new RemoteRegion(region.address, region.rkey, regionBytes + 4096);
  await isRefused((left, right) => left.pair.write(left.region, 0, 8, beyond(right), regionBytes, 1));
  await isRefused((left, right) => left.pair.write(left.region, 0, 8192, beyond(right), regionBytes - 4096, 1));
  await isRefused((left, right) => left.pair.read(left.region, 0, 8, beyond(right), regionBytes - 4, 1));
  await isRefused((left, right) => left.pair.fetchAdd(left.region, 0, beyond(right), regionBytes, 1n, 1));
  const wrongKey = ({ region }: End) => new RemoteRegion(region.address, region.rkey ^ 1, regionBytes);
  await isRefused((left, right) => left.pair.write(left.region, 0, 8, wrongKey(right), 0, 1));
  const readOnly = { access: { remoteRead, remoteWrite: false, remoteAtomic: false } };
  await isRefused((left, right) => left.pair.write(left.region, 0, 8, right.remote, 0, 1), readOnly);
  await isRefused((left, right) => left.pair.fetchAdd(left.region, 0, right.remote, 0, 1n, 1), readOnly);
  const noRead = { access: { remoteRead: false, remoteWrite, remoteAtomic } };
  await isRefused((left, right) => left.pair.read(left.region, 0, 8, right.remote, 0, 1), noRead);
}

/** The region is taken away while the peer writes as fast as it can: from then on not a byte changes. */
async function deregistered(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const loop = new Loop({ sendsMax: 64 });
    const { left, right } = loop;
    const { remote } = right;
    const post = (token: number) => {
      left.bytes.fill(token & 0xff, 0, 4096);
      return left.pair.write(left.region, 0, 4096, remote, 0, token);
    };
    for (let token = 1; token < 200; ) {
      if (post(token)) token++;
      else left.poll();
    }
    notEqual(left.pair.outstanding, 0);
    right.region.close();
    equal(right.region.closed, true);
    const after = Buffer.from(right.bytes);
    while (left.pair.sendRoom > 0 && !left.reported.some(({ kind }) => kind === sendFailed)) post(1000);
    await until(() => {
      left.poll();
      return left.pair.outstanding === 0;
    });
    const failures = left.reported.filter(({ kind }) => kind === sendFailed);
    equal(failures[0]?.detail, remoteAccessError);
    ok(failures.slice(1).every(({ detail }) => detail === wrFlushError));
    deepEqual(Buffer.from(right.bytes), after);
    right.region.close();
    loop.close();
  }
}

async function receivesExhausted(): Promise<void> {
  const loop = new Loop({ receivesMax: 2 });
  const { left, right } = loop;
  for (let token = 1; token <= 6; token++) {
    ok(left.pair.writeWithImmediate(left.region, 0, 8, right.remote, 0, token, token));
  }
  equal((await left.take(2)).length, 2);
  await isQuiet(left);
  // Polling posts receives anew.
  deepEqual(
    (await right.take(6)).map(({ word, kind }) => [word, kind]),
    [1, 2, 3, 4, 5, 6].map((word) => [word, immediate]),
  );
  deepEqual(
    (await left.take(4)).map(({ word, kind }) => [word, kind]),
    [3, 4, 5, 6].map((word) => [word, done]),
  );
  loop.close();
  const impatient = new Loop({ receivesMax: 2, rnrRetries: 1 });
  for (let token = 1; token <= 4; token++) {
    const { region, pair } = impatient.left;
    ok(pair.writeWithImmediate(region, 0, 8, impatient.right.remote, 0, token, token));
  }
  deepEqual(
    (await impatient.left.take(4)).map(({ word, kind, detail }) => [word, kind, detail]),
    [
      [1, done, 0],
      [2, done, 0],
      [3, sendFailed, rnrRetryExceeded],
      [4, sendFailed, wrFlushError],
    ],
  );
  impatient.close();
}

/** What is outstanding when a queue pair is failed is reported once, and what nobody waits for is not. */
async function flush(): Promise<void> {
  const loop = new Loop({ receivesMax: 1 });
  const { left, right } = loop;
  // The second one waits for a receive, and all others for it.
  for (let token = 1; token <= 2; token++) {
    ok(left.pair.writeWithImmediate(left.region, 0, 8, right.remote, 0, 0, token));
  }
  await left.take(1);
  for (const token of [0, 3, 0, 0, 4, 0]) ok(left.pair.write(left.region, 0, 8, right.remote, 0, token));
  left.pair.fail();
  throwsCode('ECONNRESET', () => left.pair.write(left.region, 0, 8, right.remote, 0, 1));
  deepEqual(
    (await left.take(3)).map(({ word, kind, detail }) => [word, kind, detail]),
    [2, 3, 4].map((word) => [word, sendFailed, wrFlushError]),
  );
  await isQuiet(left);
  equal(left.pair.outstanding, 0);
  left.pair.fail();
  await isQuiet(left);
  loop.close();
}

/** A peer that destroys its end does not answer any more. */
async function peerGone(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  const { remote } = right;
  right.pair.close();
  ok(left.pair.write(left.region, 0, 0, remote, 0, 0));
  deepEqual(
    (await left.take(1)).map(({ word, kind, detail }) => [word, kind, detail]),
    [[0, sendFailed, retryExceeded]],
  );
  throwsCode('ECONNRESET', () => left.pair.write(left.region, 0, 0, remote, 0, 0));
  loop.close();
}

/** A completion of a queue pair that was closed is lost; those of its neighbours on the same queue are not. */
async function neighbours(): Promise<void> {
  const loop = new Loop({ entriesMax: 64 });
  const { left, right } = loop;
  for (let round = 0; round < 20; round++) {
    const other = new Neighbours(loop);
    ok(left.pair.write(left.region, 0, 8, right.remote, 0, 1));
    ok(other.first.write(left.region, 0, 8, right.remote, 0, 2));
    ok(left.pair.write(left.region, 0, 8, right.remote, 0, 3));
    ok(left.pair.fetchAdd(left.region, 0, right.remote, 8, 1n, 4));
    await until(() => right.words[1] === BigInt(round + 1));
    other.close();
    deepEqual(
      (await left.take(3)).map(({ word, pair }) => [word, pair]),
      [1, 3, 4].map((word) => [word, left.pair.number]),
    );
    await isQuiet(left);
  }
  loop.close();
}

async function states(): Promise<void> {
  const loop = new Loop({ entriesMax: 48 });
  const { left, right, context, domain } = loop;
  const route = loop.routeTo(right.pair, 1, 2);
  throwsCode('EISCONN', () => left.pair.connect(route));
  throwsCode('ENOBUFS', () => new Neighbours(loop, 17));
  const fresh = new Neighbours(loop, 4, false);
  throwsCode('ENOTCONN', () => fresh.first.write(left.region, 0, 8, right.remote, 0, 1));
  throwsCode('EINVAL', () => fresh.first.connect({ ...route, gid: new Uint8Array(16) }));
  throwsCode('EISCONN', () => fresh.first.connect(route));
  fresh.close();
  throwsCode('EBADF', () => fresh.first.write(left.region, 0, 8, right.remote, 0, 1));
  throwsCode('EBADF', () => fresh.first.connect(route));
  throwsCode('EBADF', () => fresh.first.fail());
  deepEqual([fresh.first.sendRoom, fresh.first.outstanding, fresh.first.closed], [0, 0, true]);
  const elsewhere = new ProtectionDomain(context);
  const foreign = new MemoryRegion(elsewhere, left.mapping.buffer, 0, 4096, allAccess);
  throwsCode('EINVAL', () => left.pair.write(foreign, 0, 8, right.remote, 0, 1));
  foreign.close();
  throwsCode('EBADF', () => left.pair.write(foreign, 0, 8, right.remote, 0, 1));
  elsewhere.close();
  domain.close();
  throwsCode('EBADF', () => new MemoryRegion(domain, left.mapping.buffer, 0, 8, allAccess));
  context.close();
  throwsCode('EBADF', () => context.portActive());
  throwsCode('EBADF', () => context.nextEvent());
  throwsCode('EBADF', () => new ProtectionDomain(context));
  // What others need goes on.
  ok(left.pair.write(left.region, 0, 8, right.remote, 0, 1));
  await left.take(1);
  left.mapping.close();
  ok(left.pair.write(left.region, 0, 4096, right.remote, 0, 2));
  ok(left.pair.write(left.region, 0, 8, right.remote, 0, 3));
  await left.take(2);
  left.queue.close();
  throwsCode('EBADF', () => left.queue.poll(1));
  throwsCode('EBADF', () => left.queue.arm());
  throwsCode('EBADF', () => left.queue.drain());
  ok(left.pair.write(left.region, 0, 8, right.remote, 0, 1));
  loop.close();
}

export const failureScenarios: Readonly<Record<string, () => Promise<void>>> = {
  peerBounds,
  deregistered,
  receivesExhausted,
  flush,
  peerGone,
  neighbours,
  states,
};
