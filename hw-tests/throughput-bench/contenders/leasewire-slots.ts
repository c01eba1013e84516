// leasewire in the slots layout: one lease, and for each client an attachment of its own, with a slot for each call that
// it will have in flight.
import { connectEcho, echoBytes, serveEcho } from '../../bench/contenders/leasewire.ts';
import type { LoadPlane } from '../load-plane.ts';

/** A slot has a request and a response, each with a header, rounded up. */
const SLOT_OVERHEAD_BYTES = 256;

export const leasewireSlots: LoadPlane = {
  serve: (directory, { clients, inFlight, bytes }) => {
    const slots = clients * inFlight;
    const minBytes = slots * 2 * (bytes + SLOT_OVERHEAD_BYTES);
    return serveEcho(directory, echoBytes, minBytes, { slots, slotPayloadBytes: bytes });
  },
  connect: connectEcho,
};
