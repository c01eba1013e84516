// How verbs resources end, and how they wake the event loop.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { waitReadable } from '#native';
import { systemEnvironment } from '../../bridge/environment.ts';
import { RdmaEngine } from '../../bridge/plane/rdma/rdma-engine.ts';
import { nonceBytes } from '../../bridge/plane/rdma/rdma-messages.ts';
import { RdmaSession } from '../../bridge/plane/rdma/rdma-session.ts';
import { soaked } from '../long.ts';
import { Loop, openContext, until } from './loop.ts';

/** Of the kernel, on the node's device; `mr` and others as it names them. */
function kernelResources(): string {
  return execFileSync('rdma', ['resource', 'show'], { encoding: 'utf8' });
}

/** Descriptors of devices, of their events and of completion channels. */
function verbsDescriptors(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // The descriptor of the listing itself.
    }
  });
  return links.filter((link) => /infiniband/.test(link)).length;
}

async function collectUntil(isDone: () => boolean): Promise<void> {
  await until(() => {
    globalThis.gc?.();
    return isDone();
  });
}

async function armAndWatch(): Promise<void> {
  const loop = new Loop();
  const { left, right } = loop;
  const heard: number[] = [];
  let wakes = 0;
  right.queue.watch(() => {
    wakes++;
    right.queue.drain();
    right.queue.arm();
    right.poll();
    heard.push(...right.reported.splice(0).map(({ word }) => word));
  });
  right.queue.ref();
  const send = (value: number) => {
    left.poll();
    ok(left.pair.writeWithImmediate(left.region, 0, 8, right.remote, 0, value, 0));
  };
  // Not armed: nothing wakes.
  send(1);
  await setTimeout(200);
  deepEqual([heard, wakes], [[], 0]);
  right.queue.arm();
  right.poll();
  deepEqual(
    right.reported.splice(0).map(({ word }) => word),
    [1],
  );
  for (let value = 2; value <= 20; value++) {
    send(value);
    await until(() => heard.includes(value));
  }
  deepEqual(
    heard,
    Array.from({ length: 19 }, (_, index) => index + 2),
  );
  right.queue.unwatch();
  // The thread can be blocked on it too.
  left.queue.arm();
  equal(waitReadable([left.queue], 0), 0);
  ok(left.pair.write(left.region, 0, 8, right.remote, 0, 5));
  equal(waitReadable([left.queue, loop.context], 60_000), 1);
  left.queue.drain();
  equal(waitReadable([left.queue], 0), 0);
  loop.close();
}

/** A thread that blocks is woken by each arrival, not by the first alone: a completion queue tells but once. */
async function blockAgain(): Promise<void> {
  const { clock, random } = systemEnvironment;
  const engine = new RdmaEngine(clock);
  const fail = (error: Error) => {
    throw error;
  };
  const open = () => new RdmaSession(engine, random.bytes(3), () => undefined, fail);
  const [left, right] = [open(), open()];
  left.connect(right.endpoint, right.testRegion);
  right.connect(left.endpoint, left.testRegion);
  engine.arm(left);
  const blockMs = 60_000;
  for (let round = 0; round < 20; round++) {
    const written = left.writeTest(random.bytes(nonceBytes));
    const fromMs = clock.nowMs();
    while (!written.done) engine.block(blockMs);
    ok(clock.nowMs() - fromMs < blockMs, `round ${round}: nobody woke the thread`);
  }
  engine.disarm(left);
  left.close();
  right.close();
}

/** A completion queue that is gone breaks each session, once, and throws in nobody's face. */
async function loseQueue(): Promise<void> {
  const { clock, random } = systemEnvironment;
  const engine = new RdmaEngine(clock);
  const errors: Error[] = [];
  const open = () =>
    new RdmaSession(
      engine,
      random.bytes(3),
      () => undefined,
      (error) => errors.push(error),
    );
  const [left, right] = [open(), open()];
  left.connect(right.endpoint, right.testRegion);
  right.connect(left.endpoint, left.testRegion);
  await left.settle(left.writeTest(random.bytes(nonceBytes)));
  equal(engine.isLost, false);
  engine.queue.close();
  const written = right.writeTest(random.bytes(nonceBytes));
  for (let look = 0; look < 3; look++) engine.observe(1);
  equal(engine.isLost, true);
  deepEqual(
    errors.map(({ name }) => name),
    ['Disconnected', 'Disconnected'],
  );
  left.close();
  right.close();
  await rejects(written.promise, { name: 'Disconnected' });
}

