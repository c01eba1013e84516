// One end of a stream, at the client or at the server: what it sends, and what it receives.
import { entryKinds } from '../plane/slot-board.ts';
import type { RpcStream } from './rpc-stream.ts';
import type { StreamHalf } from './stream-layout.ts';
import { type ReceiverParts, StreamReceiver } from './stream-receiver.ts';
import { StreamSender } from './stream-sender.ts';

/** What a stream goes through: a slot's halves, and a way to tell the other side of them. */
export interface StreamWire {
  readonly outgoing: StreamHalf;
  readonly incoming: StreamHalf;
  /** A batch is in the first so many bytes of `outgoing`. Publishes: batch. */
  readonly data: (bytes: number) => void;
  /** The batch in `incoming` is copied. Publishes: taken. */
  readonly taken: () => void;
}

export interface StreamEndParts extends ReceiverParts {
  /** What may gather before whoever sends waits, bytes. */
  readonly room: number;
}

export abstract class StreamEnd implements RpcStream {
  readonly sender: StreamSender;
  readonly receiver: StreamReceiver;

  constructor(parts: StreamEndParts) {
    this.sender = new StreamSender(parts);
    this.receiver = new StreamReceiver(parts);
  }

  send(message: Uint8Array): Promise<void> {
    return this.sender.send(message);
  }

  end(): Promise<void> {
    return this.sender.end();
  }

  abstract cancel(reason?: Error): void;

  /** Whoever iterated has left: what still comes is nobody's. */
  abstract leave(): void;

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.receiver.next(),
      return: async () => {
        this.leave();
        return { done: true, value: undefined };
      },
    };
  }

  /** What the other side says of the slot. False for what it may not say now. */
  told(kind: number): boolean {
    switch (kind) {
      case entryKinds.data:
        this.receiver.data(); // Observes: batch.
        return true;
      case entryKinds.taken:
        return this.sender.taken(); // Observes: taken.
      default:
        return false;
    }
  }

  /** The slot is out of reach, or another's: nothing in it is touched any more. */
  lose(error: Error): void {
    this.sender.disconnect();
    this.receiver.disconnect();
    this.sender.fail(error);
    this.receiver.fail(error);
  }

  /** Nobody here wants the stream any more. What still comes is taken, so that the other side can end it. */
  giveUp(error: Error): void {
    this.sender.fail(error);
    this.receiver.giveUp(error);
  }
}
