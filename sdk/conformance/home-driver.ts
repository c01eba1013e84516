// Drives a home process: its leases as objects, its failures as the errors that they were there.
import { createInterface } from 'node:readline';
import { FabricError, type FabricErrorCode, fabricErrorNumbers, type LeaseStatus, RemoteError } from '../index.ts';
import type { HomeProcess } from './fixture.ts';
import type {
  AcquireRequest,
  AnswerLine,
  AttachRequest,
  CommandName,
  Commands,
  ErrorFacts,
  LeaseFacts,
} from './home-protocol.ts';
import { readyLine } from './home-protocol.ts';

/** Far beyond what any answer takes: only a home that hangs reaches it. */
const answerMsMax = 60_000;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly watchdog: NodeJS.Timeout;
}

export class HomeDriver {
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  readonly #process: HomeProcess;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #alive = true;
  #onReady: () => void = () => undefined;

  private constructor(process: HomeProcess) {
    this.#process = process;
    this.gone = new Promise((resolve) => {
      process.once('exit', () => {
        this.#end();
        resolve();
      });
    });
    // A pipe to a process that was killed: `exit` tells of it.
    process.stdin.on('error', () => undefined);
    createInterface({ input: process.stdout }).on('line', (line) => this.#take(line));
  }

  /** Takes charge of a process, and waits until it is ready for commands. */
  static async start(process: HomeProcess): Promise<HomeDriver> {
    const home = new HomeDriver(process);
    const ready = new Promise<void>((resolve) => {
      home.#onReady = resolve;
    });
    const early = home.gone.then(() => {
      throw new Error('the home process ended before it was ready');
    });
    early.catch(() => undefined);
    await Promise.race([ready, early]);
    return home;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Sends a command. Rejects with the error that it failed with there, or an Error if the process ends or hangs. */
  ask<C extends CommandName>(command: C, request: Commands[C]['request']): Promise<Commands[C]['answer']> {
    if (!this.#alive) return Promise.reject(new Error(`the home process has ended; ${command} came too late`));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`the home process did not answer ${command} within ${answerMsMax} ms`));
      }, answerMsMax);
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, watchdog });
      this.#process.stdin.write(`${JSON.stringify({ id, command, request })}\n`);
    });
  }

  async acquire(request: AcquireRequest = {}): Promise<HomeLease> {
    return new HomeLease(this, await this.ask('acquire', request));
  }

  /** Makes this process a holder of another's lease. */
  async attach(lease: HomeLease, options: Omit<AttachRequest, 'reference'> = {}): Promise<HomeLease> {
    return new HomeLease(this, await this.ask('attach', { reference: lease.url, ...options }));
  }

  /** Ends the process without warning, and waits for its end. */
  async kill(): Promise<void> {
    if (this.#alive) this.#process.kill('SIGKILL');
    await this.gone;
  }

  #take(line: string): void {
    if (line === readyLine) return this.#onReady();
    const answer = JSON.parse(line) as AnswerLine;
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) return;
    this.#pending.delete(answer.id);
    clearTimeout(pending.watchdog);
    if (answer.ok) pending.resolve(answer.value);
    else pending.reject(errorOf(answer.error));
  }

  #end(): void {
    this.#alive = false;
    for (const { reject, watchdog } of this.#pending.values()) {
      clearTimeout(watchdog);
      reject(new Error('the home process ended'));
    }
    this.#pending.clear();
  }
}

/** A lease as a home process has it. */
export class HomeLease {
  readonly id: string;
  readonly url: string;
  /** As it stood when it was acquired or attached to. */
  readonly facts: LeaseFacts;
  readonly #home: HomeDriver;

  constructor(home: HomeDriver, facts: LeaseFacts) {
    this.#home = home;
    this.id = facts.id;
    this.url = facts.url;
    this.facts = facts;
  }

  status(): Promise<LeaseFacts> {
    return this.#home.ask('status', { lease: this.id });
  }

  /** Resolves once the lease has ended there. */
  ended(): Promise<LeaseStatus> {
    return this.#home.ask('ended', { lease: this.id });
  }

