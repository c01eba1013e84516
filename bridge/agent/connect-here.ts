// Connects to an agent of this machine.
import type { Carrier, CarrierTransport } from '../control/carrier.ts';
import type { Clock } from '../environment.ts';
import { CapacityExceeded } from '../errors.ts';
import { controlRequestMs } from '../limits.ts';

/** A listener whose backlog is full is tried again this often. */
const retryMs = 5;

/** Waits while the listener's backlog is full, as long as for an answer. Rejects with Disconnected if nobody listens. */
export async function connectHere(transport: CarrierTransport, address: string, clock: Clock): Promise<Carrier> {
  const untilMs = clock.nowMs() + controlRequestMs;
  for (;;) {
    try {
      return transport.connect(address);
    } catch (error) {
      if (!(error instanceof CapacityExceeded) || clock.nowMs() >= untilMs) throw error;
      await new Promise<void>((resolve) => {
        clock.after(retryMs, resolve);
      });
    }
  }
}
