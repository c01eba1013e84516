// What clients of streams do in a run: they open several at a time, beside calls, send and take at whatever pace, leave,
// cancel, or wait for the end.
import type { RpcStream } from '#bridge';
import { type Caller, call, callSync, cancellation } from './rpc-clients.ts';
import { openingOf, type StreamLedger, type StreamTruth } from './stream-ledger.ts';
import {
  calmClient,
  calmDeadlineMs,
  calmHandler,
  drawClient,
  drawHandler,
  halfBytesOf,
  streamMsMax,
} from './stream-plans.ts';
import { readAll, sendAll, sendOne } from './stream-sides.ts';

const methodId = 5;

export async function useStreams(caller: Caller, ledger: StreamLedger): Promise<void> {
  const { actor, slotCount } = caller;
  const { chance } = actor;
  const calls = Array.from({ length: chance.happens(0.4) ? chance.integer(1, slotCount) : 0 }, () => call(caller));
  const streams = Array.from({ length: chance.integer(1, slotCount + 2) }, () => useOne(caller, ledger));
  if (chance.happens(0.1)) callSync(caller);
  await Promise.all([...calls, ...streams]);
}

async function useOne(caller: Caller, ledger: StreamLedger): Promise<void> {
  const { actor, client, granted } = caller;
  const stream = ledger.begin(actor, granted, drawClient(caller), drawHandler(caller), halfBytesOf(caller));
  const { deadlineMs } = stream.client;
  const { signal, forget } = cancellation(actor);
  signal?.addEventListener('abort', () => {
    giveUp(stream);
  });
  const timer =
    deadlineMs < Number.POSITIVE_INFINITY ? actor.process.clock.after(deadlineMs, () => giveUp(stream)) : undefined;
  try {
    const options = {
      ...(deadlineMs < Number.POSITIVE_INFINITY && { deadlineMs }),
      ...(signal !== undefined && { signal }),
    };
    await new Talk(caller, ledger, stream, client.stream(methodId, openingOf(stream), options)).goOn();
  } catch (error) {
    ledger.failed(actor, stream, error);
  } finally {
    forget();
    timer?.cancel();
    stream.settledAtMs = actor.stage.world.clock.timeMs;
  }
}

/** Its client is about to take no more of it. */
function giveUp(stream: StreamTruth): void {
  stream.givenUp = true;
  stream.down.left = true;
}

/** A client's end of a stream. */
class Talk {
  readonly #caller: Caller;
  readonly #ledger: StreamLedger;
  readonly #stream: StreamTruth;
  readonly #end: RpcStream;

  constructor(caller: Caller, ledger: StreamLedger, stream: StreamTruth, end: RpcStream) {
    this.#caller = caller;
    this.#ledger = ledger;
    this.#stream = stream;
    this.#end = end;
  }

  /** Both directions side by side; a stream that has no deadline is given up in time. */
  async goOn(): Promise<void> {
    const { actor } = this.#caller;
    const { deadlineMs } = this.#stream.client;
    const cancelMs = deadlineMs < Number.POSITIVE_INFINITY ? 2 * streamMsMax : actor.chance.octaves(1, streamMsMax);
    const timer = actor.process.clock.after(cancelMs, () => this.#giveUp());
    try {
      await Promise.all([this.#send(), this.#read()]);
    } finally {
      timer.cancel();
    }
  }

  #giveUp(): void {
    giveUp(this.#stream);
    this.#end.cancel();
  }

  /** Why it cannot, the other direction tells. */
  async #send(): Promise<void> {
    const { actor } = this.#caller;
    const { client: plan, up, granted } = this.#stream;
    try {
      await sendAll({ actor, end: this.#end, isOver: () => granted.isOver, plan }, up);
      if (!plan.ends) return;
      up.closed = true;
      await this.#end.end();
    } catch (error) {
      actor.record('cannot send', this.#stream.id, actor.errorOf('stream: send', error));
    }
  }

  async #read(): Promise<void> {
    const { actor } = this.#caller;
    const { client: plan, down, granted } = this.#stream;
    if (plan.readsMax === 0) return this.#lookAway();
    try {
      const ended = await readAll({ actor, end: this.#end, isOver: () => granted.isOver, plan }, down, (message) =>
        this.#ledger.got(actor, this.#stream, down, message),
      );
      if (ended) this.#ledger.ended(actor, this.#stream);
      else actor.mark('stream: left by its client');
      this.#stream.givenUp ||= !ended;
      if (ended) await this.#expectEnd();
    } catch (error) {
      this.#ledger.failed(actor, this.#stream, error);
    }
  }

  /** It never takes anything, and gives the stream up after a while. */
  async #lookAway(): Promise<void> {
    const { actor } = this.#caller;
    await actor.sleep(actor.chance.octaves(1, streamMsMax));
    this.#giveUp();
  }

  /** An end is one for good. */
  async #expectEnd(): Promise<void> {
    const again = await this.#end[Symbol.asyncIterator]().next();
    if (again.done !== true) this.#caller.actor.fail(`stream ${this.#stream.id} goes on behind its end`);
  }
}

// ---- Once nothing goes wrong.

/** So many streams as there are slots live at a time, and each carries both ways and ends. */
export async function useStreamsCalmly(caller: Caller, ledger: StreamLedger): Promise<void> {
  const { actor, client, granted, slotCount } = caller;
  const talks: { readonly stream: StreamTruth; readonly end: RpcStream }[] = [];
  client.lease.check();
  try {
    for (let slot = 0; slot < slotCount; slot++) {
      const stream = ledger.begin(actor, granted, calmClient(actor.chance), calmHandler, halfBytesOf(caller));
      talks.push({ stream, end: client.stream(methodId, openingOf(stream), { deadlineMs: calmDeadlineMs }) });
    }
    await Promise.all(talks.map(({ stream, end }) => exchange(caller, ledger, stream, end)));
    await Promise.all(talks.map(({ stream, end }) => finish(caller, ledger, stream, end)));
  } finally {
    for (const { stream, end } of talks) {
      end.cancel();
      stream.settledAtMs = actor.stage.world.clock.timeMs;
    }
  }
}

async function exchange(
  { actor, granted }: Caller,
  ledger: StreamLedger,
  stream: StreamTruth,
  end: RpcStream,
): Promise<void> {
  const iterator = end[Symbol.asyncIterator]();
  for (const bytes of stream.client.messages) {
    await sendOne(actor, end, stream.up, bytes, granted.isOver);
    const { done, value } = await iterator.next();
    if (done) throw new Error(`stream ${stream.id} ends before its client has`);
    ledger.got(actor, stream, stream.down, value);
  }
}

async function finish({ actor }: Caller, ledger: StreamLedger, stream: StreamTruth, end: RpcStream): Promise<void> {
  stream.up.closed = true;
  await end.end();
  const { done } = await end[Symbol.asyncIterator]().next();
  if (!done) throw new Error(`stream ${stream.id} is sent more than it was to be`);
  ledger.ended(actor, stream);
}
