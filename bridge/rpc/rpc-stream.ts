// A duplex stream of messages between a client and a handler, as both of them see their end of it.

/**
 * Iterating gives the other side's messages, in order, until it ends; it throws the stream's error if that fails. An end is
 * one for good: what a handler throws after it has ended its side, only who still sends at the client is told.
 */
export interface RpcStream extends AsyncIterable<Uint8Array> {
  /** Resolves when there was room for the message: whoever waits for it cannot outrun the peer. Rejects with the stream's error. */
  send(message: Uint8Array): Promise<void>;
  /** Half-close: no more messages from this side. */
  end(): Promise<void>;
  /** Gives the whole stream up. The other side sees its signal abort, and its stream fail. */
  cancel(reason?: Error): void;
}
