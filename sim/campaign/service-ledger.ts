// The truth about every task of a run's typed service: what was asked, what ran, what came back. Checks that each runs at
// most once unless it may run twice, and that pieces, ends and errors are its own.
import { type FabricError, RemoteError } from '#bridge';
import type { Actor } from './actor.ts';
import type { Granted } from './granted.ts';
import { pattern } from './pattern.ts';
import type { Asked, MethodName, Piece } from './service-shape.ts';

/** How it goes, from the piece `turnsAt` on: well; its input is refused; its method throws; what it gives is refused. */
export type Course = 'well' | 'invalid input' | 'throws' | 'invalid output';

export interface TaskPlan {
  readonly method: MethodName;
  readonly course: Course;
  readonly turnsAt: number;
  /** How long each piece is. */
  readonly lengths: readonly number[];
  /** After so many pieces its client leaves. */
  readonly takesMax: number;
  readonly pauseMs: number;
  readonly deadlineMs: number;
}

export interface TaskRun {
  readonly actor: Actor;
  over: boolean;
}

export interface Task extends TaskPlan {
  readonly id: number;
  readonly granted: Granted;
  readonly caller: Actor;
  readonly begunAtMs: number;
  readonly dueMs: number;
  readonly beganOver: boolean;
  readonly runs: TaskRun[];
  /** Pieces that the client was given. */
  got: number;
  sentAll: boolean;
  disowned: boolean;
  settledAtMs: number;
}

/** Pieces say no more than this themselves. */
const lateWords = 'the caller waited for';

export class ServiceLedger {
  readonly #tasks: Task[] = [];

  begin(actor: Actor, granted: Granted, plan: TaskPlan): Task {
    const begunAtMs = actor.stage.world.clock.timeMs;
    const task = {
      ...plan,
      id: this.#tasks.length,
      granted,
      caller: actor,
      begunAtMs,
      dueMs: actor.process.clock.timeMs + plan.deadlineMs,
      beganOver: granted.isOver,
      runs: [],
      got: 0,
      sentAll: false,
      disowned: false,
      settledAtMs: Number.POSITIVE_INFINITY,
    };
    this.#tasks.push(task);
    actor.record('asks', task.id, granted.lease.id, plan.method, plan.course);
    return task;
  }

  /** A method runs, with this metadata. */
  ran(actor: Actor, granted: Granted, method: MethodName, told: unknown): { task: Task; run: TaskRun } {
    const task = this.#tasks[Number(told)];
    if (task?.method !== method) {
      actor.fail(`${method} runs for a task that nobody has: ${told}`);
      throw new Error('no such task');
    }
    const { id, runs, disowned } = task;
    const run = { actor, over: false };
    actor.record('runs task', id);
    if (task.granted !== granted) actor.fail(`task ${id} runs at another lease than it was asked at`);
    if (runs.push(run) > 1 && method !== 'again') actor.fail(`task ${id} runs ${runs.length} times`);
    if (disowned) actor.fail(`task ${id} runs after its client was told that it did not`);
    // A generator begins by a promise, which may wait until some thread that is blocked goes on.
    if (granted.wasOver && givesOne(task)) {
      actor.fail(`task ${id} runs when lease ${granted.lease.id} was over at its home`);
    }
    if (task.course === 'invalid input' && takesAsked(task))
      actor.fail(`task ${id} runs with an input that is invalid`);
    return { task, run };
  }

  /** What was asked for has to be that. */
  checkAsked(actor: Actor, task: Task, { task: id, bytes }: Asked): void {
    if (id !== task.id || Buffer.compare(bytes, pieceOf(task, 0).bytes) !== 0)
      actor.fail(`task ${task.id} runs as ${id}`);
  }

  checkPiece(actor: Actor, task: Task, index: number, piece: Piece): void {
    const { id, lengths } = task;
    const isOurs = piece.task === id && piece.index === index && index < Math.max(lengths.length, 1);
    if (isOurs && Buffer.compare(piece.bytes, pieceOf(task, index).bytes) === 0) return;
    actor.fail(
      `piece ${index} of task ${id} is piece ${piece.index} of task ${piece.task}, ${piece.bytes.length} bytes`,
    );
  }

