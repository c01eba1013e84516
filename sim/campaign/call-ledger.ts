// The truth about every call of a run: what was asked, how often it ran, what the caller was told. Checks, over the whole
// run, that a call runs at most once unless it may run twice, never if the caller was told that it did not, and that a
// response is that of its call.
import { FabricError, RemoteError } from '#bridge';
import type { Actor } from './actor.ts';
import type { Granted } from './granted.ts';
import { numbered, numberIn } from './pattern.ts';

/** What a handler does, by method id. */
export const methods = { echo: 0, later: 1, fail: 2, block: 3 } as const;
export type MethodId = (typeof methods)[keyof typeof methods];

export interface CallWish {
  readonly methodId: MethodId;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly idempotent: boolean;
}

export interface Call extends CallWish {
  readonly id: number;
  readonly granted: Granted;
  readonly caller: Actor;
  readonly begunAtMs: number;
  /** Whether the lease was over, at home, as the call began. */
  readonly beganOver: boolean;
  runs: number;
  /** The caller was told that it did not run. */
  disowned: boolean;
  settled: boolean;
}

export class CallLedger {
  readonly #calls: Call[] = [];

  /** Calls of living processes that have been under way for longer than any may be. */
  overdue(forMs: number): readonly Call[] {
    return this.#calls.filter(
      ({ settled, caller: { process, stage }, begunAtMs }) =>
        !settled && !process.dead && stage.world.clock.timeMs - begunAtMs > forMs,
    );
  }

  begin(actor: Actor, granted: Granted, wish: CallWish): Call {
    const { isOver } = granted;
    const { methodId, requestBytes, responseBytes, idempotent } = wish;
    const call = {
      methodId,
      requestBytes,
      responseBytes,
      idempotent,
      id: this.#calls.length,
      granted,
      caller: actor,
      begunAtMs: actor.stage.world.clock.timeMs,
      beganOver: isOver,
      runs: 0,
      disowned: false,
      settled: false,
    };
    this.#calls.push(call);
    actor.record('calls', call.id, granted.lease.id, methodId, requestBytes, idempotent);
    return call;
  }

  /** A handler was given this. Returns the call that it is, if it is one. */
  ran(actor: Actor, granted: Granted, methodId: number, payload: Uint8Array): Call | undefined {
    const call = this.#calls[numberIn(payload)];
    if (call === undefined || methodId !== call.methodId || !isEqual(payload, requestOf(call))) {
      actor.fail(`the handler got ${payload.length} bytes that nobody sent, method ${methodId}`);
      return undefined;
    }
    call.runs += 1;
    actor.record('runs', call.id, call.runs);
    if (call.granted !== granted) actor.fail(`call ${call.id} ran at another lease than it was made at`);
    if (call.runs > 1 && !call.idempotent) actor.fail(`call ${call.id} ran ${call.runs} times`);
    if (call.runs > 1) actor.mark('an idempotent call ran twice');
    if (call.disowned) actor.fail(`call ${call.id} ran after its caller was told that it did not`);
    if (granted.wasOver) actor.fail(`call ${call.id} ran when lease ${granted.lease.id} was over at its home`);
    return call;
  }

  answered(actor: Actor, call: Call, response: Uint8Array): void {
    call.settled = true;
    actor.record('answered', call.id);
    actor.mark('call: answered');
    if (call.methodId === methods.fail || !isEqual(response, responseOf(call))) {
      actor.fail(`call ${call.id} got a response that is not its own`);
    }
    if (call.runs === 0) actor.fail(`call ${call.id} was answered, and never ran`);
    if (call.beganOver) actor.fail(`call ${call.id} was answered, although its lease was over when it began`);
  }

  failed(actor: Actor, call: Call, error: unknown): void {
    call.settled = true;
    const word = actor.errorOf('call', error);
    actor.record('failed', call.id, word);
    if (error instanceof RemoteError) return this.#failedThere(actor, call, error);
    call.disowned = error instanceof FabricError && !error.mayHaveExecuted;
    if (call.disowned && call.runs > 0)
      actor.fail(`call ${call.id} ran, and its caller was told that it did not: ${word}`);
  }

  #failedThere(actor: Actor, call: Call, error: RemoteError): void {
    actor.mark('call: its handler failed');
    const expected = call.methodId === methods.fail && error.kind === 'handler' && error.message === failureOf(call);
    if (!expected)
      actor.fail(`call ${call.id} failed with an error that is not its own: ${error.kind} ${error.message}`);
  }
}

export function failureOf({ id }: Call): string {
  return `call ${id} is to fail`;
}

export function requestOf(call: Call): Uint8Array {
  return numbered(call.id, 7, call.requestBytes);
}

export function responseOf(call: Call): Uint8Array {
  return numbered(call.id, 13, call.responseBytes);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
