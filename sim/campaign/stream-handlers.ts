// What serves the streams of a run at home: each as its client's plan says.
import { type CallContext, RemoteError, type RpcHandler, type RpcStream } from '#bridge';
import type { Actor } from './actor.ts';
import type { CallLedger } from './call-ledger.ts';
import type { Granted } from './granted.ts';
import { answer } from './rpc-servers.ts';
import { failureOf, type HandlerRun, type StreamLedger, type StreamTruth } from './stream-ledger.ts';
import { readAll, type Side, sendAll, sendOne } from './stream-sides.ts';

/** Calls beside streams are those of rpc. */
export function streamHandler(actor: Actor, granted: Granted, streams: StreamLedger, calls: CallLedger): RpcHandler {
  return {
    handle: (methodId, payload, context) => {
      const call = calls.ran(actor, granted, methodId, payload);
      return call === undefined ? new Uint8Array(0) : answer(actor, call, context);
    },
    stream: async (_methodId, payload, end, context) => {
      const found = streams.ran(actor, granted, payload);
      if (found === undefined) return;
      await new ServedTalk(actor, end, streams, found.stream, found.run).serve(context);
    },
  };
}

class ServedTalk {
  readonly #actor: Actor;
  readonly #end: RpcStream;
  readonly #ledger: StreamLedger;
  readonly #stream: StreamTruth;
  readonly #run: HandlerRun;

  constructor(actor: Actor, end: RpcStream, ledger: StreamLedger, stream: StreamTruth, run: HandlerRun) {
    this.#actor = actor;
    this.#end = end;
    this.#ledger = ledger;
    this.#stream = stream;
    this.#run = run;
  }

  async serve(context: CallContext): Promise<void> {
    const { handler, up } = this.#stream;
    const aborted = handler.deaf ? undefined : this.#aborted(context.signal);
    // From then on what comes is dropped, also where the handler does not care.
    context.signal.addEventListener('abort', () => {
      up.left = true;
    });
    try {
      await this.#talk();
      await this.#close(aborted);
      this.#run.returned = true;
    } catch (error) {
      this.#run.threw = (error as Error).message;
      throw error;
    } finally {
      this.#run.over = true;
      this.#actor.record('is through with stream', this.#stream.id, this.#run.threw ?? '');
    }
  }

  #aborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#run.aborted = true;
        this.#actor.record('is told to stop', this.#stream.id);
        this.#actor.errorOf('handler of a stream told to stop', signal.reason);
        resolve();
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort);
    });
  }

  async #talk(): Promise<void> {
    const { granted, handler, down } = this.#stream;
    const side: Side = { actor: this.#actor, end: this.#end, isOver: () => granted.wasOver, plan: handler };
    const reading = this.#read(side);
    const sending = handler.echoes ? Promise.resolve() : sendAll(side, down);
    const outcomes = await Promise.allSettled([reading, sending]);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      this.#ledger.failedThere(this.#actor, this.#stream, outcome.reason);
      if (!handler.swallows) throw outcome.reason;
    }
  }

  async #read(side: Side): Promise<void> {
    const { handler, up, down, granted } = this.#stream;
    const ended = await readAll(side, up, async (message) => {
      this.#ledger.got(this.#actor, this.#stream, up, message);
      if (handler.echoes) await sendOne(this.#actor, this.#end, down, message.length, granted.wasOver);
    });
    if (ended) this.#ledger.endedThere(this.#actor, this.#stream);
  }

  async #close(aborted: Promise<void> | undefined): Promise<void> {
    const { handler, up, id } = this.#stream;
    up.left = true;
    switch (handler.outcome) {
      case 'returns':
        return;
      case 'ends and returns':
        return this.#sayEnd();
      case 'throws':
        throw new Error(failureOf(id));
      case 'ends and throws':
        void this.#sayEnd();
        throw new Error(failureOf(id));
      case 'cancels':
        this.#run.threw = failureOf(id);
        return this.#end.cancel(new RemoteError(failureOf(id)));
      case 'waits for its signal':
        return aborted;
    }
  }
  /** A stream that has failed cannot end well any more. */
  async #sayEnd(): Promise<void> {
    const { down } = this.#stream;
    down.closed = true;
    try {
      await this.#end.end();
    } catch (error) {
      down.closed = false;
      this.#ledger.failedThere(this.#actor, this.#stream, error);
    }
  }
}
