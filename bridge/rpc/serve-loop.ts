// When a server looks for requests: in slices of busy polling while there is work or hope of it, asleep on its doorbell
// otherwise. Between slices the event loop has its turn, so that a busy server still reads sockets and runs timers.
import type { Clock } from '../environment.ts';
import type { ServerPort } from '../plane/plane.ts';
import type { AnyHandler } from './rpc-handler.ts';
import type { RpcServer } from './server.ts';
import { SpinBudget, type WaitMode, worthLooks } from './spin-budget.ts';

/** How long a slice keeps the event loop, milliseconds. A turn of the loop costs a call that falls into it 2 µs. */
const sliceMs = 0.1;
/** Requests handled between two looks at the clock. */
const requestsPerLook = 64;

export class ServeLoop {
  readonly #server: RpcServer;
  readonly #port: ServerPort;
  readonly #clock: Clock;
  readonly #budget: SpinBudget;
  #state: 'new' | 'polling' | 'asleep' | 'between' | 'ended' = 'new';
  #handler: AnyHandler | undefined;
  #idleFromMs = 0;
  #sliceEndMs = 0;
  #finish: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(server: RpcServer, port: ServerPort, clock: Clock, wait: WaitMode) {
    this.#server = server;
    this.#port = port;
    this.#clock = clock;
    this.#budget = new SpinBudget(wait, port);
  }

  run(handler: AnyHandler, signal: AbortSignal | undefined): Promise<void> {
    const { lease } = this.#server;
    lease.check();
    if (signal?.aborted) return Promise.resolve();
    this.#handler = handler;
    return new Promise((resolve, reject) => {
      const stop = () => this.#stop();
      const forget = lease.onEnd(() => this.#end(lease.endedError(false)));
      const finish = (settle: () => void) => {
        forget();
        signal?.removeEventListener('abort', stop);
        settle();
      };
      this.#finish = { resolve: () => finish(resolve), reject: (error) => finish(() => reject(error)) };
      signal?.addEventListener('abort', stop);
      this.#port.keepAlive(true);
      this.#port.onRing(() => {
        if (this.#state === 'asleep') this.#startSlice();
      });
      this.#idleFromMs = this.#clock.nowMs();
      this.#startSlice();
    });
  }

  /**
   * A handler's promise has settled. The slice that started the handler goes on, so that handlers whose promises are
   * settled at once are served without a turn of the event loop, and yet do not starve it.
   */
  handlerSettled(): void {
    if (this.#state === 'asleep') {
      this.#endIfDue(this.#clock.nowMs());
      this.#continueSlice();
    } else if (this.#state === 'ended') this.#finishIfDone();
  }

  #startSlice(): void {
    const nowMs = this.#clock.nowMs();
    this.#endIfDue(nowMs);
    this.#sliceEndMs = nowMs + Math.max(sliceMs, this.#port.spinMsMax / 2);
    this.#continueSlice();
  }

  /** After a process was stopped, requests and its own timers may come before the lease's: what was due then is seen first. */
  #endIfDue(nowMs: number): void {
    const { lease } = this.#server;
    if (nowMs >= lease.deadlineMs) lease.end('expired');
  }

  #continueSlice(): void {
    if (this.#state === 'ended') return;
    this.#state = 'polling';
    this.#port.disarm();
    try {
      while (this.#poll()) {
        const nowMs = this.#clock.nowMs();
        if (nowMs - this.#idleFromMs >= this.#budget.ms) return this.#sleep();
        if (nowMs >= this.#sliceEndMs) return this.#yield();
      }
    } catch (error) {
      this.#end(error as Error); // The lease has ended.
    }
  }

  /** Polls for a while; false if there is nothing more to do in this slice. */
  #poll(): boolean {
    const handler = this.#handler as AnyHandler;
    const pollsMax = this.#port.observesPerClock;
    let handled = 0;
    for (let polls = 0; polls < pollsMax && handled < requestsPerLook; polls++) {
      if (this.#server.pollOnce(handler)) handled += 1;
      // Promises: let them settle, which may take no more than this turn's microtasks.
      else if (this.#server.running > 0) break;
    }
    if (handled > 0) {
      const nowMs = this.#clock.nowMs();
      // Requests that come one by one, far apart, are no reason to look on after each.
      if (nowMs - this.#idleFromMs < worthLooks * this.#port.spinMsMax) this.#budget.hit();
      this.#idleFromMs = nowMs;
    }
    if (this.#stateIsEnded()) return false;
    if (this.#server.running === 0) return true;
    this.#sleep();
    return false;
  }

  /** A handler may have ended the loop, by abort or by ending the lease. */
  #stateIsEnded(): boolean {
    return this.#state === 'ended';
  }

  #yield(): void {
    this.#state = 'between';
    this.#clock.nextTurn(() => this.#startSlice());
  }

  #sleep(): void {
    if (this.#server.running === 0) this.#budget.miss();
    this.#state = 'asleep';
    this.#port.arm();
    // Observes: request, once more, now that clients know that they have to ring.
    if (this.#server.ready) this.#yield();
  }

  #stop(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#port.disarm();
    this.#server.stopStreams();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#server.running > 0 || this.#finish === undefined) return;
    this.#port.keepAlive(false);
    this.#port.onRing(() => undefined); // The doorbell lets go of this loop, and so of the server and its lease.
    this.#finish.resolve();
    this.#finish = undefined;
  }

  #end(error: Error): void {
    this.#state = 'ended';
    this.#finish?.reject(error);
    this.#finish = undefined;
  }
}
