// What a home serves: a method for every way in which a handler can behave.
import { RemoteError, type RpcHandler, type RpcStream } from '../index.ts';

export const methods = {
  /** Answers with the request. */
  echo: 1,
  /** Answers with the request's bytes in reverse. */
  reverse: 2,
  /** As echo, by a promise that is settled at once. */
  echoAsync: 3,
  /** Answers with what follows the four bytes of a delay (see {@link delayed}), after that delay. */
  slow: 4,
  /** Keeps the thread for the delay, then answers likewise. */
  busy: 5,
  /** Never answers. */
  never: 6,
  /** Throws an Error with the request as its message. */
  fail: 7,
  /** As fail, by a promise. */
  failAsync: 8,
  /** Throws a RemoteError with code -1, which is Disconnected's number, and the request as its message. */
  failMinusOne: 9,
  /** Answers with one byte more than fits. */
  tooLarge: 10,
  /** Releases the lease that is being served, then answers as echo does. */
  release: 11,
  /** Revokes it, likewise. */
  revoke: 12,
  /** Answers with the number of streams whose handler has not settled, in one byte. */
  openStreams: 13,
} as const;

/** What a home serves as streams. */
export const streams = {
  /** Sends back every message, until the client has ended. */
  echo: 1,
  /** Sends the opening's message for ever. */
  endless: 2,
  /** Sends the opening's message, then throws a RemoteError with code 7 and it as its message. */
  fail: 3,
  /** Takes one message, leaves the rest, and sends it back. */
  first: 4,
} as const;

/** A method that no home knows. */
export const unknownMethodId = 4711;

/** What the methods do to the lease that they are served on. */
export interface ServedLease {
  release(): Promise<unknown>;
  revoke(): Promise<unknown>;
}

const delayBytes = 4;

/** A request of `slow` or `busy`. */
export function delayed(delayMs: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const request = new Uint8Array(delayBytes + payload.length);
  new DataView(request.buffer).setUint32(0, delayMs, true);
  request.set(payload, delayBytes);
  return request;
}

export class HomeMethods implements RpcHandler {
  /** Calls begun. */
  calls = 0;
  readonly #lease: ServedLease;
  readonly #payloadBytesMax: number;
  readonly #onCall: () => void;
  #openStreams = 0;

  constructor(lease: ServedLease, payloadBytesMax: number, onCall: () => void) {
    this.#lease = lease;
    this.#payloadBytesMax = payloadBytesMax;
    this.#onCall = onCall;
  }

  handle(methodId: number, payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    this.calls += 1;
    this.#onCall();
    switch (methodId) {
      case methods.echo:
        return payload;
      case methods.reverse:
        return payload.reverse();
      case methods.echoAsync:
        return Promise.resolve(payload);
      case methods.slow:
        return new Promise((resolve) => {
          setTimeout(() => resolve(payload.subarray(delayBytes)), delayOf(payload));
        });
      case methods.busy:
        keepBusy(delayOf(payload));
        return payload.subarray(delayBytes);
      case methods.never:
        return new Promise(() => undefined);
      case methods.fail:
        throw new Error(text(payload));
      case methods.failAsync:
        return Promise.reject(new Error(text(payload)));
      case methods.failMinusOne:
        throw new RemoteError(text(payload), { code: -1 });
      case methods.tooLarge:
        return new Uint8Array(this.#payloadBytesMax + 1);
      case methods.release:
        void this.#lease.release();
        return payload;
      case methods.revoke:
        void this.#lease.revoke();
        return payload;
      case methods.openStreams:
        return Uint8Array.of(this.#openStreams);
      default:
        throw RemoteError.unknownMethod(methodId);
    }
  }

  async stream(streamId: number, payload: Uint8Array, stream: RpcStream): Promise<void> {
    this.#openStreams += 1;
    try {
      await runStream(streamId, payload, stream);
    } finally {
      this.#openStreams -= 1;
    }
  }
}

async function runStream(streamId: number, payload: Uint8Array, stream: RpcStream): Promise<void> {
  switch (streamId) {
    case streams.echo:
      for await (const message of stream) await stream.send(message);
      return;
    case streams.endless:
      for (;;) await stream.send(payload);
    case streams.fail:
      await stream.send(payload);
      throw new RemoteError(text(payload), { code: 7 });
    case streams.first:
      for await (const message of stream) return stream.send(message);
      return;
    default:
      throw RemoteError.unknownMethod(streamId);
  }
}

/** Keeps the thread from doing anything else. */
export function keepBusy(busyMs: number): void {
  const untilMs = performance.now() + busyMs;
  while (performance.now() < untilMs);
}

function delayOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(0, true);
}

function text(payload: Uint8Array): string {
  return Buffer.from(payload).toString();
}
