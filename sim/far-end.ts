// One end of a far session: what a queue pair is to RDMA. Its card sends, and serves the peer, by the timeline; its
// process hears of what has happened by its own clock, or when it looks. An end that fails is of no use any more, and
// neither is the other, which finds that out when it next sends something.
import { Disconnected, type Timer } from '#bridge';
import type { FarFabric } from './far-fabric.ts';
import type { FarWay } from './far-path.ts';
import { type FarNews, type FarRequest, type FarResult, perform, performPart } from './far-request.ts';
import type { ProcessClock } from './process-clock.ts';

export interface FarEvents {
  /** The peer's bytes are there; this came after them. */
  onNews(binding: number, news: FarNews): void;
  /** The session is of no use any more. Called once, and not after close(). */
  onBroken(error: Disconnected): void;
}

interface Pending {
  readonly resolve: (result: FarResult) => void;
  readonly reject: (error: Error) => void;
  timer: Timer | undefined;
}

/** On its way to the peer. */
interface Message {
  readonly arrive: (peer: FarEnd) => void;
  /** Does a part of it, ahead of the rest. */
  readonly begin?: (peer: FarEnd) => void;
  readonly bytes: number;
  begun: boolean;
  lost: boolean;
}

/** How long a card repeats what is not answered before it gives the session up, milliseconds. */
const giveUpMs = 500;

export class FarEnd implements FarWay {
  readonly number: number;
  /** What the peer may reach here, by binding. */
  readonly regions: Map<number, Uint8Array> = new Map();
  readonly #fabric: FarFabric;
  readonly #clock: ProcessClock;
  readonly #events: FarEvents;
  readonly #pending = new Set<Pending>();
  /** What has happened, and the process has not noticed yet. */
  readonly #completions: (() => void)[] = [];
  readonly #underWay: Message[] = [];
  #peer: number | undefined;
  #lastDueMs = 0;
  #mute = false;
  /** The card's view; the process's is `broken`. */
  #failed = false;
  #broken: Disconnected | undefined;
  #closed = false;

  /** `clock` is that of the process. */
  constructor(fabric: FarFabric, clock: ProcessClock, events: FarEvents) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#events = events;
    this.number = fabric.add(this);
  }

  get broken(): Disconnected | undefined {
    return this.#broken;
  }

  get hasNews(): boolean {
    return this.#completions.length > 0;
  }

  connect(peer: number): void {
    this.#peer = peer;
  }

  /** Resolves once the peer's card has done it. Where the session fails, rejects when that is closed. */
  request(request: FarRequest): Promise<FarResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#broken);
      const pending: Pending = { resolve, reject, timer: undefined };
      this.#pending.add(pending);
      if (this.#failed) return;
      pending.timer = this.#fabric.clock.after(giveUpMs, () => this.#fail(`no answer within ${giveUpMs} ms`));
      let early: Uint8Array | undefined;
      this.#send({
        arrive: (peer) => peer.#serve(request, pending, early),
        begin: (peer) => {
          early = performPart(request, peer.regions);
        },
        bytes: 'source' in request ? request.source.length : 0,
      });
    });
  }

  /** Writes bytes to the peer, then tells it. What becomes of that, the session's failing says if need be. */
  publish(binding: number, offset: number, source: Uint8Array, news: FarNews): void {
    void this.request({ op: 'publish', binding, offset, source: Uint8Array.from(source), news }).catch(() => undefined);
  }

  /** Looks whether the peer is still there, unless something is under way that will tell. */
  probe(): void {
    if (this.#pending.size === 0) void this.request({ op: 'probe' }).catch(() => undefined);
  }

  /** The process notices what has happened. */
  observe(): void {
    for (let next = this.#completions.shift(); next !== undefined; next = this.#completions.shift()) next();
  }

  break(error: Disconnected): void {
    this.#failed = true;
    if (this.#broken !== undefined) return;
    this.#broken = error;
    this.#events.onBroken(error);
  }

  /** Nothing arrives or leaves any more, and what is not done fails. */
  close(): void {
    this.abandon();
    this.#closed = true;
    this.#broken ??= new Disconnected('the far session was closed here');
    for (const { reject } of this.#pending) reject(this.#broken);
    this.#pending.clear();
  }

  /** The process is dead: its card forgets about the session, and nobody hears of it. What has not been sent never is. */
  abandon(): void {
    this.#failed = true;
    if (this.#underWay.length > 0) this.#lose(Math.floor(this.#fabric.outlives() * (this.#underWay.length + 1)));
    this.#completions.length = 0;
    this.#fabric.remove(this.number);
    for (const { timer } of this.#pending) timer?.cancel();
  }

  /** In order, after a while, or never. */
  #send(parts: Pick<Message, 'arrive' | 'begin' | 'bytes'>): void {
    const { clock } = this.#fabric;
    this.#mute ||= this.#fabric.loses();
    if (this.#mute) return;
    const message: Message = { ...parts, begun: false, lost: false };
    const earliestMs = Math.max(this.#lastDueMs, clock.timeMs);
    this.#underWay.push(message);
    this.#lastDueMs = Math.max(this.#lastDueMs, clock.timeMs + this.#fabric.delayMs(message.bytes));
    clock.after(this.#lastDueMs - clock.timeMs, () => this.#arrive());
    const part = message.begin === undefined ? 0 : this.#fabric.tears();
    const beginMs = earliestMs + part * (this.#lastDueMs - earliestMs);
    if (part > 0 && beginMs < this.#lastDueMs) clock.after(beginMs - clock.timeMs, () => this.#begin(message));
  }

  #begin(message: Message): void {
    if (message.lost || message.begin === undefined) return;
    message.begun = true;
    this.#tell(message.begin);
  }

  #arrive(): void {
    const message = this.#underWay.shift();
    if (message === undefined || message.lost) return;
    if (!message.begun || !this.#fabric.breaksOff()) return this.#tell(message.arrive);
    this.#mute = true;
    this.#lose(0);
  }

  /** All that is on its way but the first `sent` messages. */
  #lose(sent: number): void {
    for (const message of this.#underWay.slice(sent)) message.lost = true;
  }

  /** Who is connected to another hears nothing from here, whatever a hostile home has said that its end is. */
  #tell(arrive: (peer: FarEnd) => void): void {
    const peer = this.#fabric.endAt(this.#peer);
    if (peer === undefined || peer.#failed) return;
    if (peer.#peer === undefined || peer.#peer === this.number) arrive(peer);
  }

  /** As the peer's card asks; what may not be done ends the session at both ends. */
  #serve(request: FarRequest, pending: Pending, early: Uint8Array | undefined): void {
    try {
      const result = perform(request, this.regions, early);
      const bytes = result instanceof Uint8Array ? result.length : 0;
      this.#send({ arrive: (peer) => peer.#answered(pending, result), bytes });
    } catch (cause) {
      const { message } = cause as Error;
      this.#send({ arrive: (peer) => peer.#fail(message), bytes: 0 });
      return this.#fail(message);
    }
    if (request.op === 'publish') this.#complete(() => this.#events.onNews(request.binding, request.news));
  }

  #answered(pending: Pending, result: FarResult): void {
    pending.timer?.cancel();
    this.#complete(() => {
      this.#pending.delete(pending);
      pending.resolve(result);
    });
  }

  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    for (const { timer } of this.#pending) timer?.cancel();
    this.#complete(() => this.break(new Disconnected(`the far session failed: ${reason}`, { mayHaveExecuted: true })));
  }

  #complete(completion: () => void): void {
    this.#completions.push(completion);
    this.#clock.after(this.#fabric.noticeMs(), () => this.observe());
  }
}
