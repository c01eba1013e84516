// What answers requests.
import type { CallContext } from './call-context.ts';
import type { RpcStream } from './rpc-stream.ts';

export interface RpcHandler {
  /**
   * Answers one request. `payload` is a copy and the handler's own. Returns the response's bytes, or a promise of them;
   * they are copied before the next request is taken, unless they are longer than a slot: then they are not to be changed
   * any more. What it throws reaches the client as a RemoteError.
   */
  handle(methodId: number, payload: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array>;
  /** Serves one stream, which `payload` opened, and resolves when nothing more is to be sent. A rejection fails the stream. */
  stream?(methodId: number, payload: Uint8Array, stream: RpcStream, context: CallContext): Promise<void>;
}

/** Where the response of a call that is handled in place is built. */
export interface InPlaceReply {
  /**
   * The response's own bytes, so many, where the client will read them. The last call counts; without one the response is
   * empty. In the slots layout they are those of the request: whoever writes them has read it. Throws RangeError for more
   * than the slot holds.
   */
  bytes(count: number): Uint8Array;
}

export interface InPlaceHandler {
  /**
   * Answers one request where it lies: `request` is the client's memory, and the handler's to read until it has answered. A
   * hostile client may change it meanwhile: read once what is checked, and copy what is kept. A request that is longer than
   * its slot comes as a copy. What it throws reaches the client as a RemoteError.
   */
  handleInPlace(methodId: number, request: Uint8Array, reply: InPlaceReply, context: CallContext): void | Promise<void>;
}

export type AnyHandler = RpcHandler | InPlaceHandler;
