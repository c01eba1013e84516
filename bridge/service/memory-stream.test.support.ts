// A pair of raw streams in memory: each end sends to the other, with room for so many messages at a time.
import { Disconnected } from '../errors.ts';
import { RemoteError } from '../remote-error.ts';
import type { CallOptions } from '../rpc/client-options.ts';
import type { RpcHandler } from '../rpc/rpc-handler.ts';
import type { RpcStream } from '../rpc/rpc-stream.ts';
import type { ServiceTransport } from './client-method.ts';

type Waiter = () => void;

/** One end. What it sends arrives at `peer`. */
export class MemoryStream implements RpcStream {
  peer: MemoryStream | undefined;
  /** The most that ever waited here to be read. */
  waitingMax = 0;
  readonly abort: AbortController = new AbortController();
  readonly #room: number;
  readonly #arrived: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #waiters: Waiter[] = [];

  constructor(room: number) {
    this.#room = room;
  }

  static pair(room: number): readonly [MemoryStream, MemoryStream] {
    const ends = [new MemoryStream(room), new MemoryStream(room)] as const;
    ends[0].peer = ends[1];
    ends[1].peer = ends[0];
    return ends;
  }

  async send(message: Uint8Array): Promise<void> {
    const peer = this.peer as MemoryStream;
    while (this.#error === undefined && peer.#arrived.length >= this.#room) await this.#change();
    if (this.#error !== undefined) throw this.#error;
    peer.#arrived.push(Uint8Array.from(message));
    peer.waitingMax = Math.max(peer.waitingMax, peer.#arrived.length);
    this.#changed();
  }

  async end(): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    (this.peer as MemoryStream).#ended = true;
    this.#changed();
  }

  cancel(reason: Error = new Error('the stream was cancelled')): void {
    this.fail(reason, new Disconnected('the other side gave the stream up'));
  }

  /** Ends both ends: this one with `here`, the other with `there`. What has arrived is read first. */
  fail(here: Error, there: Error): void {
    const peer = this.peer as MemoryStream;
    this.#error ??= here;
    if (peer.#error === undefined) {
      peer.#error = there;
      peer.abort.abort(there);
    }
    this.#changed();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message !== undefined) {
        this.#changed();
        yield message;
      } else if (this.#ended) return;
      else if (this.#error !== undefined) throw this.#error;
      else await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  #changed(): void {
    for (const each of [this, this.peer as MemoryStream]) for (const waiter of each.#waiters.splice(0)) waiter();
  }
}

/** Adds streams to what carries calls: each is served at once by the handler. */
export class StreamingTransport implements ServiceTransport {
  readonly lease: ServiceTransport['lease'];
  /** The streams that were opened, at either end. */
  readonly opened: { readonly here: MemoryStream; readonly there: MemoryStream; readonly options: CallOptions }[] = [];
  readonly #calls: ServiceTransport;
  readonly #handler: Required<RpcHandler>;
  readonly #room: number;

  constructor(calls: ServiceTransport, handler: Required<RpcHandler>, room = 4) {
    this.lease = calls.lease;
    this.#calls = calls;
    this.#handler = handler;
    this.#room = room;
  }

  call(methodId: number, payload: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    return this.#calls.call(methodId, payload, options);
  }

  stream(methodId: number, payload: Uint8Array, options: CallOptions = {}): RpcStream {
    const [here, there] = MemoryStream.pair(this.#room);
    this.opened.push({ here, there, options });
    const context = { deadlineMs: options.deadlineMs ?? Number.POSITIVE_INFINITY, signal: there.abort.signal };
    this.#handler.stream(methodId, Uint8Array.from(payload), there, context).catch((error) => {
      there.fail(error, RemoteError.from(error));
    });
    return here;
  }
}
