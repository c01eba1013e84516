// A stream at the server, from when its opening was taken until its last batch is on its way.
import type { Clock } from '../environment.ts';
import { Cancelled, type MalformedFrame } from '../errors.ts';
import { RemoteError } from '../remote-error.ts';
import { encodeRemoteError } from './error-payload.ts';
import { type RequestHeader, ServedCall } from './served-call.ts';
import { StreamEnd, type StreamEndParts, type StreamWire } from './stream-end.ts';
import { streamFlags } from './stream-layout.ts';

export interface StreamEvents {
  /** The last batch is on its way: the slot is the client's. */
  readonly onOver: () => void;
  /** The client broke the rules. */
  readonly onBroken: () => void;
}

class ServerStream extends StreamEnd {
  /** Its deadline has passed. */
  #late: Error | undefined;

  open(wire: StreamWire, { onOver, onBroken }: StreamEvents): void {
    this.receiver.connect({
      half: wire.incoming,
      taken: wire.taken,
      over: () => undefined, // Only a server says so.
      broken: (error) => {
        onBroken();
        this.refuse(error);
      },
    });
    const publish = (bytes: number, flags: number) => {
      wire.data(bytes);
      if ((flags & streamFlags.over) === 0) return;
      this.sender.disconnect();
      this.receiver.disconnect();
      onOver();
    };
    this.sender.connect({ half: wire.outgoing, publish }, false);
    wire.taken(); // The request that opened it.
  }

  override cancel(reason?: Error): void {
    const error = reason ?? new Cancelled('the server has cancelled the stream', { mayHaveExecuted: true });
    this.receiver.giveUp(error);
    this.finish(RemoteError.from(error));
  }

  override leave(): void {
    this.receiver.drop();
  }

  /** What was sent still goes, unless it is too late: then that is how it ends, as something of it may be missing. */
  finish(error: RemoteError | undefined): void {
    const told = this.#late === undefined ? error : RemoteError.from(this.#late);
    this.receiver.drop();
    this.sender.finish(told === undefined ? undefined : encodeRemoteError(told));
  }

  /**
   * The client is about to give it up, and is told that it is over when it says so, or when the handler is done. What its
   * handler has cancelled ends as that said: the client's clock may be slower.
   */
  expire(reason: Error): void {
    if (this.sender.finished) return;
    this.#late = reason;
    this.giveUp(reason);
  }

  /** Nobody at the client wants it any more. */
  close(reason: Error): void {
    this.giveUp(reason);
    this.sender.finish(undefined);
  }

  refuse(error: MalformedFrame): void {
    this.giveUp(error);
    this.sender.finish(encodeRemoteError(new RemoteError(error.message, { kind: 'malformed-request' })));
  }
}

export class ServedStream extends ServedCall {
  readonly stream: ServerStream;

  constructor(header: RequestHeader, payload: Uint8Array, deadlineMs: number, clock: Clock, parts: StreamEndParts) {
    super(header, payload, deadlineMs, clock);
    this.stream = new ServerStream(parts);
  }

  /** The client, or the lease, is gone. */
  override giveUp(reason: Error): void {
    super.giveUp(reason);
    this.stream.lose(reason);
  }

  protected override expire(reason: Error): void {
    super.giveUp(reason);
    this.stream.expire(reason);
  }

  /** The client wants no more, and is told that the stream is over. */
  cancelled(reason: Error): void {
    super.giveUp(reason);
    this.stream.close(reason);
  }
}
