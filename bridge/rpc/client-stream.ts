// A stream at the client: it has a slot as a call has, from when its opening is posted until the server says that it is over.
import { Cancelled, Disconnected, MalformedFrame } from '../errors.ts';
import type { CallRequest } from './call-request.ts';
import type { ClientPath } from './client-path.ts';
import { decodeRemoteError } from './error-payload.ts';
import { PendingCall } from './pending-call.ts';
import { StreamEnd, type StreamWire } from './stream-end.ts';
import { streamFlags } from './stream-layout.ts';

export interface CallKeeper {
  /** Gives a call up, wherever it is: its server is told. */
  giveUp(call: PendingCall, error: () => Error): void;
}

export class ClientStream extends StreamEnd {
  readonly call: StreamCall;
  readonly #keeper: CallKeeper;
  /** The server has nothing more to say, and the slot is free. */
  over = false;

  constructor(request: CallRequest, path: ClientPath, keeper: CallKeeper) {
    const { streamRoom: room, payloadBytesMax: messageBytesMax } = path;
    super({ room, messageBytesMax, flagsAllowed: streamFlags.end | streamFlags.over | streamFlags.failed });
    this.call = new StreamCall(request, this);
    this.#keeper = keeper;
  }

  /** The request that opens it is posted; it is where messages to the server go until that has been taken. */
  open(wire: StreamWire): void {
    this.receiver.connect({
      half: wire.incoming,
      taken: wire.taken,
      over: (failure) => this.#end(failure),
      broken: (error) => this.#keeper.giveUp(this.call, () => error),
    });
    this.sender.connect({ half: wire.outgoing, publish: wire.data }, true);
  }

  override end(): Promise<void> {
    return this.over ? Promise.resolve() : super.end();
  }

  override cancel(reason?: Error): void {
    const error = reason ?? new Cancelled('the stream was cancelled here', { mayHaveExecuted: true });
    this.#keeper.giveUp(this.call, () => error);
  }

  override leave(): void {
    if (this.over) this.receiver.drop();
    else this.cancel();
  }

  override told(kind: number): boolean {
    if (super.told(kind)) return true;
    const error = new MalformedFrame(`an entry of kind ${kind >>> 24} that a stream does not expect`, {
      mayHaveExecuted: true,
    });
    this.#keeper.giveUp(this.call, () => error);
    return false;
  }

  #end(failure: Uint8Array | undefined): void {
    this.over = true;
    const error = failure === undefined ? undefined : decodeRemoteError(failure);
    if (error !== undefined) this.receiver.fail(error);
    this.sender.fail(error ?? new Cancelled('the server has ended the stream', { mayHaveExecuted: true }));
    this.sender.disconnect();
    this.receiver.disconnect();
    this.call.end(error);
  }
}

/** A stream, as it waits for a slot and has one. It is settled when the stream is over or has failed. */
export class StreamCall extends PendingCall {
  readonly stream: ClientStream;
  /** Why it failed; undefined if it did not. */
  failure: Error | undefined;

  constructor(request: CallRequest, stream: ClientStream) {
    super(request);
    this.stream = stream;
    this.promise.catch(() => undefined); // The stream tells.
  }

  override post(path: ClientPath, slot: number): void {
    this.stream.open(path.openStream(slot, this.methodId, this.payload, this.leftMs));
  }

  /** The server has answered as if this were a call: so it says that it takes nothing more of the slot. */
  override resolve(): void {
    this.reject(new Disconnected('the server has stopped serving', { mayHaveExecuted: true }));
  }

  override reject(error: Error): void {
    this.failure ??= error;
    super.reject(error);
    if (this.abandoned) this.stream.giveUp(error);
    else this.stream.lose(error);
  }

  end(error: Error | undefined): void {
    if (this.settled) return;
    this.failure = error;
    if (error === undefined) super.resolve(undefined);
    else super.reject(error);
  }
}
