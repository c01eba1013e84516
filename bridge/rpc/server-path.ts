// What a server needs of a layout: requests to take, and a way to answer them. The data path alone: no lock, no system
// call, no clock. Every field of a request is read once, copied, and checked in the copy, because the client may write at
// any time.
import type { SlotGrant } from '../control/messages.ts';
import type { SlotRange } from '../plane/slot-board.ts';
import { sessionShift } from './classic-layout.ts';
import type { RequestHeader, ServedCall } from './served-call.ts';

/** A request that broke a rule. It is answered with the fault where its client may be told. */
export interface Refusal extends RequestHeader {
  readonly fault: string;
  /** False where the bytes are not those of a client that has the slot. */
  readonly answer: boolean;
}

/** What take() found. */
export type Taken = ServedCall | Refusal | undefined;

export interface ServerPath {
  /** What a response may hold. */
  readonly responseBytesMax: number;
  /** Whether a request waits, at the last look before sleeping. Observes: request. */
  readonly ready: boolean;
  /**
   * Takes the next request, and marks it so that a client whose server dies knows that it may have run. What else clients
   * have to say is attended to on the way. With `lent`, a request that lies in its slot is not copied, but lent.
   */
  take(lent?: boolean): Taken;
  /** Whether a call that was taken is still to be answered: its client may have gone. */
  runs(call: RequestHeader): boolean;
  /** Where the response of a call that runs may be built: `bytes` bytes, at most `responseBytesMax`. */
  lend(call: RequestHeader, bytes: number): Uint8Array;
  /** Publishes a response, or an error. Publishes: response. */
  respond(call: RequestHeader, status: number, payload: Uint8Array): void;
  /** As respond(), of what was built where lend() said. */
  respondLent(call: RequestHeader, bytes: number): void;
  clientCame(slots: SlotGrant): void;
  /** Leaves nothing of the client in its slots; calls of its that run are given up. */
  clientGone(slots: SlotRange, reason: Error): void;
  /** Gives up every call that runs. */
  giveUpAll(reason: Error): void;
}

/** The ids that one session has used: they must lie in its range, and rise, so that nothing runs twice. */
export class SessionIds {
  readonly session: number;
  #low = 0;
  #high: number;

  constructor(session: number) {
    this.session = session;
    this.#high = session << sessionShift;
  }

  /** What is wrong with an id; undefined if it is the session's, and higher than all before. */
  fault(idLow: number, idHigh: number): string | undefined {
    if (idHigh >>> sessionShift !== this.session) {
      return `request id of session ${idHigh >>> sessionShift}, which has no slot here`;
    }
    const highRises = idHigh >>> 0 > this.#high >>> 0;
    const rises = highRises || (idHigh === this.#high && idLow >>> 0 > this.#low >>> 0);
    return rises ? undefined : 'request id that does not rise';
  }

  use(idLow: number, idHigh: number): void {
    this.#low = idLow;
    this.#high = idHigh;
  }
}
