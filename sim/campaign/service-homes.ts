// What implements the typed service of a run: each task goes as its client has planned.
import type { Implementation, ServiceContext } from '#bridge';
import type { Actor } from './actor.ts';
import type { Granted } from './granted.ts';
import { invalidPieceOf, pieceOf, refusalOf, type ServiceLedger, type Task } from './service-ledger.ts';
import type { Asked, MethodName, Piece, ProbeMethods } from './service-shape.ts';
import { pauseFor } from './stream-sides.ts';

export function probeAt(actor: Actor, granted: Granted, ledger: ServiceLedger): Implementation<ProbeMethods> {
  const tasks = new TasksAtHome(actor, granted, ledger);
  return {
    exchange: (asked, context) => tasks.exchange('exchange', asked, context),
    again: (asked, context) => tasks.exchange('again', asked, context),
    list: (asked, context) => tasks.list(asked, context),
    gather: (pieces, context) => tasks.gather(pieces, context),
    chat: (pieces, context) => tasks.chat(pieces, context),
  };
}

class TasksAtHome {
  readonly #actor: Actor;
  readonly #granted: Granted;
  readonly #ledger: ServiceLedger;

  constructor(actor: Actor, granted: Granted, ledger: ServiceLedger) {
    this.#actor = actor;
    this.#granted = granted;
    this.#ledger = ledger;
  }

  async exchange(method: MethodName, asked: Asked, context: ServiceContext): Promise<Piece> {
    const { task, run } = this.#begin(method, context);
    try {
      this.#ledger.checkAsked(this.#actor, task, asked);
      await pauseFor(this.#actor, this.#actor.stage.knobs.handlerMs);
      return this.#next(task, task.turnsAt, 0);
    } finally {
      run.over = true;
    }
  }

  async *list(asked: Asked, context: ServiceContext): AsyncGenerator<Piece> {
    const { task, run } = this.#begin('list', context);
    try {
      this.#ledger.checkAsked(this.#actor, task, asked);
      for (const index of task.lengths.keys()) {
        await pauseFor(this.#actor, task.pauseMs);
        yield this.#next(task, index, index);
      }
    } finally {
      run.over = true;
    }
  }

  async gather(pieces: AsyncIterable<Piece>, context: ServiceContext): Promise<Piece> {
    const { task, run } = this.#begin('gather', context);
    try {
      let count = 0;
      for await (const piece of pieces) {
        this.#ledger.checkPiece(this.#actor, task, count, piece);
        if (task.course === 'throws' && count === task.turnsAt) throw refusalOf(task);
        await pauseFor(this.#actor, task.pauseMs);
        count += 1;
      }
      this.#checkEnd(task, count);
      return this.#next(task, task.turnsAt, 0);
    } finally {
      run.over = true;
    }
  }

  async *chat(pieces: AsyncIterable<Piece>, context: ServiceContext): AsyncGenerator<Piece> {
    const { task, run } = this.#begin('chat', context);
    try {
      let count = 0;
      for await (const piece of pieces) {
        this.#ledger.checkPiece(this.#actor, task, count, piece);
        yield this.#next(task, count, count);
        count += 1;
      }
      this.#checkEnd(task, count);
    } finally {
      run.over = true;
    }
  }

  #begin(method: MethodName, { metadata }: ServiceContext): ReturnType<ServiceLedger['ran']> {
    return this.#ledger.ran(this.#actor, this.#granted, method, metadata['task']);
  }

  /** The piece at `index`, unless the task turns at `place`. */
  #next(task: Task, place: number, index: number): Piece {
    if (place !== task.turnsAt) return pieceOf(task, index);
    if (task.course === 'throws') throw refusalOf(task);
    return task.course === 'invalid output' ? invalidPieceOf(task) : pieceOf(task, index);
  }

  #checkEnd({ id, sentAll, lengths }: Task, count: number): void {
    if (sentAll && count === lengths.length) return;
    this.#actor.fail(`task ${id} is told that all is sent, after ${count} of ${lengths.length} pieces`);
  }
}
