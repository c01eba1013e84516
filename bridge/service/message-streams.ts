// Typed messages over a raw stream, at the client's end: what is sent and what is received go on side by side.
import { IoError } from '../errors.ts';
import type { RpcStream } from '../rpc/rpc-stream.ts';
import { encode } from './codec.ts';

export type Messages<T = unknown> = AsyncIterable<T> | Iterable<T>;

/** Gives what a message holds, or a promise of it. */
export type Read = (message: Uint8Array) => unknown;

/** The messages that arrive, read. */
export async function* receive(stream: RpcStream, read: Read): AsyncGenerator<unknown> {
  for await (const message of stream) yield await read(message);
}

/**
 * Sends what `inputs` gives while giving what arrives. Ends when the other side has ended, whether or not everything was
 * sent. Whoever stops early gives the stream up, and so does a failure of `inputs`, which is thrown.
 */
export async function* converse(stream: RpcStream, inputs: Messages, read: Read): AsyncGenerator<unknown> {
  const source = iteratorOf(inputs);
  let failure: { readonly error: unknown } | undefined;
  let over = false;
  let sent = false;
  const sending = sendAll(stream, source).then(
    () => {
      sent = true;
    },
    (error) => {
      failure = { error };
      stream.cancel(asError(error));
    },
  );
  try {
    yield* receive(stream, read);
    over = true;
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  } finally {
    if (!over || !sent) stream.cancel(); // Even if all was received: whoever still sends is to stop.
    void sending.then(() => source.return?.()).catch(() => undefined);
  }
}

/** Sends all, and says so, unless the stream takes no more: why, its receiving half tells. */
async function sendAll(stream: RpcStream, source: AsyncIterator<unknown>): Promise<void> {
  for (;;) {
    const { done, value } = await source.next();
    if (done) break;
    const message = encode(value);
    try {
      await stream.send(message);
    } catch {
      return;
    }
  }
  await stream.end().catch(() => undefined);
}

function iteratorOf(messages: Messages): AsyncIterator<unknown> {
  if (Symbol.asyncIterator in messages) return messages[Symbol.asyncIterator]();
  return (async function* () {
    yield* messages;
  })();
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new IoError('what was to be sent failed', { cause: thrown });
}
