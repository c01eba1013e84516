// What clients of the typed service do in a run: they connect, and have several tasks of any kind done at a time.
import { connect, type ServiceCallOptions, type ServiceClient } from '#bridge';
import { type Caller, cancellation } from './rpc-clients.ts';
import {
  type Course,
  invalidPieceOf,
  pieceOf,
  type ServiceLedger,
  type Task,
  type TaskPlan,
  takesAsked,
} from './service-ledger.ts';
import { type Asked, type MethodName, type Piece, type ProbeMethods, probe } from './service-shape.ts';
import { calmDeadlineMs, streamMsMax } from './stream-plans.ts';
import { pauseFor } from './stream-sides.ts';

type Probe = ServiceClient<ProbeMethods>;

const methodNames: readonly MethodName[] = ['exchange', 'again', 'list', 'gather', 'chat'];
const courses: readonly Course[] = ['well', 'well', 'well', 'invalid input', 'throws', 'invalid output'];

/** With a hello each: it is a call like any other. */
export async function useService(caller: Caller, ledger: ServiceLedger): Promise<void> {
  const { actor, slotCount } = caller;
  try {
    const options = actor.chance.happens(0.5) ? { retry: { backoffMs: 1 } } : {};
    const typed = await connect(probe, caller.client, options);
    const count = actor.chance.integer(1, slotCount + 2);
    await Promise.all(Array.from({ length: count }, () => haveDone(caller, typed, ledger, drawTask(caller))));
  } catch (error) {
    actor.record('cannot connect', actor.errorOf('service: connect', error));
  }
}

/** A task of each kind at a time. */
export async function useServiceCalmly(caller: Caller, ledger: ServiceLedger): Promise<void> {
  caller.client.lease.check();
  const typed = await connect(probe, caller.client);
  const plan = {
    course: 'well',
    turnsAt: 0,
    lengths: [3, 0, 200],
    takesMax: 9,
    pauseMs: 0,
    deadlineMs: calmDeadlineMs,
  } as const;
  const tasks = await Promise.all(methodNames.map((method) => haveDone(caller, typed, ledger, { ...plan, method })));
  const error = tasks.find((failure) => failure !== undefined);
  if (error !== undefined) throw error;
}

/** What it failed with, if it did. */
async function haveDone(caller: Caller, typed: Probe, ledger: ServiceLedger, plan: TaskPlan): Promise<unknown> {
  const { actor, granted } = caller;
  const task = ledger.begin(actor, granted, plan);
  const { signal, forget } = cancellation(actor);
  const { deadlineMs } = plan;
  const calm = deadlineMs === calmDeadlineMs;
  const options = { deadlineMs, metadata: { task: `${task.id}` }, ...(signal !== undefined && !calm && { signal }) };
  try {
    const ended = await take(caller, typed, ledger, task, options);
    if (ended) ledger.ended(actor, task);
    return undefined;
  } catch (error) {
    ledger.failed(actor, task, error);
    return error;
  } finally {
    forget();
    task.settledAtMs = actor.stage.world.clock.timeMs;
  }
}

/** False if the client has left. */
async function take(
  { actor }: Caller,
  typed: Probe,
  ledger: ServiceLedger,
  task: Task,
  options: ServiceCallOptions,
): Promise<boolean> {
  for await (const piece of piecesFor(typed, task, inputsOf(task), options)) {
    ledger.got(actor, task, piece);
    if (task.got >= task.takesMax) return false;
    await pauseFor(actor, task.pauseMs);
  }
  return true;
}

async function* piecesFor(
  typed: Probe,
  task: Task,
  inputs: AsyncIterable<Piece>,
  options: ServiceCallOptions,
): AsyncGenerator<Piece> {
  switch (task.method) {
    case 'exchange':
      return yield await typed.exchange(askedOf(task), options);
    case 'again':
      return yield await typed.again(askedOf(task), options);
    case 'list':
      return yield* typed.list(askedOf(task), options);
    case 'gather':
      return yield await typed.gather(inputs, options);
    case 'chat':
      return yield* typed.chat(inputs, options);
  }
}

function askedOf(task: Task): Asked {
  const note = task.course === 'invalid input' ? '' : 'please';
  return { task: task.id, note, bytes: pieceOf(task, 0).bytes };
}

async function* inputsOf(task: Task): AsyncGenerator<Piece> {
  for (const index of task.lengths.keys()) {
    await pauseFor(task.caller, task.pauseMs);
    const isInvalid = task.course === 'invalid input' && !takesAsked(task) && index === task.turnsAt;
    yield isInvalid ? invalidPieceOf(task) : pieceOf(task, index);
  }
  task.sentAll = true;
}

function drawTask({ actor: { chance }, partBytes = 0 }: Caller): TaskPlan {
  const course = chance.pick(courses);
  const count = chance.integer(course === 'well' ? 0 : 1, chance.pick([3, 20]));
  const bytesMax = chance.pick([16, partBytes, 3 * partBytes]);
  return {
    method: chance.pick(methodNames),
    course,
    turnsAt: chance.integer(0, Math.max(count - 1, 0)),
    lengths: Array.from({ length: count }, () => chance.integer(0, bytesMax)),
    takesMax: chance.happens(0.15) ? chance.integer(1, 5) : Number.POSITIVE_INFINITY,
    pauseMs: chance.happens(0.7) ? 0 : chance.octaves(0.1, 100),
    deadlineMs: chance.octaves(0.5, streamMsMax),
  };
}
