// The one completion queue of this process: whatever arrives for any session is brought in by one native call, while
// somebody looks, or from the event loop, while somebody sleeps.
import { CompletionQueue, listRdmaDevices, type RdmaDevice, type RdmaPort, VerbsContext, waitReadable } from '#native';
import type { Clock } from '../../environment.ts';
import { Disconnected, Unsupported } from '../../errors.ts';
import { rdmaCompletionsMax } from '../../limits.ts';
import type { Inlet } from '../local/local-server-port.ts';

/** What a session hears from its queue pair. */
export interface Completions {
  /** Round trip of an empty message when the session came up, milliseconds. */
  readonly roundTripMs: number;
  /** A request posted with this token is done: its bytes are there. */
  done(token: number): void;
  /** The peer's bytes are there; this is the immediate that came after them. */
  arrived(frame: number): void;
  /** A request failed, and with it the queue pair. */
  failed(token: number, status: number): void;
  /** The device has given the queue pair up, or everything. */
  lost(error: Disconnected): void;
}

const kinds = { done: 0, arrived: 1, sendFailed: 2, receiveFailed: 3 } as const;
const wordsPerCompletion = 4;
const completionsPerPoll = 64;
/** Looks of one native call where there is nothing else to look at: some microseconds, in which nothing else runs. */
export const looksPerSpin = 64;
/** A call there and back, what the peer does meanwhile, and as much again: a wake-up costs more. */
const spinsPerRoundTrip = 6;
/** Nobody looks longer than this before sleeping, milliseconds, however slow the link. */
const spinMsCeiling = 5;

export class RdmaEngine implements Inlet {
  readonly context: VerbsContext;
  readonly queue: CompletionQueue;
  readonly entriesMax: number;
  readonly clock: Clock;
  readonly #sessions = new Map<number, Completions>();
  readonly #sleepers = new Set<object>();
  readonly #keepers = new Set<object>();
  #spinMsMax = 0;
  #isLost = false;

