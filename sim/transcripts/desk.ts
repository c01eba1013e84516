// What one process of a transcript has: its leases and what it does with them, by name, and what it has seen. It knows
// nothing of where it runs; time and turns are handed in.
import type { FabricDns, FabricQueue, MemLease, RpcClient, RpcServer, RpcStream } from '#sdk/api';
import { describeError } from './describe-error.ts';

/** What differs between a simulated process and a real one. */
export interface Life {
  /** Calls back after so many milliseconds. */
  after(ms: number, callback: () => void): void;
  /**
   * How often it is worth looking between two turns. A process that only ever looked would starve the card where that is a
   * kernel thread.
   */
  readonly looksPerTurn: number;
  /** Lets everybody else have a turn. */
  turn(): Promise<void>;
  /** What was seen, in one line. It has left the process when this returns. */
  see(line: string): void;
}

/** Things by name; asking for one that is not there is the script's fault. */
class Named<T> {
  readonly #what: string;
  readonly #things = new Map<string, T>();

  constructor(what: string) {
    this.#what = what;
  }

  get(name: string): T {
    const found = this.#things.get(name);
    if (found === undefined) throw new RangeError(`there is no ${this.#what} named ${name} here`);
    return found;
  }

  set(name: string, thing: T): void {
    this.#things.set(name, thing);
  }

  has(name: string): boolean {
    return this.#things.has(name);
  }

  /** All, which are nobody's from here on. */
  drain(): T[] {
    const all = [...this.#things.values()];
    this.#things.clear();
    return all;
  }
}

export class Desk {
  readonly life: Life;
  readonly leases: Named<MemLease> = new Named('lease');
  readonly clients: Named<RpcClient> = new Named('client');
  readonly servers: Named<RpcServer> = new Named('server');
  readonly queues: Named<FabricQueue> = new Named('queue');
  readonly streams: Named<RpcStream> = new Named('stream');
  readonly aborts: Named<AbortController> = new Named('operation that can be given up');
  /** What was begun, until it is settled; its outcome was seen by then. */
  readonly begun: Named<Promise<void>> = new Named('operation');
  #dns: Promise<FabricDns> | undefined;
  #quiet = false;
  readonly #seen: string[] = [];
  readonly #lookers = new Set<() => void>();

  constructor(life: Life) {
    this.life = life;
  }

  see(line: string): void {
    if (this.#quiet) return;
    this.life.see(line);
    this.#seen.push(line);
    for (const look of this.#lookers) look();
  }

  /** Resolves once such a line was seen, now or before. */
  saw(line: string): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#seen.includes(line)) return;
        this.#lookers.delete(look);
        resolve();
      };
      this.#lookers.add(look);
      look();
    });
  }

  /** Sees what comes of something: what `tell` makes of its result, or its error. */
  async outcome<T>(what: string, promise: Promise<T>, tell: (result: T) => string): Promise<void> {
    try {
      const result = await promise;
      this.see(`${what}: ${tell(result)}`);
    } catch (error) {
      this.see(`${what}: ${describeError(error)}`);
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.life.after(ms, resolve));
  }

  /** What this process says of services; opened when first asked. */
  dns(open: () => Promise<FabricDns>): Promise<FabricDns> {
    this.#dns ??= open();
    return this.#dns;
  }

  /** Gives everything back, unseen: the next transcript begins. */
  async clear(): Promise<void> {
    this.#quiet = true;
    for (const abort of this.aborts.drain()) abort.abort();
    const dns = this.#dns;
    this.#dns = undefined;
    await (await dns)?.close();
    for (const lease of this.leases.drain()) await lease.release();
    await Promise.all(this.begun.drain());
    this.#seen.length = 0;
    for (const things of [this.clients, this.servers, this.queues, this.streams]) things.drain();
    this.#quiet = false;
  }
}
