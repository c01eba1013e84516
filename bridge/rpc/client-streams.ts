// The streams of one client: what the server says of their slots goes to them, and their slots are free once they are over.
import type { CallMeter } from './call-meter.ts';
import type { CallRequest } from './call-request.ts';
import type { CallSlots } from './call-slots.ts';
import type { ClientPath } from './client-path.ts';
import { type CallKeeper, ClientStream, StreamCall } from './client-stream.ts';

/** Whose streams they are. */
export interface StreamLane extends CallKeeper {
  /** A slot has nothing in it any more. */
  free(slot: number): void;
}

export interface ClientStreamsParts {
  readonly slots: CallSlots;
  readonly path: ClientPath;
  readonly meter: CallMeter;
  readonly lane: StreamLane;
}

export class ClientStreams {
  /** Set when a stream hears something. */
  heard = false;
  readonly #parts: ClientStreamsParts;

  constructor(parts: ClientStreamsParts) {
    this.#parts = parts;
    parts.path.onTold = (slot, kind) => this.#told(slot, kind);
  }

  create(request: CallRequest): ClientStream {
    return new ClientStream(request, this.#parts.path, this.#parts.lane);
  }

  /** Of a slot without a stream it is late, and nobody's. */
  #told(slot: number, kind: number): void {
    const { slots, path, meter, lane } = this.#parts;
    const call = slots.at(slot);
    if (!(call instanceof StreamCall)) return;
    this.heard = true;
    call.stream.told(kind);
    if (!call.stream.over) return;
    meter.streamed(call.failure);
    path.free(slot);
    lane.free(slot);
  }
}
