// What the streams of one server share: its memory, the way to its clients, and a budget for messages that come in pieces.
import type { Clock } from '../environment.ts';
import type { SlotLayout } from '../lease/control-page.ts';
import type { HomeLease } from '../lease/home-lease.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ServerPort } from '../plane/plane.ts';
import { entryKinds } from '../plane/slot-board.ts';
import type { TransferBudget } from './payload-transfer.ts';
import type { RequestHeader } from './served-call.ts';
import { ServedStream } from './served-stream.ts';
import type { StreamEndParts, StreamWire } from './stream-end.ts';
import { halfBytes, StreamHalf, streamFlags } from './stream-layout.ts';

export class ServerStreams {
  readonly #arena: Uint8Array;
  readonly #layout: SlotLayout;
  readonly #port: ServerPort;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #parts: StreamEndParts;

  constructor({ window, layout, arenaBytes, context }: HomeLease, port: ServerPort, budget: TransferBudget) {
    this.#arena = window.arena;
    this.#layout = layout;
    this.#port = port;
    this.#clock = context.environment.clock;
    this.#metrics = context.metrics;
    const room = halfBytes(layout);
    this.#parts = { room, messageBytesMax: arenaBytes, flagsAllowed: streamFlags.end, budget };
  }

  /** The request that opens a stream was taken, and copied. `onOver`: the slot is the client's again. */
  open(header: RequestHeader, payload: Uint8Array, deadlineMs: number, onOver: () => void): ServedStream {
    const served = new ServedStream(header, payload, deadlineMs, this.#clock, this.#parts);
    const onBroken = () => {
      this.#metrics.malformedFrames += 1;
    };
    served.stream.open(this.#wireOf(header), { onOver, onBroken });
    return served;
  }

  #wireOf({ client, slot }: RequestHeader): StreamWire {
    const [incoming, outgoing] = StreamHalf.of(this.#arena, slot * this.#layout.slotStride, this.#layout);
    return {
      outgoing,
      incoming,
      data: (bytes) => this.#port.tell(client, slot, entryKinds.data, outgoing.offset, bytes),
      taken: () => this.#port.tell(client, slot, entryKinds.taken, 0, 0),
    };
  }
}