  /** Opens the first RoCE port that is up. Throws Unsupported, saying why, where there is none. */
  constructor(clock: Clock) {
    const { device, port, gidIndex } = choosePort(listRdmaDevices());
    this.clock = clock;
    this.context = new VerbsContext(device, port, gidIndex);
    this.entriesMax = Math.min(rdmaCompletionsMax, this.context.attributes.completionsMax);
    this.queue = new CompletionQueue(this.context, this.entriesMax);
    this.queue.watch(() => this.#wake());
    this.context.watch(() => this.#hear());
  }

  /** The device has given the completion queue up: all sessions are broken, and new ones need another engine. */
  get isLost(): boolean {
    return this.#isLost;
  }

  get spinMsMax(): number {
    return this.#spinMsMax;
  }

  add(queuePair: number, session: Completions): void {
    this.#sessions.set(queuePair, session);
  }

  /** A session's round trip is known, or it has gone. */
  measure(): void {
    const slowest = Math.max(0, ...[...this.#sessions.values()].map(({ roundTripMs }) => roundTripMs));
    this.#spinMsMax = Math.min(spinsPerRoundTrip * slowest, spinMsCeiling);
  }

  remove(queuePair: number): void {
    this.#sessions.delete(queuePair);
    this.measure();
  }

  /** Looks up to `looks` times until something has arrived, and brings in all that has. */
  observe(looks: number): void {
    for (let count = this.#poll(looks); count > 0; count = count < completionsPerPoll ? 0 : this.#poll(1)) {
      this.#dispatch(count);
    }
  }

  arm(sleeper: object): void {
    this.#sleepers.add(sleeper);
    this.queue.arm();
  }

  disarm(sleeper: object): void {
    this.#sleepers.delete(sleeper);
  }

  nextTurn(callback: () => void): void {
    this.clock.nextTurn(callback);
  }

  /** Looks for up to `spinMs` until `done` is true. */
  spin(done: () => boolean, spinMs: number): boolean {
    const untilMs = this.clock.nowMs() + spinMs;
    for (;;) {
      this.observe(looksPerSpin);
      if (done()) return true;
      if (this.clock.nowMs() >= untilMs) return false;
    }
  }

  /** Blocks the thread until something has arrived, or time is up. */
  block(timeoutMs: number): void {
    waitReadable([this.queue], timeoutMs);
    this.#wake();
  }

  /** While somebody asks for it, waiting for completions keeps the process alive. */
  keepAlive(keeper: object, keep: boolean): void {
    if (keep) this.#keepers.add(keeper);
    else this.#keepers.delete(keeper);
    if (this.#keepers.size > 0) this.queue.ref();
    else this.queue.unref();
  }

  #poll(looks: number): number {
    if (this.#isLost) return 0;
    try {
      return this.queue.poll(looks);
    } catch (cause) {
      this.#lose(cause);
      return 0;
    }
  }

  /** What the device says of itself. That a port is down is no end: packets may come through again in time. */
  #hear(): void {
    for (let event = this.context.nextEvent(); event !== undefined; event = this.context.nextEvent()) {
      const { type, queuePair } = event;
      if (type === 'device-fatal') return this.#lose(new Error('the RDMA device has failed'));
      if (type !== 'queue-pair-fatal' || queuePair === undefined) continue;
      const error = new Disconnected('the RDMA device has given a queue pair up', { mayHaveExecuted: true });
      this.#sessions.get(queuePair)?.lost(error);
    }
    this.observe(1); // A completion queue that was given up says so now.
  }

  #lose(cause: unknown): void {
    this.#isLost = true;
    this.queue.unwatch();
    this.context.unwatch();
    const error = new Disconnected('the RDMA completion queue is lost', { cause, mayHaveExecuted: true });
    for (const session of [...this.#sessions.values()]) session.lost(error);
  }

  /** Armed again before looking, so that what arrives after the look wakes us once more. */
  #wake(): void {
    this.queue.drain();
    if (this.#sleepers.size > 0) this.queue.arm();
    this.observe(1);
  }

  /** Whoever is told may look, and so write over them: one is read before it is told, of several a copy. */
  #dispatch(count: number): void {
    const { completions } = this.queue;
    const words = count === 1 ? completions : completions.slice(0, count * wordsPerCompletion);
    const end = count * wordsPerCompletion;
    for (let at = 0; at < end; at += wordsPerCompletion) {
      this.#tell(words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number);
    }
  }

  #tell(value: number, kind: number, queuePair: number, status: number): void {
    const session = this.#sessions.get(queuePair);
    if (session === undefined) return; // Closed meanwhile.
    if (kind === kinds.arrived) session.arrived(value);
    else if (kind === kinds.done) session.done(value);
    else session.failed(kind === kinds.sendFailed ? value : 0, status);
  }
}

/** The first port that is up and has a RoCE v2 address of IPv4; `LEASEWIRE_RDMA_DEVICE` names the device to take. */
function choosePort(devices: readonly RdmaDevice[]): { device: string; port: number; gidIndex: number } {
  const wanted = process.env['LEASEWIRE_RDMA_DEVICE'];
  for (const { name, ports } of devices) {
    if (wanted !== undefined && wanted !== '' && wanted !== name) continue;
    for (const port of ports) {
      const gidIndex = gidIndexOf(port);
      if (port.state === 'active' && gidIndex !== undefined) return { device: name, port: port.port, gidIndex };
    }
  }
  const found = devices.map(({ name, ports }) => `${name} (${ports.map(({ state }) => state).join(', ')})`).join(', ');
  throw new Unsupported(
    `no plane reaches that host: no RDMA port is active with a RoCE v2 address; devices: ${found || 'none'}`,
  );
}

function gidIndexOf({ gids }: RdmaPort): number | undefined {
  const roce = gids.filter(({ type }) => type === 'roce-v2');
  return (roce.find(({ ipv4 }) => ipv4 !== undefined) ?? roce[0])?.index;
}
