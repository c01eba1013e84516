// The truth about the calls of a lease that hostile clients share with honest ones: what the honest ask is as everywhere,
// and of what the others ask nothing runs oftener than it was asked.

import { type LeaseId, payloadBytesMax } from '#bridge';
import type { Actor } from './actor.ts';
import { type Call, CallLedger } from './call-ledger.ts';
import type { ClientSlots, Granted } from './granted.ts';

/** A lease that a hostile client is after. */
export interface Prey {
  /** Tells of what no honest home does. */
  readonly fail: (message: string) => void;
  readonly lease: LeaseId;
  readonly ledger: PreyLedger;
  /** Nobody honest has slots in it. */
  readonly open: boolean;
  /** Whether another client has got some of these slots since. */
  readonly hasGivenAway: (slots: ClientSlots) => boolean;
}

/** Which no honest client calls. */
export const hostileMethodId = 666;

/** Requests that their client may have written over each other, so that what ran is the one, or the other, or of both. */
export interface Muddle {
  asked: number;
  ran: number;
}

export class PreyLedger extends CallLedger {
  readonly #muddles: (Muddle | undefined)[] = [undefined];

  /** Names one request of a hostile client; 0 is none's. */
  token(muddle: Muddle = { asked: 0, ran: 0 }): number {
    muddle.asked += 1;
    this.#muddles.push(muddle);
    return this.#muddles.length - 1;
  }

  payload(token: number): Uint8Array {
    return new Uint8Array(Uint32Array.of(token, ~token).buffer);
  }

  override ran(actor: Actor, granted: Granted, methodId: number, payload: Uint8Array): Call | undefined {
    if (methodId !== hostileMethodId) return super.ran(actor, granted, methodId, payload);
    actor.mark('hostile: asked');
    checkLength(actor, granted, payload);
    const [token = 0, complement = 0] = new Uint32Array(payload.slice(0, 8).buffer, 0, payload.length < 8 ? 0 : 2);
    const muddle = this.#muddles[token];
    if (muddle === undefined || complement !== ~token >>> 0) return undefined;
    muddle.ran += 1;
    const { asked, ran } = muddle;
    if (ran > asked) actor.fail(`of ${asked} requests of a hostile client ran ${ran}, the last of them as ${token}`);
    return undefined;
  }
}

/** No request is longer than its layout allows. */
function checkLength(actor: Actor, { lease: { layout, arenaBytes } }: Granted, { length }: Uint8Array): void {
  const bytesMax = layout.name === 'classic' ? payloadBytesMax : arenaBytes;
  if (length > bytesMax) actor.fail(`the handler got ${length} bytes, and there can be no more than ${bytesMax}`);
}

/** Of a lease in which hostile clients write wherever they like: whatever comes is as good as nothing, but never too long. */
export class OpenPreyLedger extends PreyLedger {
  override ran(actor: Actor, granted: Granted, _methodId: number, payload: Uint8Array): undefined {
    super.ran(actor, granted, hostileMethodId, payload.subarray(0, 0));
    checkLength(actor, granted, payload);
  }
}