  renew(leaseSecs?: number): Promise<null> {
    return this.#home.ask('renew', { lease: this.id, ...(leaseSecs === undefined ? {} : { leaseSecs }) });
  }

  release(): Promise<null> {
    return this.#home.ask('release', { lease: this.id });
  }

  revoke(): Promise<string> {
    return this.#home.ask('revoke', { lease: this.id });
  }

  async read(offset: number, bytes: number): Promise<Uint8Array> {
    return toBytes(await this.#home.ask('read', { lease: this.id, offset, bytes }));
  }

  write(offset: number, bytes: Uint8Array): Promise<null> {
    return this.#home.ask('write', { lease: this.id, offset, bytes: toText(bytes) });
  }

  async compareExchange(offset: number, expected: bigint, desired: bigint): Promise<bigint> {
    const request = { lease: this.id, offset, expected: String(expected), desired: String(desired) };
    return BigInt(await this.#home.ask('compareExchange', request));
  }

  async fetchAdd(offset: number, delta: bigint, times = 1): Promise<bigint> {
    return BigInt(await this.#home.ask('fetchAdd', { lease: this.id, offset, delta: String(delta), times }));
  }

  openServer(): Promise<null> {
    return this.#home.ask('openServer', { lease: this.id });
  }

  serve(options: { readonly slots?: number } = {}): Promise<null> {
    return this.#home.ask('serve', { lease: this.id, ...options });
  }

  serveService(options: { readonly slots?: number } = {}): Promise<null> {
    return this.#home.ask('serveService', { lease: this.id, ...options });
  }

  serveTwice(): Promise<null> {
    return this.#home.ask('serveTwice', { lease: this.id });
  }

  stopServing(): Promise<null> {
    return this.#home.ask('stopServing', { lease: this.id });
  }

  /** Resolves or rejects as serve() did there. */
  served(): Promise<null> {
    return this.#home.ask('served', { lease: this.id });
  }

  /** Resolves once the handler has begun `count` calls. */
  called(count: number): Promise<null> {
    return this.#home.ask('called', { lease: this.id, count });
  }

  calls(): Promise<number> {
    return this.#home.ask('calls', { lease: this.id });
  }

  async call(methodId: number, payload: Uint8Array): Promise<Uint8Array> {
    return toBytes(await this.#home.ask('call', { lease: this.id, methodId, payload: toText(payload) }));
  }

  createQueue(capacity: number, stride: number): Promise<null> {
    return this.#home.ask('createQueue', { lease: this.id, capacity, stride });
  }

  attachQueue(): Promise<null> {
    return this.#home.ask('attachQueue', { lease: this.id });
  }

  pushMany(values: readonly unknown[]): Promise<number> {
    return this.#home.ask('pushMany', { lease: this.id, values });
  }

  sendAll(values: readonly unknown[]): Promise<null> {
    return this.#home.ask('sendAll', { lease: this.id, values });
  }

  popMany(countMax: number): Promise<unknown[]> {
    return this.#home.ask('popMany', { lease: this.id, countMax });
  }

  receive(count: number): Promise<unknown[]> {
    return this.#home.ask('receive', { lease: this.id, count });
  }

  closeQueue(): Promise<null> {
    return this.#home.ask('closeQueue', { lease: this.id });
  }

  register(service: string): Promise<null> {
    return this.#home.ask('register', { lease: this.id, service });
  }
}

/** Ends a process in an orderly way, and waits for its end. */
export async function exitHome(home: HomeDriver): Promise<void> {
  if (!home.alive) return;
  home.ask('exit', {}).catch(() => undefined);
  await home.gone;
}

function errorOf(facts: ErrorFacts): Error {
  const { name, message, code } = facts;
  if (typeof code === 'string' && code in fabricErrorNumbers) {
    return FabricError.of(code as FabricErrorCode, message, {
      mayHaveExecuted: facts.mayHaveExecuted ?? false,
    });
  }
  if (facts.kind !== undefined) return new RemoteError(message, { kind: facts.kind, code: Number(code) });
  if (name === 'RangeError') return new RangeError(message);
  if (name === 'TypeError') return new TypeError(message);
  return new Error(`${name}: ${message}`);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