/** Everything many times, with and without work under way; neither the kernel nor this process is left with anything. */
async function churn(): Promise<void> {
  const before = [kernelResources(), verbsDescriptors()];
  for (let round = 0; round < soaked(30, 300); round++) {
    const loop = new Loop();
    const { left, right } = loop;
    if (round % 3 !== 0) ok(left.pair.write(left.region, 0, 4096, right.remote, 0, 1));
    if (round % 3 === 1) await left.take(1);
    if (round % 2 === 0) loop.close();
    else for (const each of [loop.context, loop.domain, left, right]) each.close();
  }
  deepEqual([kernelResources(), verbsDescriptors()], before);
}

async function garbage(): Promise<void> {
  const before = [kernelResources(), verbsDescriptors()];
  const isBaseline = () => verbsDescriptors() === before[1] && kernelResources() === before[0];
  const drop = [
    (): void => void new Loop(),
    (): void => new Loop().left.pair.fail(),
    (): void => new Loop().context.close(),
    (): void => new Loop().left.queue.close(),
    (): void => {
      const { left, right } = new Loop();
      ok(left.pair.write(left.region, 0, 4096, right.remote, 0, 1));
    },
    (): void => {
      const { queue } = new Loop().left;
      queue.watch(() => undefined);
      queue.unwatch();
    },
  ];
  for (let round = 0; round < 5; round++) {
    for (const create of drop) create();
  }
  await collectUntil(isBaseline);
  // What poll() fills stays whatever becomes of the queue.
  const { completions } = new Loop().left.queue;
  await collectUntil(isBaseline);
  ok(completions.every((word) => word === 0));
}

/** Workers with a context each, which end by themselves, by process.exit() and by terminate(), idle or within a call. */
async function workers(): Promise<void> {
  const before = [kernelResources(), verbsDescriptors()];
  const endings = ['return', 'exit', 'terminate', 'terminate while busy'];
  await Promise.all([...endings, ...endings].map(runWorker));
  await collectUntil(() => verbsDescriptors() === before[1]);
  equal(kernelResources(), before[0]);
}

/** Ends it half a second after it has made a round trip, unless it has ended by itself. */
async function runWorker(ending: string): Promise<void> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: ending });
  const trips = { made: 0 };
  worker.on('message', async () => {
    trips.made++;
    if (!ending.startsWith('terminate')) return;
    await setTimeout(500);
    await worker.terminate();
  });
  await new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
  equal(trips.made, 1, `${ending}: round trips made`);
}

/** Says `watching` and then each event, until told to end. */
async function events(): Promise<void> {
  const context = openContext();
  equal(context.nextEvent(), undefined);
  equal(context.portActive(), true);
  context.watch(() => {
    for (let event = context.nextEvent(); event !== undefined; event = context.nextEvent()) {
      console.log(`${event.type} ${context.portActive()}`);
    }
  });
  console.log('watching');
  await new Promise((resolve) => process.stdin.on('data', resolve));
  process.stdin.destroy();
  context.close();
}

/** Ends with everything alive, in the middle of work. */
async function exitAlive(): Promise<void> {
  const { left, right, context } = new Loop();
  left.queue.watch(() => left.queue.drain());
  context.watch(() => undefined);
  left.queue.arm();
  ok(left.pair.write(left.region, 0, 4096, right.remote, 0, 1));
  console.log('ok exitAlive');
  process.exit(0);
}

/** Waits to be killed, with everything alive. */
async function waitAlive(): Promise<void> {
  const { left, right } = new Loop();
  console.log('alive');
  for (;;) {
    left.pair.write(left.region, 0, 4096, right.remote, 0, 0);
    left.poll();
    await setTimeout(1);
  }
}

export const lifetimeScenarios: Readonly<Record<string, () => Promise<void>>> = {
  armAndWatch,
  blockAgain,
  loseQueue,
  churn,
  garbage,
  workers,
  events,
  exitAlive,
  waitAlive,
};