  got(actor: Actor, task: Task, piece: Piece): void {
    this.checkPiece(actor, task, task.got, piece);
    task.got += 1;
    this.#checkStanding(actor, task);
  }

  /** A single answer, or the end of several. */
  ended(actor: Actor, task: Task): void {
    const { id, course, got, runs, lengths } = task;
    actor.record('task is done', id);
    actor.mark(`service: ${task.method}`);
    const expected = givesOne(task) ? 1 : lengths.length;
    if (course !== 'well') actor.fail(`task ${id} ends well, and was not to: ${course}`);
    if (got !== expected) actor.fail(`task ${id} ends well, and of ${expected} pieces ${got} have arrived`);
    if (runs.length === 0) actor.fail(`task ${id} ends well, and never ran`);
    this.#checkStanding(actor, task);
  }

  failed(actor: Actor, task: Task, error: unknown): void {
    const word = actor.errorOf('service', error);
    actor.record('task fails', task.id, word);
    if (error instanceof RemoteError) return this.#failedThere(actor, task, error);
    const { code, mayHaveExecuted } = error as FabricError;
    const isDue = actor.process.clock.timeMs >= task.dueMs - 1e-6;
    if (code === 'DeadlineExceeded' && !isDue) actor.fail(`task ${task.id} is said to be late, and is not`);
    task.disowned = !mayHaveExecuted;
    if (task.disowned && task.runs.length > 0) {
      actor.fail(`task ${task.id} runs, and its client was told that it did not: ${word}`);
    }
  }

  #failedThere(actor: Actor, task: Task, error: RemoteError): void {
    const { id, course, got, turnsAt } = task;
    actor.mark(`service: ${error.kind}`);
    if (error.message.startsWith(lateWords) && actor.process.clock.timeMs >= task.dueMs - task.deadlineMs / 1000)
      return;
    if (!isExpected(task, error)) {
      actor.fail(`task ${id}, ${course}, fails with ${error.kind} ${error.code}: ${error.message}`);
    }
    const expected = givesOne(task) || (course === 'invalid input' && takesAsked(task)) ? 0 : turnsAt;
    if (got !== expected) actor.fail(`task ${id} fails behind ${got} pieces, and not ${expected}`);
    this.#checkStanding(actor, task);
  }

  #checkStanding(actor: Actor, { id, beganOver }: Task): void {
    if (beganOver) actor.fail(`task ${id} gets somewhere, although its lease was over when it began`);
  }

  overdue(forMs: number): readonly Task[] {
    return this.#tasks.filter(
      ({ settledAtMs, caller: { process, stage }, begunAtMs }) =>
        settledAtMs === Number.POSITIVE_INFINITY && !process.dead && stage.world.clock.timeMs - begunAtMs > forMs,
    );
  }

  /** Methods that go on in living processes, although their client was through so long ago, or is dead. */
  orphans(forMs: number): readonly TaskRun[] {
    return this.#tasks
      .filter(
        ({ settledAtMs, caller: { process, stage } }) => process.dead || stage.world.clock.timeMs - settledAtMs > forMs,
      )
      .flatMap(({ runs }) => runs.filter(({ over, actor }) => !over && !actor.process.dead));
  }
}

export function takesAsked({ method }: Task): boolean {
  return method !== 'gather' && method !== 'chat';
}

function givesOne({ method }: Task): boolean {
  return method !== 'list' && method !== 'chat';
}

function isExpected(task: Task, { kind, code, message }: RemoteError): boolean {
  const refused = refusalOf(task);
  switch (task.course) {
    case 'well':
      return false;
    case 'throws':
      return kind === 'handler' && code === refused.code && message === refused.message;
    case 'invalid input':
      return kind === 'invalid-input' && task.runs.length <= (takesAsked(task) ? 0 : 1);
    case 'invalid output':
      return kind === 'invalid-output' && task.runs.length > 0;
  }
}

export function refusalOf({ id }: Task): RemoteError {
  return new RemoteError(`task ${id} is to fail`, { code: -id });
}

export function pieceOf({ id, lengths }: Task, index: number): Piece {
  return { task: id, index, bytes: pattern(id * 37 + index * 101, 7, lengths[index] ?? 0) };
}

export function invalidPieceOf(task: Task): Piece {
  return { ...pieceOf(task, 0), index: -1 };
}
