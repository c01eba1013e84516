// node many-client.js <lease> <tag> <history> <mortal|steady> <slots>: one of many clients. Says `calling` once its first
// call is over, `counted` at each `count` on stdin, and `stopped` when it was told to `stop` and has nothing under way.
//
// A mortal makes calls of every kind: long and short, with deadlines and signals, blocking, given up in the middle; attaches
// with up to so many slots, and anew after a while, often with calls still under way. A steady one makes the same plain call
// in each of its slots, again and again.
import { setImmediate, setTimeout } from 'node:timers/promises';
import {
  Cancelled,
  CapacityExceeded,
  Contention,
  DeadlineExceeded,
  FabricError,
  MemBuilder,
  type MemLease,
  RemoteError,
  Revoked,
  RpcClient,
} from '#sdk';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { headerBytes, manyBytesMax, manyMethods, refusalOf, requestOf, responseTo } from './many-call.ts';
import { type CallFate, ClientHistory } from './many-history.ts';
import { argument, errorFacts, hear, say } from './voice.ts';

const reference = argument(0);
const tag = Number(argument(1));
const history = new ClientHistory(argument(2));
const mortal = argument(3) === 'mortal';
const slotsMax = Number(argument(4));
const draws = new SeededRandom(tag);

/** Calls of a mortal between two attachments. */
const callsOfALife = 400;
const shortBytesMax = 200;
const deadlineMsMax = 4;
/** How often a mortal's lane pauses, so that sixty of them leave a processor to those that begin, and for how long. */
const pauses = 1 / 8;
const pauseMsMax = 25;
/** So many calls between two turns of the event loop at least. */
const callsPerTurn = 32;

let stopped = false;
let numbers = 0;
let settled = 0;
let slowestMs = 0;

const upTo = (max: number): number => Math.floor(draws.unit() * (max + 1));
const happens = (probability: number): boolean => draws.unit() < probability;

// ---- One call, in one of the ways.

interface Way {
  readonly share: number;
  /** How this may fail beside a release. Nothing else of the deadline's kind may: a call that nobody limits has 30 s. */
  readonly mayEnd?: CallFate;
  readonly make: (client: RpcClient, request: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

const { prompt, late, refusing } = manyMethods;
const soon = () => ({ deadlineMs: 1 + upTo(deadlineMsMax) });
const plain: Way = { share: 0.5, make: (client, request) => client.call(prompt, request) };

const ways: readonly Way[] = [
  plain,
  { share: 0.12, make: (client, request) => client.callSync(prompt, request) },
  { share: 0.03, mayEnd: 'deadline', make: (client, request) => client.callSync(late, request, soon()) },
  { share: 0.05, make: (client, request) => client.call(late, request) },
  { share: 0.1, mayEnd: 'deadline', make: (client, request) => client.call(late, request, soon()) },
  {
    share: 0.15,
    mayEnd: 'cancelled',
    make: (client, request) => client.call(happens(0.5) ? late : prompt, request, { signal: soonAborted() }),
  },
  { share: 0.05, make: (client, request) => client.call(refusing, request) },
];

/** Before the next turn, or within the time that a late answer takes, so that some answers come first. */
function soonAborted(): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (happens(0.3)) queueMicrotask(abort);
  else if (happens(0.4)) void setImmediate().then(abort);
  else void setTimeout(upTo(deadlineMsMax)).then(abort);
  return controller.signal;
}

function drawWay(): Way {
  let left = draws.unit();
  for (const way of ways) {
    if (left < way.share) return way;
    left -= way.share;
  }
  return plain;
}

/** Most fit a slot. */
const drawBytes = (): number => headerBytes + upTo(mortal && happens(0.1) ? manyBytesMax - headerBytes : shortBytesMax);

async function callOnce(client: RpcClient): Promise<void> {
  const number = ++numbers;
  const request = requestOf({ tag, number, requestBytes: drawBytes(), responseBytes: drawBytes() });
  const way = mortal ? drawWay() : plain;
  const fromMs = performance.now();
  history.note(number, 'begun', true);
  try {
    const response = await way.make(client, request);
    const right = Buffer.compare(response, responseTo(request)) === 0;
    if (!right) complain(number, { response: Buffer.from(response).toString('hex') });
    history.note(number, right ? 'answered' : 'wrong answer', true);
  } catch (error) {
    noteFailure(number, error, way);
  }
  slowestMs = Math.max(slowestMs, performance.now() - fromMs);
  settled += 1;
  if (settled === 1) say('calling');
}

/** Read by whoever ends this process; written before it goes on. */
function complain(number: number, facts: object): void {
  console.error(JSON.stringify({ tag, number, ...facts }));
}

function noteFailure(number: number, error: unknown, { mayEnd }: Way): void {
  const told = fateOf(number, error);
  const isDue = (told !== 'deadline' && told !== 'cancelled') || told === mayEnd;
  const fate = isDue ? told : 'strange error';
  if (fate === 'wrong answer' || fate === 'strange error') complain(number, errorFacts(error));
  history.note(number, fate, error instanceof FabricError ? error.mayHaveExecuted : true);
}

function fateOf(number: number, error: unknown): CallFate {
  if (error instanceof RemoteError) {
    const right = error.message === refusalOf({ tag, number }) && error.code === (number | 0);
    return right ? 'refused' : 'wrong answer';
  }
  if (error instanceof DeadlineExceeded) return 'deadline';
  if (error instanceof Cancelled) return 'cancelled';
  return error instanceof Revoked && error.message.endsWith('was released') ? 'released' : 'strange error';
}

// ---- One attachment after the other.

async function attach(slots: number): Promise<MemLease> {
  for (;;) {
    try {
      return await MemBuilder.attach(reference, { slots });
    } catch (error) {
      // Of those that died a moment ago, some slots may not be free yet.
      if (!(error instanceof CapacityExceeded || error instanceof Contention)) throw error;
      await setTimeout(5);
    }
  }
}

async function lane(client: RpcClient, lastNumber: number): Promise<void> {
  while (!stopped && numbers < lastNumber && client.lease.status === 'active') {
    await callOnce(client);
    if (mortal && happens(pauses)) await setTimeout(upTo(pauseMsMax));
    else if (settled % callsPerTurn === 0) await setImmediate();
  }
}

async function live(): Promise<void> {
  const slots = mortal ? 1 + upTo(slotsMax - 1) : slotsMax;
  const lease = await attach(slots);
  const client = new RpcClient(lease, { wait: mortal && happens(0.5) ? 'event' : 'adaptive' });
  const lastNumber = mortal ? numbers + upTo(callsOfALife) : Number.POSITIVE_INFINITY;
  // A mortal's last lane always waits for a slot.
  const lanes = Array.from({ length: slots + Number(mortal) }, () => lane(client, lastNumber));
  if (mortal && happens(0.5)) await Promise.race(lanes);
  else await Promise.all(lanes);
  await lease.release();
  await Promise.all(lanes);
}

async function obey(): Promise<void> {
  for (let order = await hear(); order !== 'stop'; order = await hear()) {
    say('counted', { calls: settled, slowestMs, atMs: performance.now() });
    slowestMs = 0;
  }
  stopped = true;
}

const obeying = obey();
while (!stopped) await live();
await obeying;
say('stopped', { calls: settled });
await hear();
