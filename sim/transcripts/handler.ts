// What the home of a transcript serves: a method for each way in which a handler can behave.
import { type CallContext, RemoteError, type RpcHandler, type RpcStream } from '#sdk/api';
import { describeError } from './describe-error.ts';
import type { Desk } from './desk.ts';

export const methods = {
  echo: 1,
  /** Echoes after the milliseconds that its request begins with, as decimal text up to a blank. */
  slow: 2,
  fail: 3,
  refuse: 4,
  /** Answers when nobody wants the answer any more, and tells why. */
  never: 5,
  /** As echo, unseen. */
  quiet: 6,
  /** Answers with more than fits. */
  tooLarge: 7,
  unknown: 99,
} as const;

export type MethodName = keyof typeof methods;

export const streams = { echo: 1, endless: 2, fail: 3 } as const;

export type StreamName = keyof typeof streams;

/** Of each message of an endless stream, so that few fill its way. */
const endlessBytes = 8192;

const tooLargeBytes: number = 2 ** 20;

export class TranscriptHandler implements RpcHandler {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  handle(methodId: number, payload: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array> {
    const text = Buffer.from(payload).toString();
    switch (methodId) {
      case methods.quiet:
        return payload;
      case methods.echo:
        this.#desk.see(`handles ${text}`);
        return payload;
      case methods.slow:
        return this.#slow(text);
      case methods.fail:
        throw new Error(text);
      case methods.refuse:
        throw new RemoteError(text, { code: 42 });
      case methods.never:
        return this.#never(text, context);
      case methods.tooLarge:
        return new Uint8Array(tooLargeBytes);
      default:
        throw RemoteError.unknownMethod(methodId);
    }
  }

  async stream(streamId: number, payload: Uint8Array, stream: RpcStream): Promise<void> {
    const text = Buffer.from(payload).toString();
    this.#desk.see(`stream ${text} opens`);
    await this.#desk.outcome(`stream ${text}`, this.#run(streamId, text, stream), () => 'is over');
    if (streamId === streams.fail) throw new RemoteError(text, { code: 7 });
  }

  async #slow(text: string): Promise<Uint8Array> {
    this.#desk.see(`handles ${text}`);
    await this.#desk.pause(Number.parseInt(text, 10));
    this.#desk.see(`has handled ${text}`);
    return Buffer.from(text);
  }

  #never(text: string, { signal }: CallContext): Promise<Uint8Array> {
    this.#desk.see(`handles ${text}`);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.#desk.see(`gives ${text} up: ${describeError(signal.reason)}`);
        resolve(new Uint8Array(0));
      });
    });
  }

  async #run(streamId: number, text: string, stream: RpcStream): Promise<void> {
    switch (streamId) {
      case streams.echo:
        for await (const message of stream) await stream.send(message);
        return;
      case streams.endless:
        for (;;) await stream.send(Buffer.from(text.padEnd(endlessBytes)));
      case streams.fail:
        return stream.send(Buffer.from(text));
      default:
        throw RemoteError.unknownMethod(streamId);
    }
  }
}
